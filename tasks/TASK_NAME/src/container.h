// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One container: a part of the counters, and what is done with them.
#pragma once

#include <TASK_NAME/TASK_NAME.h>
#include <chimaera/module.h>

#include <cstdint>
#include <map>
#include <string>

namespace TASK_NAME {

struct State {
  static constexpr chi::Version kVersion{1, 1};  // of the fields; append a field, and make it {2, 1}
  std::map<std::string, std::uint64_t> totals;
};

class Container : public chi::Container<State> {
 public:
  chi::Result<Total> on(const Add& add);
  chi::Result<Total> on(const Get& get);
  chi::Task<chi::Result<Total>> on(const SumWith& sum);

 private:
  std::uint64_t total_of(const std::string& name) const;
};

}  // namespace TASK_NAME
