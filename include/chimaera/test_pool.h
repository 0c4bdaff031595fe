// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool of a TestNode (test_kit.h): calls spelled as a client's Pool spells them, and the state of its containers. All
// belongs to the node's thread.
#pragma once

#include <chimaera/codec.h>
#include <chimaera/domain.h>
#include <chimaera/gathered.h>
#include <chimaera/method.h>
#include <chimaera/result.h>
#include <chimaera/route.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace chi {

namespace test_kit {

class Core;
class InFlight;

struct CallOptions {
  Query query{};
  std::chrono::nanoseconds deadline{0};  // from now; 0: 30 s
  Priority priority = Priority::low_latency;
  bool as_owner = true;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// A call on its way, or the reason why there is none.
class Handle {
 public:
  Handle(std::shared_ptr<Core> core, InFlight* call) noexcept : core_(std::move(core)), call_(call) {}
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&& other) noexcept;
  ~Handle();

  bool done() const noexcept;
  void cancel();
  Result<chi_message> wait();  // valid as long as the handle

 private:
  std::shared_ptr<Core> core_;
  InFlight* call_;
};

Handle submit(const std::shared_ptr<Core>& core, const std::string& pool, std::uint32_t method,
              const CallOptions& options, const Encoder& request);
Handle refuse(const std::shared_ptr<Core>& core, const Error& error);
Error needs_gather(std::string_view method);
std::uint32_t containers_of(const Core& core, const std::string& pool);  // 0: there is no such pool

}  // namespace test_kit

// The answer to a call of the test's. Destroyed early it lets the call run on.
template <class T>
class [[nodiscard]] TestCall {
 public:
  using Decode = Result<T> (*)(const chi_message&);

  TestCall(test_kit::Handle call, Decode decode) noexcept : call_(std::move(call)), decode_(decode) {}

  bool done() const noexcept { return call_.done(); }  // runs nothing: TestNode::run and advance do
  void cancel() { call_.cancel(); }

  // Runs the node until the answer is there, moving the time from timer to timer where nothing else is left to do.
  Result<T> get() {
    Result<chi_message> answer = call_.wait();
    if (!answer.ok()) return std::move(answer).error();
    return decode_(*answer);
  }

 private:
  test_kit::Handle call_;
  Decode decode_;
};

// A State as bytes.
struct Snapshot {
  std::uint32_t version = 0;  // of the State
  std::string bytes;
};

// A value: on() and so on give a changed copy.
class TestPool {
 public:
  TestPool(std::shared_ptr<test_kit::Core> core, std::string name) noexcept
      : core_(std::move(core)), name_(std::move(name)) {}

  const std::string& name() const noexcept { return name_; }

  TestPool on(const Query& query) const {
    return changed([&](auto& options) { options.query = query; });
  }
  TestPool with_deadline(std::chrono::nanoseconds from_now) const {
    return changed([&](auto& options) { options.deadline = from_now; });
  }
  TestPool with_priority(Priority priority) const {
    return changed([&](auto& options) { options.priority = priority; });
  }
  // Who calls; else it is the pool's owner.
  TestPool as(std::uint32_t uid, std::uint32_t gid) const {
    return changed([&](auto& options) { options.as_owner = false, options.uid = uid, options.gid = gid; });
  }

  // Submits at once; runs nothing yet.
  template <class Req, class... Fields>
  TestCall<typename Req::Reply> call(Fields&&... fields) const {
    return send(Req{std::forward<Fields>(fields)...});
  }
  template <class Req>
  TestCall<typename Req::Reply> send(const Req& request) const {
    test_kit::CallOptions options = options_;
    const std::uint32_t count = test_kit::containers_of(*core_, name_);
    if (options.query.kind == QueryKind::automatic) options.query = default_query(request, count);
    if (options.query.single()) return {submit(request, options), &decode_message<typename Req::Reply>};
    if constexpr (Mergeable<Req>) {
      return {submit(request, options), &decode_merged<Req>};
    } else {
      return {test_kit::refuse(core_, test_kit::needs_gather(Req::kMethod.name)), nullptr};
    }
  }
  template <class Req, class... Fields>
  TestCall<Gathered<Req>> gather(Fields&&... fields) const {
    test_kit::CallOptions options = options_;
    if (options.query.kind == QueryKind::automatic) options.query = all();
    return {submit(Req{std::forward<Fields>(fields)...}, options), &decode_gathered<Req>};
  }

  // The state of a container as it is now: of a change that is under way, what has been done of it.
  Result<Snapshot> snapshot(std::uint32_t container = 0) const;

  // Gives a container this state. Its open() has run, its handlers go on with the new state.
  Status restore(const Snapshot& snapshot, std::uint32_t container = 0) const;

  // Whether all of a container's state is in its snapshot's bytes: restores them into a new container of the same
  // module, and compares. Fails with failed_precondition and the first value that differs.
  Status check_snapshot(std::uint32_t container = 0) const;

  // Whether states that were stored are still understood. `folder` has a file MODULE.state.vN for each version of the
  // State. The one of the present version must hold what the container's state is now, and all must be restored without
  // an error. With CHIMAERA_WRITE_GOLDEN=1 in the environment the present version's file is written if there is none.
  Status check_golden(const std::string& folder, std::uint32_t container = 0) const;

  // What such a file holds, for restore() and more questions than check_golden has.
  static Result<Snapshot> read_golden(const std::string& path);

 private:
  template <class Change>
  TestPool changed(Change change) const {
    TestPool out = *this;
    change(out.options_);
    return out;
  }
  template <class Req>
  test_kit::Handle submit(const Req& request, const test_kit::CallOptions& options) const {
    Encoder encoder;
    encode_message(encoder, request);
    return test_kit::submit(core_, name_, Req::kMethod.id, options, encoder);
  }

  std::shared_ptr<test_kit::Core> core_;
  std::string name_;
  test_kit::CallOptions options_{};
};

}  // namespace chi
