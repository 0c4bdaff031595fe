// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The answer to a call that was submitted and may still be on its way.
//
// A Future belongs to the thread that made it: another thread that asks it gets failed_precondition, and may only
// destroy it. It may outlive its Client; its answer is then `unavailable`, unless it had come before.
// A Future that is destroyed early lets its call run: the answer is dropped when it comes, and the buffers that the
// call refers to live until then.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/bytes.h>
#include <chimaera/result.h>
#include <chimaera/task.h>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace chi {

// A reply that was not decoded: for callers that know the method at run time only.
struct RawReply {
  Bytes fields;                 // as encoded
  std::vector<Buffer> buffers;  // which the fields name by position
  bool gathered = false;        // `fields` is a gathered set: see chimaera/gathered.h
};

namespace client {

class Stream;

// What came back for a call; valid until the call is released.
struct Answer {
  const Error* error = nullptr;  // the client found it out by itself; else:
  Code code = Code::ok;          // when not ok, `message` is an encoded chi::Error
  bool gathered = false;
  chi_message message{};

  bool failed() const noexcept { return error || code != Code::ok; }
};

Error failure_of(const Answer& answer);
Result<RawReply> decode_raw(const Answer& answer);

// One submitted call, or the reason why it was not submitted. Two words, for it is on the path of every call.
class PendingCall {
 public:
  PendingCall() = default;
  PendingCall(Stream* stream, std::uint64_t sequence) noexcept : stream_(stream), word_(sequence) {}
  explicit PendingCall(std::unique_ptr<Error> error) noexcept
      : word_(reinterpret_cast<std::uintptr_t>(error.release())) {}
  explicit PendingCall(Error error) : PendingCall(std::make_unique<Error>(std::move(error))) {}
  static PendingCall forgotten() noexcept { return PendingCall(nullptr, kForgotten); }  // submitted, and nobody waits

  PendingCall(PendingCall&& other) noexcept
      : stream_(std::exchange(other.stream_, nullptr)), word_(std::exchange(other.word_, 0)) {}
  PendingCall& operator=(PendingCall&& other) noexcept {
    if (this == &other) return *this;
    release();
    stream_ = std::exchange(other.stream_, nullptr);
    word_ = std::exchange(other.word_, 0);
    return *this;
  }
  ~PendingCall() { release(); }

  bool ready() { return !stream_ || wait(std::chrono::nanoseconds(0)); }
  bool wait(std::chrono::nanoseconds limit);  // gives ready()
  Answer answer();                            // waits for it
  void release() noexcept {                   // ends the validity of the answer; drops one that is still to come
    if (word_ != 0) give_back();
  }
  void cancel();
  bool is_forgotten() const noexcept { return !stream_ && word_ == kForgotten; }
  const Error* error() const noexcept {
    return stream_ || word_ <= kForgotten ? nullptr : reinterpret_cast<const Error*>(word_);
  }

  // Tells `continuation`, through the thread's ready list, of the answer. Precondition: !ready().
  void notify(detail::Continuation* continuation) noexcept;

 private:
  static constexpr std::uint64_t kForgotten = 1;

  void give_back() noexcept;

  Stream* stream_ = nullptr;
  std::uint64_t word_ = 0;  // with a stream the call's sequence number, else an Error of one's own; 0: nothing
};

}  // namespace client

template <class T>
class [[nodiscard]] Future {
 public:
  using Decode = Result<T> (*)(const client::Answer&);

  Future() = default;
  Future(client::PendingCall call, Decode decode) noexcept : call_(std::move(call)), decode_(decode) {}

  // Waits for the answer: spins for a while, then sleeps, until the call's deadline at the latest. Takes the answer
  // out: a second get() is failed_precondition. Of a fire-and-forget call it is an empty reply at once.
  Result<T> get() {
    const Release at_end{call_};
    if (call_.is_forgotten()) [[unlikely]]
      return T{};
    return decode_(call_.answer());
  }

  // Whether get() would return at once. Handles what has arrived.
  bool ready() { return call_.ready(); }

  // Waits no longer than that; returns ready().
  bool wait_for(std::chrono::nanoseconds limit) { return call_.wait(limit); }

  // Asks the daemon to end the call; get() gives `cancelled` unless it was faster. Whether it took effect is unknown.
  void cancel() { call_.cancel(); }

  // For executors and when_all; coroutines await.
  using value_type = Result<T>;
  bool done() { return ready(); }
  Result<T> take() { return get(); }
  void notify(detail::Continuation& continuation) noexcept { call_.notify(&continuation); }

  class Awaiter : detail::Continuation {
   public:
    explicit Awaiter(Future& future) noexcept : future_(future) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (frame_) future_.call_.notify(nullptr);
    }

    bool await_ready() { return future_.ready(); }
    template <class P>
    void await_suspend(std::coroutine_handle<P> parent) noexcept {
      frame_ = &detail::frame_of(parent);
      done = [](Continuation* self) noexcept { static_cast<Awaiter*>(self)->frame_->resume(); };
      future_.notify(*this);
    }
    Result<T> await_resume() {
      frame_ = nullptr;
      return future_.get();
    }

   private:
    Future& future_;
    detail::Frame* frame_ = nullptr;
  };

  // In a coroutine that Client::run drives; gives what get() gives. The Future lives until then; a temporary does.
  Awaiter operator co_await() noexcept { return Awaiter(*this); }

 private:
  // The result is never moved on its way: a load that spans several fresh stores waits until those have left the store
  // buffer, behind the ring's cache misses, and costs more than the rest of the call.
  struct Release {
    client::PendingCall& call;
    ~Release() { call.release(); }
  };
  static Result<T> no_call(const client::Answer& answer) { return client::failure_of(answer); }

  client::PendingCall call_;
  Decode decode_ = &no_call;
};

// Returns when each of them is ready: answered, or past its deadline.
template <class T>
void wait_all(std::span<Future<T>> futures) {
  for (auto& future : futures) future.wait_for(std::chrono::nanoseconds::max());
}
template <class T>
void wait_all(std::vector<Future<T>>& futures) {
  wait_all(std::span<Future<T>>(futures));
}

}  // namespace chi
