// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The form of each type on the wire, there and back.
#include <chimaera/codec.h>
#include <chimaera/result.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "codec/sample_types.h"

namespace chi {
namespace {

using testing::HasSubstr;

std::string hex(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) {
    out += "0123456789abcdef"[c >> 4];
    out += "0123456789abcdef"[c & 15];
  }
  return out;
}

template <class T>
std::string encoded(const T& value) {
  return encode_to_string(value);
}

template <class T>
T round_trip(const T& value) {
  Encoder to;
  encode_message(to, value);
  return decode_message<T>(to.message()).value();
}

// A map as other libraries have them: an iterator that gives a proxy of const references, no insert.
class ForeignMap {
 public:
  using key_type = std::string;
  using mapped_type = int;
  using value_type = std::pair<std::string, int>;
  void emplace(std::string key, int value) { entries_.emplace_back(std::move(key), value); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  void clear() { entries_.clear(); }
  void reserve(std::size_t count) { entries_.reserve(count); }
  bool operator==(const ForeignMap&) const = default;

 private:
  std::vector<value_type> entries_;
};
struct WithForeignMap {
  ForeignMap map;
};

enum Loose { loose_value };
struct View {
  std::string_view text;
};
struct Raw {
  int* pointer;
};
struct LooseEnum {
  Loose value;
};
struct Deep {
  std::vector<std::map<std::string, std::optional<Raw>>> inside;
};
static_assert(Walkable<sample::Collections> && Message<sample::Collections>);
static_assert(Walkable<std::vector<int>> && !Message<std::vector<int>>);
static_assert(Walkable<ForeignMap> && Message<Error> && Message<sample::Nothing>);
static_assert(!Walkable<View> && !Walkable<Raw> && !Walkable<LooseEnum> && !Walkable<Deep>);
static_assert(!Walkable<std::tuple<>> && !Walkable<std::array<int, 0>> && !Walkable<long double>);

TEST(Codec, GoldenScalars) {
  struct Scalars {
    bool flag = true;
    std::uint16_t number = 0x1234;
    std::int32_t negative = -2;
    double real = 1.0;
    sample::Color color = sample::Color::green;
  };
  EXPECT_EQ(hex(encoded(Scalars{})),
            "0101"
            "01"
            "3412"
            "feffffff"
            "000000000000f03f"
            "07");
}

TEST(Codec, GoldenTextsAndCollections) {
  struct Texts {
    std::string text = "ab";
    Bytes bytes = "c";
    std::vector<std::uint8_t> list{1, 2};
    std::map<std::string, std::uint16_t> map{{"k", 3}};
    std::array<std::uint16_t, 2> array{4, 5};
    std::pair<bool, std::uint8_t> pair{true, 6};
    std::optional<std::uint8_t> none;
    std::optional<std::uint8_t> some = 7;
  };
  EXPECT_EQ(hex(encoded(Texts{})),
            "0101"
            "020000006162"
            "0100000063"
            "020000000102"
            "01000000010000006b0300"
            "04000500"
            "0106"
            "00"
            "0107");
}

TEST(Codec, GoldenNestedAggregateHasAnEnvelope) {
  struct Box {
    sample::Point point{1, 2};
    sample::Nothing nothing;
  };
  EXPECT_EQ(hex(encoded(Box{})),
            "0101"
            "0101080000000100000002000000"
            "010100000000");
  EXPECT_EQ(encoded(sample::Nothing{}), "");
}

TEST(Codec, GoldenBuffers) {
  sample::Transfer transfer;
  transfer.data = Buffer::allocate(3);
  transfer.more = {Buffer::allocate(1)};
  transfer.note = Bytes(513);
  Encoder to;
  encode_message(to, transfer);
  chi_message message = to.message();
  EXPECT_EQ(hex({reinterpret_cast<const char*>(message.data), message.size}),
            "0101"
            "0000000000000000"
            "00000080"
            "0100000001000080"
            "0102000080");
  ASSERT_EQ(message.buffer_count, 3u);
  EXPECT_EQ(message.buffers[0].data, transfer.data.data());
  EXPECT_EQ(message.buffers[2].data, transfer.note->data());
}

TEST(Codec, RoundTripsEveryType) {
  EXPECT_EQ(round_trip(sample::numbers()), sample::numbers());
  EXPECT_EQ(round_trip(sample::collections()), sample::collections());
  EXPECT_EQ(round_trip(sample::Collections{}), sample::Collections{});
  EXPECT_EQ(round_trip(sample::Nothing{}), sample::Nothing{});
  EXPECT_EQ(decode_from<sample::Collections>(encoded(sample::collections())).value(), sample::collections());
}

TEST(Codec, RoundTripsForeignMaps) {
  WithForeignMap value;
  value.map.emplace("a", 1);
  value.map.emplace("b", 2);
  EXPECT_EQ(round_trip(value).map, value.map);
}

TEST(Codec, RoundTripsErrors) {
  Encoder to;
  encode_message(to, Error{Code::stale, "it was done before", "kv/3"});
  Error error;
  ASSERT_TRUE(decode_message(to.message(), error).ok());
  EXPECT_EQ(error.to_string(), "stale: it was done before (in kv/3)");
}

TEST(Codec, BytesUpTo512AreCopiedAndLargerOnesReferred) {
  for (std::size_t size : {0U, 1U, 512U, 513U, 100000U}) {
    sample::Put put{"k", Bytes(std::string(size, 'b'))};
    Encoder to;
    encode_message(to, put);
    EXPECT_EQ(to.buffer_count(), size > 512 ? 1u : 0u);
    auto back = decode_message<sample::Put>(to.message()).value();
    EXPECT_EQ(back, put);
    EXPECT_EQ(back.value.data() == put.value.data(), size > 512 || size == 0) << "by reference";
  }
}

TEST(Codec, BuffersBeyondTheLimitAreInlineBytesOrAnError) {
  struct Many {
    std::vector<Bytes> values;
  };
  Many many{std::vector<Bytes>(CHI_MAX_BUFFERS + 6, Bytes(std::string(600, 'm')))};
  Encoder to;
  encode_message(to, many);
  EXPECT_EQ(to.buffer_count(), CHI_MAX_BUFFERS);
  EXPECT_EQ(decode_message<Many>(to.message()).value().values, many.values);

  sample::Transfer transfer;
  transfer.more.resize(CHI_MAX_BUFFERS, Buffer::allocate(1));
  Encoder full;
  encode_message(full, transfer);
  EXPECT_TRUE(full.failed());
  EXPECT_THAT(full.status().error().text, HasSubstr("64 buffers"));
}

TEST(Codec, StatesAreWithoutBuffers) {
  sample::Put put{"k", Bytes(std::string(100000, 's'))};
  std::string state = encode_to_string(put);
  EXPECT_GT(state.size(), 100000u);
  EXPECT_EQ(decode_from<sample::Put>(state).value(), put);
  EXPECT_THROW(encode_to_string(sample::Transfer{}), std::length_error);
}

TEST(Encoder, StaysInScratchWhileItFitsAndMovesOnWhenNot) {
  std::uint8_t scratch[64];
  Encoder small(scratch);
  encode_message(small, sample::Put{"key", "value"});
  EXPECT_TRUE(small.in_scratch());
  EXPECT_EQ(small.message().data, scratch);

  Encoder large(scratch);
  sample::Put put{std::string(61, 'k'), Bytes(std::string(400, 'v'))};
  encode_message(large, put);
  EXPECT_FALSE(large.in_scratch());
  EXPECT_EQ(decode_message<sample::Put>(large.message()).value(), put);
}

TEST(Encoder, HoldsReferencesUntilItEndsOrTheyAreTaken) {
  Buffer buffer = Buffer::allocate(8);
  const std::uint32_t& references = buffer.raw().block->references;
  {
    Encoder to;
    for (int i = 0; i < 6; ++i) EXPECT_EQ(to.attach(buffer), static_cast<std::uint32_t>(i));
    EXPECT_EQ(references, 7u);
  }
  EXPECT_EQ(references, 1u);
  {
    Encoder to;
    to.attach(buffer);
    std::span<const chi_buffer> taken = to.take_buffers();
    ASSERT_EQ(taken.size(), 1u);
    detail::block_release(taken[0].block);
    EXPECT_EQ(references, 1u);
  }
  EXPECT_EQ(references, 1u);
}

TEST(Encoder, RefusesWhatAMessageCannotHold) {
  Encoder to;
  to.length(std::size_t{1} << 32);
  EXPECT_TRUE(to.failed());
  to.u64(1);
  to.string("nothing is added any more");
  EXPECT_EQ(to.size(), 0u);
  EXPECT_EQ(to.status().code(), Code::invalid_argument);
  EXPECT_THAT(to.status().error().text, HasSubstr("4 GiB"));

  Encoder inlined;
  inlined.inline_bytes();
  std::uint8_t byte = 0;
  inlined.bytes(Bytes::from(Buffer::adopt({&byte, std::uint64_t{1} << 31, nullptr})));  // refused before it is read
  EXPECT_TRUE(inlined.failed());
}

}  // namespace
}  // namespace chi
