// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Names that compile, and names that do not.
#include "cli/module_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chi::cli {
namespace {

using testing::HasSubstr;

TEST(ModuleName, TakesIdentifiers) {
  for (const char* name : {"a", "word_count", "Kv2", "counters", "blocks"})
    EXPECT_TRUE(check_module_name(name)) << name;
  EXPECT_TRUE(check_module_name(std::string(64, 'x')));
}

TEST(ModuleName, SaysWhyAnotherIsNone) {
  for (const char* name : {"", "2x", "_x", "a-b", "a.b", "../x", "a b", "é", "a\nb", "-x", "/abs"}) {
    const Status status = check_module_name(name);
    EXPECT_EQ(status.code(), Code::invalid_argument) << name;
    EXPECT_THAT(status.error().text, HasSubstr("letters, digits and '_'")) << name;
  }
  EXPECT_THAT(check_module_name(std::string(65, 'x')).error().text, HasSubstr("64 is the most"));
  EXPECT_THAT(check_module_name("a__b").error().text, HasSubstr("'__'"));
  for (const char* name : {"class", "co_await", "int", "xor_eq", "union"}) {
    EXPECT_THAT(check_module_name(name).error().text, HasSubstr("word of C++")) << name;
  }
  for (const char* name : {"std", "chi", "chimaera", "linux", "test", "all", "main", "TASK_NAME"}) {
    EXPECT_THAT(check_module_name(name).error().text, HasSubstr("is taken")) << name;
  }
  for (const char* name : {"log", "time", "index", "read", "stdin"}) {
    EXPECT_THAT(check_module_name(name).error().text, HasSubstr("C library")) << name;
  }
}

}  // namespace
}  // namespace chi::cli
