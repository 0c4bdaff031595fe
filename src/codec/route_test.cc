// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Where requests go by themselves, from the struct and from the encoded request: the two must agree.
#include <chimaera/route.h>
#include <chimaera/schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"

namespace chi {
namespace {

struct Reply {
  int count = 0;
};

template <class Key>
struct Routed {
  using Reply = chi::Reply;
  static constexpr Route kRoute = Route::hash("key");
  std::vector<std::string> before;
  Bytes bulk;
  Key key{};
  int after = 0;
};
struct Plain {
  using Reply = chi::Reply;
};
struct Merging {
  using Reply = chi::Reply;
  static void merge(Reply& into, Reply&& from) { into.count += from.count; }
};
struct Everywhere {
  using Reply = chi::Reply;
  static constexpr Route kRoute = Route::all();
};
struct Anywhere {
  using Reply = chi::Reply;
  static constexpr Route kRoute = Route::any();
  static void merge(Reply&, Reply&&) {}
};

template <class Key>
void both_agree(const Key& key) {
  Routed<Key> request;
  request.before = {"a", "bc"};
  request.bulk = Bytes(std::string(600, 'x'));
  request.key = key;
  Encoder to;
  encode_message(to, request);
  auto type = parse_schema(schema_of<Routed<Key>>()).value();
  auto hash = field_hash(type, field_index<Routed<Key>>("key"), to.message());
  ASSERT_TRUE(hash.ok()) << hash.error().text;
  EXPECT_EQ(*hash, route_hash(request));
  EXPECT_EQ(default_query(request, 8), chi::hash(*hash));
}

TEST(Route, StructAndEncodedRequestAgree) {
  both_agree(std::string());
  both_agree(std::string("apple"));
  both_agree(std::string("\xff\0", 2));
  both_agree(std::uint8_t{200});
  both_agree(std::int8_t{-1});
  both_agree(std::int16_t{-300});
  both_agree(std::uint32_t{0xffffffff});
  both_agree(std::int32_t{-1});
  both_agree(std::int64_t{-1});
  both_agree(~std::uint64_t{0});
}

// Data lies where these say: they may never change.
TEST(Route, HashesAreFixed) {
  EXPECT_EQ(route_hash(Routed<std::string>{{}, {}, "apple", 0}), hash_bytes("apple"));
  EXPECT_EQ(route_hash(Routed<int>{{}, {}, 1, 0}), hash_bytes({"\1\0\0\0\0\0\0\0", 8}));
  EXPECT_EQ(route_hash(Routed<int>{{}, {}, -2, 0}), hash_bytes("\xfe\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(route_hash(Routed<int>{{}, {}, -2, 0}), route_hash(Routed<std::int64_t>{{}, {}, -2, 0}));
}

TEST(Route, WithoutHash) {
  EXPECT_EQ(default_query(Plain{}, 1), container(0));
  EXPECT_EQ(default_query(Plain{}, 8), any());
  EXPECT_EQ(default_query(Merging{}, 8), all());
  EXPECT_EQ(default_query(Everywhere{}, 1), all());
  EXPECT_EQ(default_query(Anywhere{}, 8), any());
}

TEST(Route, FieldHashRefusesWhatItCannotHash) {
  auto type = parse_schema("(a:bytes,key:string,n:u32)").value();
  const std::string good("\1\1\0\0\0\0\2\0\0\0ab\5\0\0\0", 16);
  auto hash = [&type](std::string_view bytes, std::size_t field) {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    return field_hash(type, field, {reinterpret_cast<const std::uint8_t*>(bytes.data()), size, 0, nullptr});
  };
  EXPECT_EQ(hash(good, 1).value(), hash_bytes("ab"));
  EXPECT_EQ(hash(good, 2).value(), hash_bytes({"\5\0\0\0\0\0\0\0", 8}));
  EXPECT_FALSE(hash(good, 0).ok());
  EXPECT_FALSE(hash(good, 3).ok());
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(hash(good.substr(0, size), 2).ok()) << size;
}

}  // namespace
}  // namespace chi
