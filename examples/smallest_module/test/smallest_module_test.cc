// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/runtime.h>
#include <gtest/gtest.h>
#include <smallest_module/smallest_module.h>

TEST(SmallestModule, KeepsATextForEachName) {
  auto runtime = chi::Runtime::start({.module_paths = {CHI_TEST_MODULES}}).value();
  auto client = runtime.connect().value();
  auto pool = client.create_pool("texts", {.module = "smallest_module", .containers = 3}).value();
  EXPECT_EQ(pool.call<smallest_module::Set>("apple", "red").get().value().text, "");
  EXPECT_EQ(pool.call<smallest_module::Set>("apple", "green").get().value().text, "red");
  EXPECT_EQ(pool.call<smallest_module::Get>("apple").get().value().text, "green");
  EXPECT_EQ(pool.call<smallest_module::Get>("pear").get().code(), chi::Code::not_found);
}
