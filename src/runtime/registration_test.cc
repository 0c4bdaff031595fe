// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Registered files and memory in real rings: what is read and written by way of them, and what becomes of operations
// when a place is refused, given up, or given to another.
#include "runtime/registration.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/io_uring.h"

namespace chi::runtime {
namespace {

constexpr std::size_t kPage = 4096;

int memory_file(char fill) {
  const int fd = ::memfd_create("test", MFD_CLOEXEC);
  const std::string bytes(4 * kPage, fill);
  EXPECT_EQ(::pwrite(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return fd;
}

class Pages {
 public:
  explicit Pages(std::size_t count)
      : size_(count * kPage),
        data_(static_cast<char*>(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() { ::munmap(data_, size_); }
  char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  char* data_;
};

struct Ended : Operation {
  Ended() {
    done = [](Operation& self, std::int32_t outcome) { static_cast<Ended&>(self).result = outcome; };
  }
  static constexpr std::int32_t kNotYet = -1'000'000;
  std::int32_t result = kNotYet;
};

class RegistrationTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSecond = 1'000'000'000;

  void SetUp() override {
    io_uring probe{};
    ASSERT_EQ(io_uring_queue_init(2, &probe, 0), 0);
    const bool has_tables = io_uring_register_buffers_sparse(&probe, 1) == 0;
    io_uring_queue_exit(&probe);
    if (!has_tables) GTEST_SKIP() << "needs Linux 5.19";
  }

  std::int32_t run(IoUring& ring, std::uint32_t what, int fd, void* data, std::size_t size, Registered registered) {
    Ended operation;
    chi_io io{};
    io.operation = what;
    io.fd = fd;
    io.data = data;
    io.size = size;
    EXPECT_TRUE(ring.start(io, registered, operation));
    while (operation.result == Ended::kNotYet) ring.wait(clock_.now_ns() + kSecond);
    return operation.result;
  }
  std::unique_ptr<IoUring> ring(unsigned worker) { return IoUring::create(clock_, worker).value(); }

  SystemClock clock_;
};

TEST_F(RegistrationTest, BytesGoByWayOfBoth) {
  auto on = ring(0);
  const int fd = memory_file('a');
  const Pages pages(2);
  Registration file(fd);
  Registration memory(pages.data(), pages.size());
  for (int i = 0; i < 8; ++i) {  // in the third it is in place
    std::memset(pages.data(), 'b' + i, kPage);
    ASSERT_EQ(run(*on, CHI_IO_WRITE, fd, pages.data(), kPage, {&file, &memory}), int{kPage});
    ASSERT_EQ(run(*on, CHI_IO_READ, fd, pages.data() + kPage, kPage, {&file, &memory}), int{kPage});
    ASSERT_EQ(std::string(pages.data() + kPage, kPage), std::string(kPage, static_cast<char>('b' + i)));
  }
  EXPECT_EQ(on->registered().files, 1u);
  EXPECT_EQ(on->registered().memory, 1u);
  ::close(fd);
}

TEST_F(RegistrationTest, EachRingHasItsOwnPlace) {
  auto first = ring(0);
  auto second = ring(1);
  const int fd = memory_file('x');
  const int other = memory_file('y');
  const Pages pages(1);
  Registration filler(other);
  Registration file(fd);
  EXPECT_EQ(run(*second, CHI_IO_READ, other, pages.data(), kPage, {&filler, nullptr}), int{kPage});
  for (IoUring* on : {first.get(), second.get(), first.get()}) {
    std::memset(pages.data(), 0, kPage);
    EXPECT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), kPage, {&file, nullptr}), int{kPage});
    EXPECT_EQ(pages.data()[7], 'x');
  }
  EXPECT_EQ(first->registered().files, 1u);
  EXPECT_EQ(second->registered().files, 2u);
  ::close(fd);
  ::close(other);
}

TEST_F(RegistrationTest, ADescriptorThatIsUsedAgainIsTheNewFile) {
  auto on = ring(0);
  const Pages pages(1);
  for (char fill : {'1', '2', '3'}) {
    const int fd = memory_file(fill);
    Registration file(fd);
    EXPECT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), kPage, {&file, nullptr}), int{kPage});
    EXPECT_EQ(pages.data()[0], fill);
    EXPECT_EQ(on->registered().files, 1u);
    ::close(fd);  // the next one gets its number
  }
}

TEST_F(RegistrationTest, AFullTableTakesNoMoreAndAllIsReadAllTheSame) {
  auto on = ring(0);
  const int fd = memory_file('f');
  const Pages pages(1);
  std::vector<std::unique_ptr<Registration>> files;
  for (unsigned i = 0; i < RingTable::kPlaces + 5; ++i) {
    files.push_back(std::make_unique<Registration>(fd));
    pages.data()[0] = 0;
    ASSERT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), kPage, {files.back().get(), nullptr}), int{kPage});
    ASSERT_EQ(pages.data()[0], 'f');
  }
  EXPECT_EQ(on->registered().files, RingTable::kPlaces);
  files.clear();
  EXPECT_EQ(on->registered().files, 0u);
  ::close(fd);
}

TEST_F(RegistrationTest, MemoryBeyondTheLimitStaysAsItIs) {
  auto on = ring(0);
  const int fd = memory_file('m');
  const Pages pages(RingTable::kLargestRegion / kPage + 4);
  Registration file(fd);
  Registration memory(pages.data(), pages.size());
  for (std::uint64_t moved = 0; moved <= pages.size(); moved += 16 << 20) {
    const std::size_t size = std::min<std::size_t>(16 << 20, pages.size() - moved);
    ASSERT_EQ(run(*on, CHI_IO_READ, fd, pages.data() + moved, size, {&file, &memory}), int{4 * kPage});
    EXPECT_EQ(pages.data()[moved + 4 * kPage - 1], 'm');
  }
  EXPECT_EQ(on->registered().memory, 0u);
  ::close(fd);
}

TEST_F(RegistrationTest, WhatLiesOutsideIsNoMemoryOfIt) {
  auto on = ring(0);
  const int fd = memory_file('o');
  const Pages pages(2);
  Registration file(fd);
  Registration memory(pages.data(), kPage);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), kPage, {&file, &memory}), int{kPage});
  }
  EXPECT_EQ(on->registered().memory, 1u);
  EXPECT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), 2 * kPage, {&file, &memory}), int{2 * kPage});
  EXPECT_EQ(pages.data()[kPage + 1], 'o');
  ::close(fd);
}

TEST_F(RegistrationTest, WhatEndsWhileAnOperationRunsDoesItNoHarm) {
  auto on = ring(0);
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  Ended operation;
  const Pages pages(1);
  {
    Registration file(ends[0]);
    Registration memory(pages.data(), pages.size());
    chi_io io{};
    io.operation = CHI_IO_READ;
    io.fd = ends[0];
    io.data = pages.data();
    io.size = kPage;
    io.offset = ~std::uint64_t{0};
    ASSERT_TRUE(on->start(io, {&file, &memory}, operation));
    on->poll();
  }
  ::close(ends[0]);
  EXPECT_EQ(on->registered().files, 0u);
  ASSERT_EQ(::write(ends[1], "late", 4), 4);
  while (operation.result == Ended::kNotYet) on->wait(clock_.now_ns() + kSecond);
  EXPECT_EQ(operation.result, 4);
  EXPECT_EQ(std::string(pages.data(), 4), "late");
  ::close(ends[1]);
}

TEST_F(RegistrationTest, TheRingMayGoFirst) {
  const int fd = memory_file('r');
  const Pages pages(1);
  Registration file(fd);
  Registration memory(pages.data(), pages.size());
  {
    auto on = ring(0);
    EXPECT_EQ(run(*on, CHI_IO_READ, fd, pages.data(), kPage, {&file, &memory}), int{kPage});
  }
  ::close(fd);
}

}  // namespace
}  // namespace chi::runtime
