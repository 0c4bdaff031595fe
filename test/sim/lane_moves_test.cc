// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lanes move at moments of the seed's choice, under calls of every kind: none is lost, none is done twice, and those of
// one caller to one container are done in its order.
#include <chimaera/codec.h>
#include <chimaera/module.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "runtime/module_library.h"
#include "shm/ring.h"
#include "sim/simulation.h"

namespace chi::test {
namespace {

constexpr std::uint32_t kWorkers = 4;
constexpr std::uint32_t kContainers = 5;
constexpr unsigned kCalls = 1200;
constexpr std::uint64_t kSeeds = 40;
constexpr std::uint64_t kPatient = 1;  // the client, of calls without a deadline: all of them begin
constexpr std::uint64_t kHasty = 2;    // the client, of the others

struct Ledger {
  std::map<std::uint64_t, std::vector<std::uint64_t>> begun;  // by caller: its numbers, as their handlers began
  std::uint64_t ended = 0;
};
// What the containers wrote down, by index. The test runs them all in its one thread.
std::vector<Ledger> ledgers;

struct Done {};

// Writes down its caller and number.
struct Note {
  static constexpr Method kMethod{1, "note", Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
};
// The same, and then sleeps.
struct Linger {
  static constexpr Method kMethod{2, "linger", Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint64_t ns = 0;
};
// The same, and then has another container note it, in this one's name; waits for it, or not.
struct Relay {
  static constexpr Method kMethod{3, "relay", Access::write};
  using Reply = Done;
  std::uint64_t caller = 0;
  std::uint64_t number = 0;
  std::uint32_t to = 0;
  bool forget = false;
};

class Clerk : public Container<> {
 public:
  Result<Done> on(const Note& note) {
    write(note.caller, note.number);
    ++ledgers[index()].ended;
    return Done{};
  }
  Task<Result<Done>> on(const Linger& linger) {
    write(linger.caller, linger.number);
    auto slept = co_await sleep_for(std::chrono::nanoseconds(linger.ns));
    ++ledgers[index()].ended;
    if (!slept.ok()) co_return slept.error();
    co_return Done{};
  }
  Task<Result<Done>> on(const Relay& relay) {
    write(relay.caller, relay.number);
    const std::uint64_t name = 1000 + index();
    const PoolRef there = self().on(container(relay.to));
    const std::uint64_t number = ++sent_[relay.to];
    if (relay.forget) {
      there.fire_and_forget().call<Note>(name, number);
    } else {
      auto noted = co_await there.call<Note>(name, number);
      if (!noted.ok()) co_return noted.error();
    }
    ++ledgers[index()].ended;
    co_return Done{};
  }

 private:
  void write(std::uint64_t caller, std::uint64_t number) { ledgers[index()].begun[caller].push_back(number); }

  std::map<std::uint32_t, std::uint64_t> sent_;
};

const chi_module& clerk() {
  static constexpr chi_module kTable = detail::module_table<Clerk, Note, Linger, Relay>("clerk", "1.0.0");
  return kTable;
}

// One client's stream. It aims by the map as a client does: what it read may be old by the time that it writes.
class Story {
 public:
  explicit Story(std::uint64_t seed) : simulation_(seed, kWorkers, runtime::Module::linked(clerk()), kContainers) {
    ledgers.assign(kContainers, {});
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      writers_.emplace_back(simulation_.stream().channel(i, 0));
      readers_.emplace_back(simulation_.stream().channel(i, 0));
    }
  }

  void run() {
    for (unsigned steps = 0; answered_.size() + forgotten_ < kCalls && steps < 3'000'000; ++steps) {
      if (sent_ < kCalls && random() % 3 == 0) send();
      if (random() % 25 == 0) move_some_lane();
      step();
    }
    for (unsigned i = 0; i < 200'000; ++i) step();  // the ends of what nobody waits for
  }

  void expect_order() const {
    for (std::uint32_t at = 0; at < kContainers; ++at) {
      for (auto& [caller, numbers] : ledgers[at].begun) {
        for (std::size_t i = 0; i < numbers.size(); ++i) {
          if (caller == kHasty) {
            ASSERT_LT(i == 0 ? 0 : numbers[i - 1], numbers[i]) << "at container " << at;
            continue;
          }
          ASSERT_EQ(numbers[i], i + 1) << "caller " << caller << " at container " << at;
        }
      }
    }
  }

  // Each call that was sent began, and those that had no deadline ended, once.
  void expect_all() const {
    EXPECT_EQ(answered_.size() + forgotten_, kCalls);
    for (auto& [sequence, times] : answered_) EXPECT_EQ(times, 1U) << "call " << sequence;
    std::uint64_t begun = 0;
    for (std::uint32_t at = 0; at < kContainers; ++at) {
      auto of_client = ledgers[at].begun.find(kPatient);
      if (of_client != ledgers[at].begun.end()) begun += of_client->second.size();
      for (auto& [caller, numbers] : ledgers[at].begun) {
        if (caller == kPatient || caller == kHasty) continue;
        EXPECT_EQ(numbers.size(), relayed_.at({static_cast<std::uint32_t>(caller - 1000), at}));
      }
    }
    EXPECT_EQ(begun, kCalls - hasty_);
    for (auto& each : simulation_.pool().containers) {
      EXPECT_EQ(each->running.load(), 0U);
      EXPECT_FALSE(each->mail_on_the_way());
      EXPECT_TRUE(each->quiet());
    }
  }

  unsigned moves() const { return moves_; }
  unsigned refusals() const { return refusals_; }
  unsigned late() const { return late_; }

 private:
  std::uint64_t random() { return simulation_.random().next(); }

  void send() {
    const auto at = static_cast<std::uint32_t>(random() % kContainers);
    const std::uint64_t kind = random() % 6;
    if (kind == 1) return send(Linger{kHasty, ++hasty_, 40'000'000}, at, 3);  // the deadline answers
    const std::uint64_t number = ++numbers_[at];
    if (kind == 0) return send(Linger{kPatient, number, random() % 300'000}, at, 0);
    if (kind <= 3) {
      const auto to = static_cast<std::uint32_t>((at + 1 + random() % (kContainers - 1)) % kContainers);
      ++relayed_[{at, to}];
      return send(Relay{kPatient, number, to, kind == 2}, at, 0);
    }
    send(Note{kPatient, number}, at, 0);
  }

  template <class Req>
  void send(const Req& request, std::uint32_t at, std::uint32_t ticks) {
    std::uint8_t scratch[64];
    Encoder encoder(scratch);
    encode_message(encoder, request);
    const chi_message message = encoder.message();
    const std::uint64_t seen = simulation_.lane_entry(at);
    // The client's thread is held up between its look at the map and its write.
    while (random() % 4 == 0) {
      if (random() % 4 == 0) move_some_lane();
      step();
    }
    auto& writer = writers_[shm::LaneMap::worker_of(seen)];
    shm::RequestSlot* slot = nullptr;
    const auto size = message.size;
    const std::uint32_t count = shm::slots_for<shm::RequestSlot>(size);
    for (unsigned steps = 0; !(slot = writer.reserve(count)); ++steps) {
      ASSERT_LT(steps, 3'000'000U) << "the ring is not read";
      step();
    }
    slot->method = static_cast<std::uint16_t>(Req::kMethod.id);
    const bool forget = random() % 8 == 0 && ticks == 0;
    slot->flags = forget ? shm::kNoEpochCheck | shm::kFireAndForget : shm::kNoEpochCheck;
    slot->pool = simulation_.pool().id;
    slot->set_sequence(++sent_);
    slot->incomplete_delta = 0;
    slot->deadline_tick = ticks == 0 ? 0 : static_cast<std::uint32_t>(simulation_.now_ns() / shm::kTickNs) + ticks;
    slot->target = at;
    slot->target_extra = 0;
    slot->query = static_cast<std::uint8_t>(QueryKind::container);
    slot->moves = shm::LaneMap::moves_of(seen);
    slot->payload_size = static_cast<std::uint16_t>(size);
    slot->buffers = 0;
    writer.fill(message.data, size);
    writer.publish(count);
  }

  // Work alone would let no time pass.
  void step() {
    simulation_.step();
    simulation_.pass(random() % 400);
    receive();
  }

  void receive() {
    shm::ReplySlot slot;
    std::uint8_t scratch[shm::kMaxMessageSlots * shm::kCacheLine];
    const std::uint8_t* bytes = nullptr;
    std::uint32_t size = 0;
    for (auto& reader : readers_) {
      while (reader.ready() && reader.take(slot, scratch, bytes, size)) {
        reader.publish_head();
        if (slot.code == static_cast<std::uint16_t>(Code::deadline_exceeded)) ++late_;
        if (!(slot.flags & shm::kFinished)) {
          ++answered_[slot.sequence];
        } else if (!answered_.contains(slot.sequence)) {
          ++forgotten_;
        }
      }
    }
  }

  void move_some_lane() {
    runtime::Container& container = *simulation_.pool().containers[random() % kContainers];
    runtime::Worker& to = simulation_.worker(random() % kWorkers);
    container.worker().run([this, &container, &to](runtime::Worker& worker) {
      const auto result = worker.move_lane(container, to);
      if (result == runtime::Worker::Move::done) ++moves_;
      if (result == runtime::Worker::Move::not_now) ++refusals_;
    });
  }

  mutable Simulation simulation_;
  std::vector<shm::RequestWriter> writers_;
  std::vector<shm::ReplyReader> readers_;
  std::map<std::uint32_t, std::uint64_t> numbers_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> relayed_;
  std::map<std::uint64_t, unsigned> answered_;
  unsigned forgotten_ = 0;
  unsigned sent_ = 0;
  unsigned moves_ = 0;
  unsigned refusals_ = 0;
  unsigned late_ = 0;
  std::uint64_t hasty_ = 0;
};

TEST(LaneMoves, LoseDoubleAndReorderNothing) {
  unsigned moves = 0;
  unsigned late = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    story.run();
    story.expect_order();
    story.expect_all();
    moves += story.moves();
    late += story.late();
  }
  EXPECT_GT(moves, 3000U);
  EXPECT_GT(late, 100U);
}

}  // namespace
}  // namespace chi::test
