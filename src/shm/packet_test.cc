// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include "shm/packet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <filesystem>

#include "base/clock.h"

namespace chi::shm {
namespace {

class PacketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    a_.reset(ends[0]);
    b_.reset(ends[1]);
  }
  static std::uint64_t soon() { return SystemClock().now_ns() + 5'000'000'000; }
  static std::size_t open_fds() {
    auto entries = std::filesystem::directory_iterator("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }
  UniqueFd a_, b_;
};

TEST_F(PacketTest, RecordAndDescriptorsArrive) {
  Record record;
  record.packet = static_cast<std::uint32_t>(Packet::welcome);
  record.size = 42;
  set_text(record, std::string(500, 'x'));
  UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  std::vector<int> fds(kMaxPacketFds, file.get());
  ASSERT_TRUE(send_packet(a_.get(), record, fds, soon()).ok());
  auto packet = receive_packet(b_.get(), soon());
  ASSERT_TRUE(packet.ok()) << packet.error().to_string();
  EXPECT_EQ(packet->record.size, 42U);
  EXPECT_EQ(std::strlen(packet->record.text), sizeof(record.text) - 1);
  ASSERT_EQ(packet->fds.size(), kMaxPacketFds);
  for (auto& fd : packet->fds) EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(PacketTest, SurplusDescriptorsAreClosed) {
  Record record;
  UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int fds[] = {file.get(), file.get(), file.get()};
  std::size_t before = open_fds();
  ASSERT_TRUE(send_packet(a_.get(), record, fds, soon()).ok());
  EXPECT_EQ(receive_packet(b_.get(), soon(), 2).code(), Code::invalid_argument);
  EXPECT_EQ(open_fds(), before);
  ASSERT_EQ(::send(a_.get(), "short", 5, 0), 5);
  EXPECT_EQ(receive_packet(b_.get(), soon()).code(), Code::invalid_argument);
}

TEST_F(PacketTest, OtherVersionsAndGarbageAreToldApart) {
  Record record;
  record.version = 7;
  ASSERT_TRUE(send_packet(a_.get(), record, {}, soon()).ok());
  auto packet = receive_packet(b_.get(), soon());
  EXPECT_EQ(packet.code(), Code::failed_precondition);
  EXPECT_NE(packet.error().text.find('7'), std::string::npos);
  record.magic = 1;
  ASSERT_TRUE(send_packet(a_.get(), record, {}, soon()).ok());
  EXPECT_EQ(receive_packet(b_.get(), soon()).code(), Code::invalid_argument);
  char large[sizeof(Record) + 1] = {};
  ASSERT_EQ(::send(a_.get(), large, sizeof(large), 0), ssize_t{sizeof(large)});
  EXPECT_EQ(receive_packet(b_.get(), soon()).code(), Code::invalid_argument);
}

TEST_F(PacketTest, DeadlinesAndTheOtherSidesEnd) {
  EXPECT_EQ(receive_packet(b_.get(), 0).code(), Code::deadline_exceeded);
  EXPECT_EQ(receive_packet(b_.get(), SystemClock().now_ns() + 2'000'000).code(), Code::deadline_exceeded);
  Record record;
  Status sent;
  for (int i = 0; i < 100'000 && sent.ok(); ++i) sent = send_packet(a_.get(), record, {}, 0);
  EXPECT_EQ(sent.code(), Code::deadline_exceeded);  // nobody reads
  a_.reset();
  Result<ReceivedPacket> last = receive_packet(b_.get(), soon());
  while (last.ok()) last = receive_packet(b_.get(), soon());
  EXPECT_EQ(last.code(), Code::unavailable);
  EXPECT_EQ(send_packet(b_.get(), record, {}, soon()).code(), Code::unavailable);
}

}  // namespace
}  // namespace chi::shm
