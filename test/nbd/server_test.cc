// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// An export in the test's own process, where the sanitizers see all of its threads: clients that come and go while
// others write and read, and its end in the middle of that.
#include "nbd/server.h"

#include <bdev/config.h>
#include <chimaera/codec.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <thread>
#include <vector>

#include "base/runtime_dir.h"
#include "common/socket_node.h"

namespace chi::nbd {
namespace {

constexpr std::uint64_t kSize = 8 << 20;
constexpr std::uint32_t kBlock = 4096;

class Peer {
 public:
  explicit Peer(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), reader_(fd_.get()) {
    const auto address = socket_address(path).value();
    connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  // Greeting, GO for the default export, and its answers.
  bool begin() {
    std::string out;
    append_big<std::uint32_t>(out, kFixedNewstyle | kNoZeroes);
    append_big(out, kOptionMagic);
    append_big<std::uint32_t>(out, kOptGo);
    append_big<std::uint32_t>(out, 6);
    out.append(6, '\0');
    constexpr std::size_t kAnswer = 18 + (20 + 12) + (20 + 14) + 20;
    std::uint8_t answer[kAnswer];
    return connected_ && send(out) && reader_.read(answer) && answer[kAnswer - 5] == kRepAck;
  }

  bool request(std::uint16_t command, std::uint64_t block, const std::string& data = {}) {
    std::string out;
    append_big(out, kRequestMagic);
    append_big<std::uint16_t>(out, 0);
    append_big(out, command);
    append_big(out, block);  // the cookie
    append_big(out, block * kBlock);
    append_big(out, kBlock);
    return send(out + data);
  }

  // The cookie and the error of the next reply.
  bool reply(std::uint64_t& block, std::uint32_t& error) {
    std::uint8_t header[kReplySize];
    if (!reader_.read(header)) return false;
    error = load_big<std::uint32_t>(header + 4);
    block = load_big<std::uint64_t>(header + 8);
    return load_big<std::uint32_t>(header) == kSimpleReplyMagic;
  }

  bool read(std::string& data) { return reader_.read({reinterpret_cast<std::uint8_t*>(data.data()), data.size()}); }

 private:
  bool send(const std::string& bytes) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    return send_all(fd_.get(), {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, until);
  }

  UniqueFd fd_;
  SocketReader reader_;
  bool connected_ = false;
};

std::string block_of(std::uint64_t block) { return std::string(kBlock, static_cast<char>('a' + block % 26)); }

// Writes blocks of its own, as many at once as the socket takes, and reads them back. Whether it was answered wholly.
bool write_and_read(const std::string& path, std::uint64_t first, std::uint64_t count) {
  Peer peer(path);
  if (!peer.begin()) return false;
  std::uint64_t block = 0;
  std::uint32_t error = 0;
  for (std::uint64_t i = first; i < first + count; ++i) {
    if (!peer.request(kWrite, i, block_of(i))) return false;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!peer.reply(block, error)) return false;
    EXPECT_EQ(error, kOk);
  }
  for (std::uint64_t i = first; i < first + count; ++i) {
    if (!peer.request(kRead, i)) return false;
  }
  std::string data(kBlock, '\0');
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!peer.reply(block, error) || !peer.read(data)) return false;
    EXPECT_EQ(error, kOk);
    EXPECT_TRUE(data == block_of(block)) << block;
  }
  return true;
}

class NbdServer : public test::SocketNode {
 protected:
  void SetUp() override {
    SocketNode::SetUp();
    bdev::Config config;
    config.backend = "ram:" + std::to_string(kSize);
    config.disk = true;
    PoolOptions pool;
    pool.module = "bdev";
    pool.config = Bytes(encode_to_string(config));
    ASSERT_TRUE(client_->create_pool("disk", pool).ok());
    ServerOptions options;
    options.daemon.socket = socket();
    options.pool = "disk";
    options.socket = path();
    auto server = Server::open(options, notes_);
    ASSERT_TRUE(server.ok()) << server.error().to_string();
    server_ = *std::move(server);
    thread_ = std::thread([this] { server_->run(); });
  }
  void TearDown() override {
    if (server_) server_->stop();
    if (thread_.joinable()) thread_.join();
    server_.reset();
    SocketNode::TearDown();
  }

  std::string path() const { return folder_ / "nbd.sock"; }

  Notes notes_{[](const std::string&) {}};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

TEST_F(NbdServer, ServesSeveralWhileOthersComeAndGo) {
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (std::uint64_t i = 0; i < 4; ++i) {
    clients.emplace_back([this, i] {
      for (int round = 0; round < 5; ++round) EXPECT_TRUE(write_and_read(path(), i * 200, 100));
    });
  }
  for (int i = 0; i < 30; ++i) {
    Peer rude(path());
    if (i % 2 == 0) continue;
    EXPECT_TRUE(rude.begin());
    for (std::uint64_t block = 1000; block < 1050; ++block) rude.request(kRead, block);
  }
  for (std::thread& each : clients) each.join();
  EXPECT_TRUE(eventually([this] { return status().sessions.size() == 1; }));  // the test's own
}

TEST_F(NbdServer, EndsInTheMiddle) {
  std::vector<std::thread> clients;
  clients.reserve(4);
  std::atomic<int> rounds{0};
  for (std::uint64_t i = 0; i < 4; ++i) {
    clients.emplace_back([this, i, &rounds] {
      while (write_and_read(path(), i * 200, 100)) ++rounds;
    });
  }
  EXPECT_TRUE(eventually([&rounds] { return rounds >= 4; }));
  server_->stop();
  thread_.join();
  for (std::thread& each : clients) each.join();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

}  // namespace
}  // namespace chi::nbd
