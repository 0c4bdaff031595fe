// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The smallest module of two methods: a text for each name.
#pragma once

#include <chimaera/method.h>

#include <string>

namespace smallest_module {

struct Text {
  std::string text;
};
struct Set {
  static constexpr chi::Method kMethod{1, "set", chi::Access::write};
  static constexpr chi::Route kRoute = chi::Route::hash("name");
  using Reply = Text;  // what was there before
  std::string name;
  std::string text;
};
struct Get {
  static constexpr chi::Method kMethod{2, "get", chi::Access::read};
  static constexpr chi::Route kRoute = chi::Route::hash("name");
  using Reply = Text;
  std::string name;
};

}  // namespace smallest_module
