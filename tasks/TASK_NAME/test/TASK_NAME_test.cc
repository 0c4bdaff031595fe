// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The built module in a runtime, as its callers see it.
#include <TASK_NAME/TASK_NAME.h>
#include <chimaera/runtime.h>
#include <gtest/gtest.h>

#include <string>

#include "container.h"

namespace TASK_NAME {
namespace {

class TASK_NAMETest : public ::testing::Test {
 protected:
  chi::Pool make(const std::string& name) {
    return client_.create_pool(name, {.module = "TASK_NAME", .containers = 4}).value();
  }

  chi::Runtime runtime_ = chi::Runtime::start({.module_paths = {CHI_TEST_MODULES}}).value();
  chi::Client client_ = runtime_.connect().value();
};

TEST_F(TASK_NAMETest, CountsByName) {
  const chi::Pool pool = make("mine");
  EXPECT_EQ(pool.call<Add>("apple", 3u).get().value().total, 3u);
  EXPECT_EQ(pool.call<Add>("apple").get().value().total, 4u);
  EXPECT_EQ(pool.call<Add>("pear", 10u).get().value().total, 10u);
  EXPECT_EQ(pool.call<Get>("apple").get().value().total, 4u);
  EXPECT_EQ(pool.call<Get>("plum").get().value().total, 0u);
  EXPECT_EQ(pool.call<Add>("").get().code(), chi::Code::invalid_argument);
}

TEST_F(TASK_NAMETest, AsksAnotherPool) {
  const chi::Pool mine = make("mine");
  const chi::Pool theirs = make("theirs");
  mine.call<Add>("apple", 3u).get().value();
  theirs.call<Add>("apple", 4u).get().value();
  EXPECT_EQ(mine.call<SumWith>("theirs", "apple").get().value().total, 7u);
  EXPECT_EQ(mine.call<SumWith>("nowhere", "apple").get().code(), chi::Code::not_found);
}

TEST(TASK_NAMEState, SurvivesASnapshot) {
  State state;
  state.totals = {{"apple", 3}, {"pear", 10}};
  EXPECT_EQ(chi::decode_from<State>(chi::encode_to_string(state)).value().totals, state.totals);
}

}  // namespace
}  // namespace TASK_NAME
