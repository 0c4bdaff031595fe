// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The handlers. One that returns a Result runs to its end; one that returns a Task may await, and others run meanwhile.
#include "container.h"

namespace TASK_NAME {

chi::Result<Total> Container::on(const Add& add) {
  if (add.name.empty()) return chi::Error{chi::Code::invalid_argument, "a counter needs a name", {}};
  return Total{state().totals[add.name] += add.amount};
}

chi::Result<Total> Container::on(const Get& get) { return Total{total_of(get.name)}; }

chi::Task<chi::Result<Total>> Container::on(const SumWith& sum) {
  auto theirs = co_await pool(sum.pool).call<Get>(sum.name);
  if (!theirs.ok()) co_return theirs.error();
  co_return Total{theirs->total + total_of(sum.name)};
}

std::uint64_t Container::total_of(const std::string& name) const {
  const auto found = state().totals.find(name);
  return found == state().totals.end() ? 0 : found->second;
}

}  // namespace TASK_NAME

CHI_EXPORT_MODULE(TASK_NAME::Container, TASK_NAME::Add, TASK_NAME::Get, TASK_NAME::SumWith)
