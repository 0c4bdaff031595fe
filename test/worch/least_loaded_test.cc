// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// worch_queue_least_loaded in charge of a node that works.
#include <algorithm>
#include <set>

#include "worch/ledger_node.h"

namespace chi::test {
namespace {

class LeastLoaded : public LedgerNode {
 protected:
  // Lanes are where they were made, until somebody is in charge.
  void SetUp() override { start_books("worch: {queue: null, period: 20ms, patience: 5s}", 2, kBooks); }

  // Those that are with the worker that the first one is with.
  std::vector<std::uint32_t> neighbours() const {
    const auto workers = workers_of_books();
    std::vector<std::uint32_t> out;
    for (std::uint32_t book = 0; book < kBooks; ++book) {
      if (workers[book] == workers[0]) out.push_back(book);
    }
    return out;
  }
  std::set<std::uint32_t> workers_of(const std::vector<std::uint32_t>& books) const {
    const auto workers = workers_of_books();
    std::set<std::uint32_t> out;
    for (const std::uint32_t book : books) out.insert(workers[book]);
    return out;
  }
  // With these words for it.
  bool some_book_moved(const std::string& words) const {
    const auto lanes = show().lanes;
    return std::any_of(lanes.begin(), lanes.end(), [&words](auto& lane) {
      return lane.name.starts_with("books/") && lane.why.find(words) != std::string::npos;
    });
  }

  static constexpr std::uint32_t kBooks = 8;
};

TEST_F(LeastLoaded, SharesOutWhatIsOnOneWorker) {
  const std::vector<std::uint32_t> loaded = neighbours();
  ASSERT_EQ(loaded.size(), kBooks / 2);
  begin_load(2, loaded);
  EXPECT_TRUE(calls_go_on());
  ASSERT_EQ(workers_of(loaded).size(), 1U);
  ASSERT_TRUE(set("queue", "least_loaded").ok());
  EXPECT_TRUE(eventually([&] { return workers_of(loaded).size() == 2 && some_book_moved("to do, the mean is"); }));
  EXPECT_TRUE(calls_go_on());
  end_load();
}

// Its pool goes again and again, and with it what it has learnt; lanes keep to their callers' order meanwhile.
TEST_F(LeastLoaded, IsTakenAwayWhileItWorks) {
  const std::vector<std::uint32_t> loaded = neighbours();
  ASSERT_TRUE(set("queue", "least_loaded").ok());
  begin_load(2, loaded);
  for (unsigned round = 0; round < 5; ++round) {
    const auto before = show().policies.at(0).rounds;
    ASSERT_TRUE(eventually([&] { return show().policies.at(0).rounds > before + 2; }));
    const auto destroyed = client_->destroy_pool("worch_queue_least_loaded");
    ASSERT_TRUE(destroyed.ok()) << destroyed.error().to_string();
    ASSERT_TRUE(calls_go_on());
  }
  EXPECT_TRUE(eventually([&] { return workers_of(loaded).size() == 2; }));
  EXPECT_EQ(show().policies.at(0).refused, 0U);
  EXPECT_EQ(show().policies.at(0).module, "worch_queue_least_loaded");
  end_load();
}

// Calls that take turns with pauses, so that all workers have time to spare: then kinds have workers of their own.
class PausingCaller {
 public:
  template <class Call>
  PausingCaller(Client client, std::uint64_t pause_us, Call call)
      : thread_([this, client = std::move(client), pause_us, call] {
          const Pool books = client.pool("books");
          for (std::uint64_t number = 1; !end_; ++number) {
            call(books, number);
            EXPECT_TRUE(client.pool("small").call<sm::Nap>(pause_us).get().ok());
          }
        }) {}
  PausingCaller(const PausingCaller&) = delete;
  PausingCaller& operator=(const PausingCaller&) = delete;
  ~PausingCaller() {
    end_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> end_{false};
  std::thread thread_;
};

constexpr std::uint64_t kShortNs = 200'000;
constexpr std::uint64_t kLongNs = 900'000;

// The long ones are not so long that they would be found to be, and so few that balance alone would give them
// neighbours.
TEST_F(LeastLoaded, KeepsApartWhatIsDeclaredLong) {
  const PausingCaller of_long(runtime_->connect().value(), 10'000, [](const Pool& books, std::uint64_t number) {
    EXPECT_TRUE(books.on(container(0)).call<ledger::Toil>(std::uint64_t{1}, number, kLongNs).get().ok());
  });
  const PausingCaller of_short(runtime_->connect().value(), 4'000, [](const Pool& books, std::uint64_t number) {
    for (std::uint32_t book = 1; book < kBooks; ++book) {
      EXPECT_TRUE(books.on(container(book)).call<ledger::Work>(std::uint64_t{2}, number, kShortNs).get().ok());
    }
  });
  ASSERT_EQ(neighbours().size(), kBooks / 2);
  ASSERT_TRUE(set("queue", "least_loaded").ok());
  EXPECT_TRUE(eventually([this] { return neighbours().size() == 1 && some_book_moved(": away from the "); }));
}

}  // namespace
}  // namespace chi::test
