// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Messages that are damaged, made up, or changed while they are read.
#include <chimaera/codec.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <thread>

#include "codec/sample_types.h"

namespace {

// The largest single allocation of this thread since it was set to 0.
thread_local std::size_t largest_allocation = 0;

}  // namespace

#if defined(__has_feature)
#define CHI_FEATURE(name) __has_feature(name)
#else
#define CHI_FEATURE(name) 0
#endif

// TSan has its own, and allows no second one; an analyzer of memory takes this one for the use of malloc.
#if !CHI_FEATURE(thread_sanitizer) && !defined(__clang_analyzer__)
[[gnu::noinline]] void* operator new(std::size_t size) {
  largest_allocation = std::max(largest_allocation, size);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace chi {
namespace {

using testing::HasSubstr;

struct Wide {
  std::array<std::uint64_t, 128> words{};
};
struct Lists {
  std::vector<std::optional<Wide>> wide;
  std::vector<sample::Nothing> empty;
  std::map<std::string, std::string> map;
  std::unordered_set<std::uint8_t> bytes;
  std::vector<std::uint64_t> flat;
};

// The message in memory of its exact size, so that the sanitizer sees the first byte too much.
template <class T>
Status decode_exact(std::string_view bytes, std::span<const chi_buffer> buffers = {}) {
  std::unique_ptr<std::uint8_t[]> copy(new std::uint8_t[bytes.size()]);
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  const auto count = static_cast<std::uint32_t>(buffers.size());
  T out{};
  return decode_message<T>({copy.get(), static_cast<std::uint32_t>(bytes.size()), count, buffers.data()}, out);
}

std::string u32(std::uint32_t value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

template <class T>
void truncate_everywhere(const T& value) {
  const std::string whole = encode_to_string(value);
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto decoded = decode_exact<T>(std::string_view(whole).substr(0, size));
    accepted += decoded.ok();
    if (!decoded.ok()) {
      EXPECT_EQ(decoded.code(), Code::invalid_argument);
      EXPECT_THAT(decoded.error().text, HasSubstr("cannot decode"));
    }
  }
  // Only at a border between fields it may be the message of an older sender.
  EXPECT_LE(accepted, field_count<T> + 1);
}

TEST(Hostile, TruncatedAtEachByte) {
  truncate_everywhere(sample::numbers());
  truncate_everywhere(sample::collections());
  truncate_everywhere(sample::Put{"key", "value"});
  truncate_everywhere(sample::Segment{{1, 2}, {3, 4}, sample::Point{5, 6}});
  truncate_everywhere(Error{Code::internal, "text", "where"});
}

TEST(Hostile, EachByteChanged) {
  const std::string whole = encode_to_string(sample::collections());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int change : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      (void)decode_exact<sample::Collections>(damaged);
    }
  }
}

TEST(Hostile, RandomBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes("\1\1", 2);
    for (std::size_t size = random() % 200; size > 0; --size) {
      bytes += static_cast<char>(random() % 4 == 0 ? random() : random() % 3);
    }
    (void)decode_exact<sample::Collections>(bytes);
    (void)decode_exact<sample::Transfer>(bytes);
    (void)decode_exact<Lists>(bytes);
  }
}

TEST(Hostile, LengthsBeyondTheEndNameTheField) {
  auto put = decode_exact<sample::Put>("\1\1" + u32(0xffffffff) + "abc");
  ASSERT_FALSE(put.ok());
  EXPECT_THAT(put.error().text, HasSubstr("field 'key'"));
  EXPECT_THAT(put.error().text, HasSubstr("beyond the end (byte 6)"));

  auto value = decode_exact<sample::Put>("\1\1" + u32(1) + "k" + u32(0x7fffffff));
  ASSERT_FALSE(value.ok());
  EXPECT_THAT(value.error().text, HasSubstr("field 'value'"));

  auto envelope = decode_exact<sample::Segment>("\1\1" + std::string("\1\1") + u32(100) + "12345678");
  ASSERT_FALSE(envelope.ok());
  EXPECT_THAT(envelope.error().text, HasSubstr("field 'from'"));

  auto inner = decode_exact<sample::Segment>("\1\1" + std::string("\1\1") + u32(6) + "123456");
  ASSERT_FALSE(inner.ok());
  EXPECT_THAT(inner.error().text, HasSubstr("field 'from.y'"));
}

TEST(Hostile, BuffersThatAreNotThere) {
  chi_buffer buffer{};
  auto none = decode_exact<sample::Put>("\1\1" + u32(0) + u32(kBufferMark));
  EXPECT_FALSE(none.ok());
  auto beyond = decode_exact<sample::Put>("\1\1" + u32(0) + u32(kBufferMark + 1), {&buffer, 1});
  ASSERT_FALSE(beyond.ok());
  EXPECT_THAT(beyond.error().text, HasSubstr("a buffer that it does not have"));
  auto good = decode_exact<sample::Put>("\1\1" + u32(0) + u32(kBufferMark), {&buffer, 1});
  EXPECT_TRUE(good.ok());
  auto inlined = decode_exact<sample::Transfer>("\1\1" + std::string(8, '\0') + u32(0));
  EXPECT_FALSE(inlined.ok());
}

TEST(Hostile, BoolsAndMarksAreZeroOrOne) {
  EXPECT_TRUE(decode_exact<sample::Numbers>(std::string("\1\1\1", 3)).ok());
  auto bad = decode_exact<sample::Numbers>(std::string("\1\1\2", 3));
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(bad.error().text, HasSubstr("neither 0 nor 1"));
}

TEST(Hostile, CountsAllocateNoMoreThanTheMessageCanFill) {
  const std::string padding(600, '\0');
  for (std::uint32_t count : {600U, 601U, 0x10000U, 0x7fffffffU, 0xffffffffU}) {
    largest_allocation = 0;
    (void)decode_exact<Lists>("\1\1" + u32(count) + padding);
    EXPECT_LE(largest_allocation, 1100 * 1024u) << count;  // 600 elements of 1 KiB that are there as "none"
    for (std::size_t empty_before = 1; empty_before <= 4; ++empty_before) {
      std::string before = "\1\1";
      for (std::size_t i = 0; i < empty_before; ++i) before += u32(0);
      before += u32(count);
      before += padding;
      largest_allocation = 0;
      (void)decode_exact<Lists>(before);
      EXPECT_LE(largest_allocation, 32 * 1024u) << count << " in field " << empty_before;
    }
  }
}

TEST(Hostile, RoomIsMadeAsElementsArrive) {
  // One element that is there and a million that are announced but broken: room for few is made, not for all.
  largest_allocation = 0;
  std::string bytes = "\1\1" + u32(1'000'000) + "\2" + std::string(1'000'000, '\0');
  (void)decode_exact<Lists>(bytes);
  EXPECT_LE(largest_allocation, 2'100'000u);
}

// A peer changes a length all the time, through a mapping of its own, as another process does. The text ends with its
// page, and no page follows: a length that is read again after its check faults.
TEST(Hostile, LengthsThatChangeWhileTheyAreRead) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const int fd = memfd_create("hostile", 0);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, static_cast<off_t>(page)), 0);
  auto* ours = static_cast<std::uint8_t*>(mmap(nullptr, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_EQ(mmap(ours, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), ours);
  auto* theirs = static_cast<std::uint8_t*>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  close(fd);
  const std::string bytes = encode_to_string(Error{Code::internal, "", "12345678"});
  std::copy(bytes.begin(), bytes.end(), ours + page - bytes.size());
  std::atomic<bool> started = false;
  std::atomic<bool> stop = false;
  std::thread peer([&] {
    auto* length = reinterpret_cast<std::uint32_t*>(theirs + page - 12);
    started = true;
    for (std::uint32_t i = 0; !stop.load(std::memory_order_relaxed); ++i) {
      __atomic_store_n(length, i % 128 < 64 ? 8 : 0x00ffffff, __ATOMIC_RELAXED);  // each for long enough to be seen
    }
  });
  while (!started) std::this_thread::yield();
  std::size_t wrong = 0;
  for (int i = 0; i < 1000000; ++i) {
    Error out;
    const chi_message message{ours + page - bytes.size(), static_cast<std::uint32_t>(bytes.size()), 0, nullptr};
    if (decode_message(message, out).ok() && out.where != "12345678") ++wrong;
  }
  stop = true;
  peer.join();
  EXPECT_EQ(wrong, 0u);
  munmap(ours, 2 * page);
  munmap(theirs, page);
}

}  // namespace
}  // namespace chi
