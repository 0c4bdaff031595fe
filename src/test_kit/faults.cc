// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Counting calls up to those that fail.
#include "test_kit/faults.h"

#include <chimaera/module.h>

namespace chi::test_kit {
namespace {

class Failing : public Container<> {
 public:
  Task<Result<Fail::Reply>> on(const Fail& fail) {
    if (!fail.no_answer) co_return fail.error;
    auto slept = co_await sleep_for(std::chrono::years(100));
    co_return slept.ok() ? Error{Code::internal, "nobody waited for its answer to a lost call", {}} : slept.error();
  }
};

constinit const chi_module kModule = detail::module_table<Failing, Fail>("test_kit_faults", "1.0.0");

}  // namespace

const chi_module& fault_module() noexcept { return kModule; }

template <class Rules, class Matches>
auto Faults::find(Rules& rules, Matches matches) -> decltype(&rules.front().fault) {
  for (auto& rule : rules) {
    if (!matches(rule.fault) || ++rule.seen < rule.fault.nth || rule.seen - rule.fault.nth >= rule.fault.times)
      continue;
    ++struck_;
    return &rule.fault;
  }
  return nullptr;
}

const CallFault* Faults::strike(std::string_view pool, std::string_view method) {
  return find(calls_, [&](const CallFault& fault) {
    return (fault.pool.empty() || fault.pool == pool) && (fault.method.empty() || fault.method == method);
  });
}

int Faults::strike(std::uint32_t operation) {
  const IoFault* fault =
      find(ios_, [&](const IoFault& each) { return each.operation == 0 || each.operation == operation; });
  return fault ? fault->error_number : 0;
}

}  // namespace chi::test_kit
