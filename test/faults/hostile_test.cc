// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A client that speaks the protocol by hand and fills its whole segment with what it likes, random and crafted. The
// daemon neither crashes nor hangs, and others get their own data, all of it and nothing else.
#include <kv/kv.h>
#include <small_message/small_message.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <set>
#include <thread>

#include "base/runtime_dir.h"
#include "common/socket_node.h"
#include "shm/packet.h"
#include "shm/ring.h"
#include "shm/segment.h"

namespace chi::test {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t in_two_seconds() {
  return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()) + 2'000'000'000;
}

// Its own connection, stream and arena, and no scruples.
class Hostile {
 public:
  Hostile(const std::string& path, std::vector<admin::PoolInfo> pools, std::uint32_t seed)
      : pools_(std::move(pools)), random_(seed) {
    auto address = socket_address(path).value();
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
    auto welcome = ask(shm::Packet::hello, 0);
    workers_ = welcome.record.workers;
    wakes_.assign(std::make_move_iterator(welcome.fds.begin() + 1), std::make_move_iterator(welcome.fds.end()));
    auto stream = ask(shm::Packet::open_stream, 0);
    stream_ = shm::Segment::adopt(std::move(stream.fds.at(0)), stream.record.size).value();
    auto arena = ask(shm::Packet::add_arena, kArena);
    segment_ = arena.record.segment;
    arena_ = shm::Segment::adopt(std::move(arena.fds.at(0)), arena.record.size).value();
    for (std::uint32_t i = 0; i < workers_ * shm::kPriorities; ++i) writers_.emplace_back(channel(i));
  }

  void turn() {
    switch (random_() % 8) {
      case 0:
        scribble(stream_);
        break;
      case 1:
        scribble(arena_);
        break;
      case 2:
        channel(random_() % writers_.size()).reply_head.store(random_());
        break;
      case 3:
        consume();
        break;
      default:
        for (int i = 0; i < 32; ++i) craft();
    }
    for (UniqueFd& wake : wakes_) {
      const std::uint64_t one = 1;
      [[maybe_unused]] ssize_t ignored = ::write(wake.get(), &one, sizeof one);
    }
  }

 private:
  static constexpr std::uint64_t kArena = 1 << 20;

  shm::ReceivedPacket ask(shm::Packet what, std::uint64_t size) {
    shm::Record record;
    record.packet = static_cast<std::uint32_t>(what);
    record.size = size;
    (void)shm::send_packet(socket_.get(), record, {}, in_two_seconds());
    return shm::receive_packet(socket_.get(), in_two_seconds()).value();
  }
  shm::Channel& channel(std::size_t i) { return reinterpret_cast<shm::Stream*>(stream_.data())->channels[i]; }

  void scribble(shm::Segment& segment) {
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t value = random_() % 4 == 0 ? 0xffffffffU : static_cast<std::uint32_t>(random_());
      std::memcpy(segment.data() + random_() % (segment.size() - 8), &value, sizeof value);
    }
  }

  // Everything that came back counts as read: the daemon may write on.
  void consume() {
    for (std::uint32_t i = 0; i < writers_.size(); ++i) {
      shm::ReplyReader reader(channel(i));
      channel(i).reply_head.store(channel(i).reply_head.load() + random_() % shm::kRingSlots);
    }
  }

  std::uint32_t odd_number() {
    switch (random_() % 6) {
      case 0:
        return 0;
      case 1:
        return 0xffffffffU;
      case 2:
        return static_cast<std::uint32_t>(random_());
      case 3:
        return 1U << random_() % 32;
      default:
        return static_cast<std::uint32_t>(random_() % 8);
    }
  }

  // A request with the right position, and now and then something right in the rest of it.
  void craft() {
    auto& writer = writers_[random_() % writers_.size()];
    shm::RequestSlot* slot = writer.reserve(1);
    if (!slot) {  // the daemon's head says otherwise only if we overwrote it: begin anywhere
      writer = shm::RequestWriter(channel(random_() % writers_.size()));
      return;
    }
    const admin::PoolInfo& pool = pools_[random_() % pools_.size()];
    slot->pool = random_() % 10 == 0 ? random_() : pool.id;
    slot->method = method_of(pool);
    slot->flags = static_cast<std::uint8_t>(random_() % 3 == 0 ? random_() : shm::kNoEpochCheck);
    slot->set_sequence(random_() % 64);
    slot->incomplete_delta = odd_number();
    slot->deadline_tick = random_() % 2 ? odd_number() : 0;
    slot->target = odd_number();
    slot->target_extra = odd_number();
    slot->query = static_cast<std::uint8_t>(random_() % 3 == 0 ? random_() % 12 : 1);
    slot->payload_size = static_cast<std::uint16_t>(random_() % 4 == 0 ? odd_number() : random_() % 19);
    slot->buffers = static_cast<std::uint8_t>(random_() % 3 == 0 ? odd_number() : 0);
    for (auto& byte : slot->data) byte = static_cast<std::uint8_t>(random_() % 3 == 0 ? random_() : random_() % 3);
    if (random_() % 2) put_descriptor(*slot);
    writer.publish(1);
  }

  void put_descriptor(shm::RequestSlot& slot) {
    const shm::BufferDescriptor where{random_() % 4 == 0 ? odd_number() : segment_, odd_number(),
                                      random_() % 2 ? random_() % kArena : random_()};
    std::memcpy(slot.data, &where, sizeof where);
  }

  // Any method but those whose right use stops the daemon or holds a container, as their caller may do.
  std::uint16_t method_of(const admin::PoolInfo& pool) {
    for (;;) {
      const auto method = static_cast<std::uint16_t>(random_() % 30 == 0 ? random_() : random_() % 16);
      if (pool.name == "admin" && method != 3 && method != 5 && method != 9) continue;
      const bool takes_time = method == small_message::Spin::kMethod.id || method == small_message::Nap::kMethod.id ||
                              method == small_message::Turns::kMethod.id;
      if (pool.name == "small" && takes_time) continue;
      return method;
    }
  }

  std::vector<admin::PoolInfo> pools_;
  std::mt19937_64 random_;
  UniqueFd socket_;
  std::uint32_t workers_ = 0;
  std::vector<UniqueFd> wakes_;
  shm::Segment stream_;
  shm::Segment arena_;
  std::uint32_t segment_ = 0;
  std::vector<shm::RequestWriter> writers_;
};

class HostileClient : public SocketNode {
 protected:
  // What it scribbles may by chance be a call that computes for as long as it says, and holds its container.
  bool only_held(const std::string& pool) const {
    std::set<std::string> held;
    for (auto& stuck : status().stuck) {
      if (stuck.method == "spin" || stuck.method == "turns") held.insert(stuck.container);
    }
    const auto containers = client_->admin().call<admin::PoolDescribe>(pool).get().value().containers;
    return std::all_of(containers.begin(), containers.end(), [&](auto& each) {
      return each.running == 0 || held.contains(pool + "/" + std::to_string(each.index));
    });
  }
};

TEST_F(HostileClient, HarmsItselfOnly) {
  ASSERT_TRUE(client_->create_pool("public", {.module = "kv", .containers = 3}).ok());
  std::vector<admin::PoolInfo> pools;
  for (auto& pool : status().pools) {
    if (pool.name != "store") pools.push_back(pool);  // `store` is where the honest one keeps its data
  }
  const auto end = Clock::now() + std::chrono::seconds(CHI_HOSTILE_SECONDS);
  std::atomic<bool> stop{false};
  std::thread attacker([&] {
    for (std::uint32_t seed = 1; !stop.load(); ++seed) {
      Hostile hostile(socket(), pools, seed);
      for (int i = 0; i < 3000 && !stop.load(); ++i) hostile.turn();
    }
  });
  std::uint64_t checked = 0;
  auto store = client_->pool("store").with_deadline(std::chrono::seconds(20));
  while (Clock::now() < end) {
    const std::string key = "mine" + std::to_string(checked % 100);
    const std::string value = std::to_string(checked) + std::string(checked % 1500, 'm');
    auto put = store.call<kv::Put>(key, Bytes(value)).get();
    ASSERT_TRUE(put.ok()) << put.error().to_string();
    auto got = store.call<kv::Get>(key).get();
    ASSERT_TRUE(got.ok() && got->value) << key;
    ASSERT_EQ(got->value->view(), value);
    ++checked;
  }
  stop = true;
  attacker.join();
  EXPECT_GT(checked, 100U);
  EXPECT_EQ(client_->pool("store").call<kv::Count>().get().value().count, std::min<std::uint64_t>(checked, 100));
  EXPECT_TRUE(eventually([&] { return status().sessions.size() == 1; }));
  EXPECT_TRUE(eventually([&] { return only_held("small"); }));
  EXPECT_TRUE(eventually([&] { return running("public") == 0 && running("store") == 0; }));
}

}  // namespace
}  // namespace chi::test
