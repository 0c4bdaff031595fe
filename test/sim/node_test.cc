// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The same seed gives the same run, to the nanosecond; every seed answers every call once.
#include <chimaera/codec.h>
#include <gtest/gtest.h>
#include <small_message/small_message.h>

#include <string>

#include "runtime/module_library.h"
#include "shm/ring.h"
#include "sim/simulation.h"

namespace chi::test {
namespace {

constexpr std::uint32_t kWorkers = 3;
constexpr std::uint32_t kContainers = 7;
constexpr unsigned kCalls = 150;

std::shared_ptr<const runtime::Module> small_message_module() {
  const runtime::ModuleRepo repo({{CHI_TEST_MODULES}, {}, {}});
  return runtime::Module::load(repo.find("small_message").value()).value();
}

// Sends calls of several kinds at moments that the seed decides, and writes down when each was answered, and how.
class Story {
 public:
  Story(std::uint64_t seed, std::shared_ptr<const runtime::Module> module)
      : simulation_(seed, kWorkers, std::move(module), kContainers) {
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      writers_.emplace_back(simulation_.stream().channel(i, 0));
      readers_.emplace_back(simulation_.stream().channel(i, 0));
    }
  }

  std::string trace() {
    for (unsigned steps = 0; answered_ < kCalls && steps < 5'000'000; ++steps) {
      if (sent_ < kCalls && simulation_.random().next() % 20 == 0) send();
      simulation_.step();
      receive();
    }
    return trace_;
  }
  unsigned answered() const { return answered_; }

 private:
  void send() {
    const std::uint64_t kind = simulation_.random().next() % 4;
    if (kind == 0) return send(small_message::Md{static_cast<std::uint32_t>(simulation_.random().next() % 20)}, 0);
    if (kind == 1) return send(small_message::Nap{simulation_.random().next() % 5000}, 0);
    if (kind == 2) return send(small_message::Nap{60'000'000}, 3);  // the deadline answers
    send(small_message::Null{}, 0);
  }

  template <class Req>
  void send(const Req& request, std::uint32_t ticks) {
    std::uint8_t scratch[64];
    Encoder encoder(scratch);
    encode_message(encoder, request);
    const chi_message message = encoder.message();
    auto& writer = writers_[simulation_.random().next() % kWorkers];  // the right worker or one that has to forward
    shm::RequestSlot* slot = writer.reserve(1);
    ASSERT_NE(slot, nullptr);
    slot->method = static_cast<std::uint16_t>(Req::kMethod.id);
    slot->flags = shm::kNoEpochCheck;
    slot->pool = simulation_.pool().id;
    slot->set_sequence(++sent_);
    slot->incomplete_delta = 0;
    slot->deadline_tick = ticks == 0 ? 0 : static_cast<std::uint32_t>(simulation_.now_ns() / shm::kTickNs) + ticks;
    slot->target = static_cast<std::uint32_t>(simulation_.random().next() % kContainers);
    slot->target_extra = 0;
    slot->query = static_cast<std::uint8_t>(QueryKind::container);
    slot->payload_size = static_cast<std::uint16_t>(message.size);
    slot->buffers = 0;
    writer.fill(message.data, message.size);
    writer.publish(1);
  }

  void receive() {
    shm::ReplySlot slot;
    std::uint8_t scratch[shm::kMaxMessageSlots * shm::kCacheLine];
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    for (auto& reader : readers_) {
      while (reader.ready() && reader.take(slot, scratch, bytes, size)) {
        reader.publish_head();
        if (slot.flags & shm::kFinished) continue;
        ++answered_;
        trace_ += std::to_string(simulation_.now_ns()) + ":" + std::to_string(slot.sequence) + "=" +
                  std::to_string(slot.code) + "\n";
      }
    }
  }

  Simulation simulation_;
  std::vector<shm::RequestWriter> writers_;
  std::vector<shm::ReplyReader> readers_;
  unsigned sent_ = 0;
  unsigned answered_ = 0;
  std::string trace_;
};

TEST(SimulatedNode, TheSameSeedIsTheSameRun) {
  auto module = small_message_module();
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Story first(seed, module);
    Story second(seed, module);
    const std::string trace = first.trace();
    EXPECT_EQ(first.answered(), kCalls) << "seed " << seed;
    EXPECT_EQ(second.trace(), trace) << "seed " << seed;
    EXPECT_NE(trace.find("=0\n"), std::string::npos);
    EXPECT_NE(trace.find("=3\n"), std::string::npos) << "no deadline has passed";
  }
}

// Its replies are kept for a while, but not without limit: then its requests stay in the ring.
TEST(SimulatedNode, AClientThatReadsNoRepliesIsNotReadForEver) {
  Simulation simulation(1, 1, small_message_module(), 1);
  shm::RequestWriter writer(simulation.stream().channel(0, 0));
  unsigned sent = 0;
  for (unsigned steps = 0; steps < 100'000; ++steps) {
    simulation.step();
    shm::RequestSlot* slot = writer.reserve(1);
    if (!slot) continue;
    slot->method = static_cast<std::uint16_t>(small_message::Null::kMethod.id);
    slot->flags = shm::kNoEpochCheck;
    slot->pool = simulation.pool().id;
    slot->set_sequence(++sent);
    slot->deadline_tick = 0;
    slot->target = 0;
    slot->query = static_cast<std::uint8_t>(QueryKind::container);
    slot->payload_size = 0;
    slot->buffers = 0;
    writer.publish(1);
  }
  EXPECT_GT(sent, 1024U);
  EXPECT_LT(sent, 2048U);
}

}  // namespace
}  // namespace chi::test
