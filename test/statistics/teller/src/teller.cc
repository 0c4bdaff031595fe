// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A method `stat` that does not merge, of containers one of which may not answer, or fail.
#include <chimaera/module.h>
#include <chimaera/statistics.h>

#include <optional>
#include <string>
#include <vector>

namespace teller {

struct Config {
  std::optional<std::uint32_t> silent;   // this container never answers
  std::optional<std::uint32_t> failing;  // this one fails
};
struct Nothing {};
struct Work {
  static constexpr chi::Method kMethod{1, "work", chi::Access::write};
  using Reply = Nothing;
  std::uint64_t bytes = 0;
};
struct StatReply {
  std::string text;
  std::vector<chi::OperationStats> operations;
};
struct Stat {
  static constexpr chi::Method kMethod{2, "stat", chi::Access::read};
  using Reply = StatReply;
  std::optional<std::string> detail;
};

class Teller : public chi::Container<> {
 public:
  using Config = teller::Config;

  chi::Status open(const Config& config) {
    silent_ = config.silent == index();
    failing_ = config.failing == index();
    return {};
  }
  chi::Result<Nothing> on(const Work& work) {
    chi::Meter::Run run(work_);
    run.done(work.bytes);
    return Nothing();
  }
  chi::Task<chi::Result<StatReply>> on(const Stat&) {
    if (failing_) co_return chi::Error{chi::Code::data_loss, "this one has \x1b[31m no idea", {}};
    if (silent_) {
      auto slept = co_await sleep_for(std::chrono::hours(1));
      if (!slept.ok()) co_return slept.error();
    }
    StatReply reply;
    reply.text = "a text";
    reply.operations.push_back(work_.stats("work"));
    co_return reply;
  }

 private:
  bool silent_ = false;
  bool failing_ = false;
  chi::Meter work_;
};

}  // namespace teller

CHI_EXPORT_MODULE(teller::Teller, teller::Work, teller::Stat)
