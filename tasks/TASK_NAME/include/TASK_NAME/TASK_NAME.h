// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What callers of the module TASK_NAME see: named counters.
//
//   auto counters = client.pool("mine");
//   counters.call<TASK_NAME::Add>("apple", 3).get();             // total 3
//   counters.call<TASK_NAME::SumWith>("theirs", "apple").get();  // and what another pool of this module has
#pragma once

#include <chimaera/method.h>

#include <cstdint>
#include <string>

namespace TASK_NAME {

struct Total {
  std::uint64_t total = 0;
};

struct Add {
  static constexpr chi::Method kMethod{1, "add", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::hash("name");  // each counter lives in one container
  using Reply = Total;
  std::string name;
  std::uint64_t amount = 1;
};

struct Get {  // a counter that nobody added to is 0
  static constexpr chi::Method kMethod{2, "get", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::hash("name");
  using Reply = Total;
  std::string name;
};

struct SumWith {  // this pool's counter and that of another pool
  static constexpr chi::Method kMethod{3, "sum_with", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::hash("name");
  using Reply = Total;
  std::string pool;
  std::string name;
};

}  // namespace TASK_NAME
