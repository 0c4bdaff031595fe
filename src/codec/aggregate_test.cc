// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What is known of structs at compile time, and of their names at run time.
#include <chimaera/aggregate.h>
#include <chimaera/result.h>
#include <gtest/gtest.h>

#include "codec/sample_types.h"

namespace chi {
namespace {

struct Inner {
  int a;
  int b;
};
struct Middle {
  Inner first;
  Inner second;
  std::optional<Inner> third;
};
struct Outer {
  Middle one;
  std::array<Inner, 3> three;
  std::array<std::array<int, 2>, 2> grid;
  std::string name_of_it;
  Inner last = {1, 2};
};
struct MoveOnly {
  std::unique_ptr<int> pointer;
  int number = 5;
};
struct FortyEight {
  int f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19, f20, f21, f22, f23, f24,
      f25, f26, f27, f28, f29, f30, f31, f32, f33, f34, f35, f36, f37, f38, f39, f40, f41, f42, f43, f44, f45, f46, f47;
};

// Nested structs are counted as one field each: brace elision would find 2 in Inner, 4 and more in Middle.
static_assert(field_count<Inner> == 2);
static_assert(field_count<Middle> == 3);
static_assert(field_count<Outer> == 5);
static_assert(field_count<const Outer> == 5);
static_assert(field_count<MoveOnly> == 2);
static_assert(field_count<FortyEight> == 48);
static_assert(field_count<sample::Nothing> == 0);
static_assert(field_count<sample::Numbers> == 13);
static_assert(field_count<sample::Collections> == 16);
static_assert(field_count<sample::Transfer> == 4);
static_assert(field_count<Error> == 3);

static_assert(std::is_same_v<field_type<Outer, 0>, Middle>);
static_assert(std::is_same_v<field_type<const Outer, 3>, const std::string>);

static_assert(field_name<Outer>(3) == "name_of_it");
static_assert(field_name<sample::Put>(1) == "value");
static_assert(field_name<Error>(2) == "where");
static_assert(field_index<sample::Put>("value") == 1);
static_assert(field_index<sample::Put>("valu") == -1);
static_assert(field_index<sample::Nothing>("x") == -1);

TEST(Aggregate, TiesFieldsInOrder) {
  Outer outer{};
  std::get<3>(tie_fields(outer)) = "set";
  std::get<0>(tie_fields(outer)).second.b = 9;
  EXPECT_EQ(outer.name_of_it, "set");
  EXPECT_EQ(outer.one.second.b, 9);
  EXPECT_EQ(std::get<4>(tie_fields(outer)).b, 2);
}

TEST(Aggregate, NamesAllOf48Fields) {
  for (std::size_t i = 0; i < 48; ++i) EXPECT_EQ(field_name<FortyEight>(i), "f" + std::to_string(i));
  FortyEight many{};
  std::get<47>(tie_fields(many)) = 3;
  EXPECT_EQ(many.f47, 3);
}

TEST(Aggregate, NamesFieldsOfLocalTypes) {
  struct Local {
    int here;
    std::string there;
  };
  EXPECT_EQ(field_name<Local>(0), "here");
  EXPECT_EQ(field_name<Local>(1), "there");
}

}  // namespace
}  // namespace chi
