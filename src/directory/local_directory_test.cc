// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The Directory contract, tried on LocalDirectory, and what it leaves in its store.
#include "directory/local_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "directory/await.h"
#include "store/memory_store.h"

namespace chi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

// A MemoryStore whose writes can be made to fail.
class FailingStore final : public Store {
 public:
  Result<std::optional<std::string>> get(std::string_view key) const override { return inner_.get(key); }
  Status scan(std::string_view prefix, const Visitor& visit) const override { return inner_.scan(prefix, visit); }
  Status write(const WriteBatch& batch, Sync sync) override {
    if (full) return {Code::resource_exhausted, "disk full"};
    synced = synced && sync == Sync::yes;
    return inner_.write(batch, sync);
  }

  bool full = false;
  bool synced = true;

 private:
  MemoryStore inner_;
};

class LocalDirectoryTest : public testing::Test {
 protected:
  LocalDirectoryTest() { reopen(); }

  void reopen() {
    auto opened = LocalDirectory::open(store_, clock_);
    ASSERT_TRUE(opened) << opened.error().to_string();
    directory_ = std::move(*opened);
  }
  Result<Revision> cas(std::string_view key, Revision expected, std::optional<std::string> value,
                       LeaseId lease = kNoLease) {
    return await<Revision>(5s,
                           [&](const auto& done) { directory_->cas(key, expected, std::move(value), lease, done); });
  }
  std::optional<DirectoryEntry> get(std::string_view key) {
    return await<std::optional<DirectoryEntry>>(5s, [&](const auto& done) { directory_->get(key, done); }).value();
  }
  LeaseId grant(std::uint64_t ttl_ns) {
    return await<LeaseId>(5s, [&](const auto& done) { directory_->grant(ttl_ns, done); }).value();
  }
  Status renew(LeaseId lease) {
    return await<void>(5s, [&](const auto& done) { directory_->renew(lease, done); });
  }
  Status revoke(LeaseId lease) {
    return await<void>(5s, [&](const auto& done) { directory_->revoke(lease, done); });
  }
  std::unique_ptr<Directory::Watch> watch(std::string_view prefix) {
    return std::move(*directory_->watch(prefix, [this](const DirectoryEvent& event) {
      seen_.push_back(event.key + "=" + event.value.value_or("(gone)"));
    }));
  }

  FailingStore store_;
  ManualClock clock_;
  std::unique_ptr<LocalDirectory> directory_;
  std::vector<std::string> seen_;
};

TEST_F(LocalDirectoryTest, SwapsOnlyWhatIsAsExpected) {
  EXPECT_FALSE(get("pool/kv"));
  auto first = cas("pool/kv", kAbsent, "1");
  ASSERT_TRUE(first);
  EXPECT_EQ(get("pool/kv")->value, "1");
  EXPECT_EQ(get("pool/kv")->revision, *first);

  auto again = cas("pool/kv", kAbsent, "2");
  ASSERT_EQ(again.code(), Code::aborted);
  EXPECT_THAT(again.error().text, HasSubstr("pool/kv"));
  EXPECT_EQ(get("pool/kv")->value, "1");

  auto second = cas("pool/kv", *first, "2");
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(get("pool/kv")->value, "2");
  EXPECT_TRUE(store_.synced);
}

TEST_F(LocalDirectoryTest, ARemovedKeyComesBackWithANewRevision) {
  Revision first = *cas("k", kAbsent, "a");
  ASSERT_TRUE(cas("k", first, std::nullopt));
  EXPECT_FALSE(get("k"));
  Revision second = *cas("k", kAbsent, "a");
  EXPECT_GT(second, first);
  EXPECT_EQ(cas("k", first, "late").code(), Code::aborted) << "ABA";
}

TEST_F(LocalDirectoryTest, SurvivesAReopenAndNeverReusesARevision) {
  Revision kept = *cas("kept", kAbsent, std::string("\0\xff", 2));
  Revision gone = *cas("gone", kAbsent, "x");
  ASSERT_TRUE(cas("gone", gone, std::nullopt));
  reopen();
  EXPECT_EQ(get("kept")->value, std::string("\0\xff", 2));
  EXPECT_EQ(get("kept")->revision, kept);
  EXPECT_GT(*cas("gone", kAbsent, "y"), gone + 1);
}

TEST_F(LocalDirectoryTest, ListsAPrefixInOrder) {
  ASSERT_TRUE(cas("pool/b", kAbsent, "2"));
  ASSERT_TRUE(cas("pool/a", kAbsent, "1"));
  ASSERT_TRUE(cas("node/a", kAbsent, "3"));
  auto list = await<std::vector<DirectoryEntry>>(5s, [&](const auto& done) { directory_->list("pool/", done); });
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[0].key, "pool/a");
  EXPECT_EQ((*list)[1].value, "2");
}

TEST_F(LocalDirectoryTest, AFailedWriteChangesNothing) {
  Revision first = *cas("k", kAbsent, "a");
  auto watching = watch("");
  store_.full = true;
  EXPECT_EQ(cas("k", first, "b").code(), Code::resource_exhausted);
  store_.full = false;
  EXPECT_EQ(get("k")->value, "a");
  EXPECT_TRUE(cas("k", first, "c"));
  EXPECT_THAT(seen_, ElementsAre("k=a", "k=c"));
}

TEST_F(LocalDirectoryTest, KeepsItsLimits) {
  EXPECT_EQ(cas("", kAbsent, "x").code(), Code::invalid_argument);
  EXPECT_EQ(cas(std::string(kMaxDirectoryKey + 1, 'k'), kAbsent, "x").code(), Code::invalid_argument);
  EXPECT_EQ(cas("k", kAbsent, std::string(kMaxDirectoryValue + 1, 'v')).code(), Code::invalid_argument);
  EXPECT_TRUE(cas(std::string(kMaxDirectoryKey, 'k'), kAbsent, std::string(kMaxDirectoryValue, 'v')));
}

TEST_F(LocalDirectoryTest, SaysThatARecordIsDamaged) {
  ASSERT_TRUE(store_.write(WriteBatch().put("directory/entry/k", "short"), Sync::yes));
  auto entry = await<std::optional<DirectoryEntry>>(5s, [&](const auto& done) { directory_->get("k", done); });
  EXPECT_EQ(entry.code(), Code::data_loss);
  EXPECT_EQ(directory_->watch("", [](const DirectoryEvent&) {}).code(), Code::data_loss);
  EXPECT_EQ(LocalDirectory::open(store_, clock_).code(), Code::data_loss);
}

TEST_F(LocalDirectoryTest, RefusesAStoreThatLostItsRevision) {
  ASSERT_TRUE(cas("k", kAbsent, "v"));
  ASSERT_TRUE(store_.write(WriteBatch().erase("directory/revision"), Sync::yes));
  EXPECT_EQ(LocalDirectory::open(store_, clock_).code(), Code::data_loss);
}

TEST_F(LocalDirectoryTest, ALeaseTakesItsKeysAlong) {
  LeaseId lease = grant(100);
  ASSERT_TRUE(cas("session/1", kAbsent, "x", lease));
  ASSERT_TRUE(cas("session/2", kAbsent, "x", lease));
  ASSERT_TRUE(cas("other", kAbsent, "x"));
  auto watching = watch("session/");
  clock_.advance(99);
  EXPECT_EQ(directory_->expire(), 101U);
  EXPECT_TRUE(renew(lease));
  clock_.advance(99);
  EXPECT_TRUE(get("session/1")) << "the renewal counts";
  clock_.advance(1);
  EXPECT_FALSE(get("session/1")) << "seen as ended without expire()";
  EXPECT_FALSE(get("session/2"));
  EXPECT_TRUE(get("other"));
  EXPECT_EQ(renew(lease).code(), Code::not_found);
  EXPECT_EQ(cas("k", kAbsent, "x", lease).code(), Code::not_found);
  EXPECT_EQ(directory_->expire(), 0U);
  EXPECT_THAT(seen_, ElementsAre("session/1=x", "session/2=x", "session/1=(gone)", "session/2=(gone)"));
}

TEST_F(LocalDirectoryTest, AKeyThatWasSetWithoutALeaseStays) {
  LeaseId lease = grant(100);
  Revision first = *cas("k", kAbsent, "x", lease);
  ASSERT_TRUE(cas("k", first, "y"));
  EXPECT_TRUE(revoke(lease));
  EXPECT_TRUE(revoke(lease)) << "twice does no harm";
  EXPECT_EQ(get("k")->value, "y");
}

TEST_F(LocalDirectoryTest, ALeaseEndsWithTheDaemon) {
  LeaseId lease = grant(std::numeric_limits<std::uint64_t>::max());
  ASSERT_TRUE(cas("leased", kAbsent, "x", lease));
  ASSERT_TRUE(cas("kept", kAbsent, "x"));
  reopen();
  EXPECT_FALSE(get("leased"));
  EXPECT_TRUE(get("kept"));
}

TEST_F(LocalDirectoryTest, ALeaseThatCannotBeEndedNowIsEndedLater) {
  LeaseId lease = grant(100);
  ASSERT_TRUE(cas("leased", kAbsent, "x", lease));
  clock_.advance(100);
  store_.full = true;
  EXPECT_GT(directory_->expire(), clock_.now_ns());
  auto hidden = await<std::optional<DirectoryEntry>>(5s, [&](const auto& done) { directory_->get("leased", done); });
  EXPECT_EQ(hidden.code(), Code::resource_exhausted) << "rather than a key that should be gone";
  store_.full = false;
  EXPECT_FALSE(get("leased"));
}

TEST_F(LocalDirectoryTest, AWatchTellsWhatIsThereAndThenEachChange) {
  Revision first = *cas("pool/a", kAbsent, "1");
  auto watching = watch("pool/");
  EXPECT_THAT(seen_, ElementsAre("pool/a=1"));
  ASSERT_TRUE(cas("node/a", kAbsent, "1"));
  ASSERT_TRUE(cas("pool/b", kAbsent, "2"));
  ASSERT_TRUE(cas("pool/a", first, std::nullopt));
  EXPECT_THAT(seen_, ElementsAre("pool/a=1", "pool/b=2", "pool/a=(gone)"));
  watching.reset();
  ASSERT_TRUE(cas("pool/c", kAbsent, "3"));
  EXPECT_EQ(seen_.size(), 3U);
}

TEST_F(LocalDirectoryTest, ASinkMayUseTheDirectoryAndEndItsOwnWatch) {
  std::unique_ptr<Directory::Watch> watching;
  int calls = 0;
  watching = std::move(*directory_->watch("in/", [&](const DirectoryEvent& event) {
    ++calls;
    EXPECT_TRUE(cas("out/" + event.key, kAbsent, event.value));
    watching.reset();
  }));
  ASSERT_TRUE(cas("in/a", kAbsent, "1"));
  ASSERT_TRUE(cas("in/b", kAbsent, "1"));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(get("out/in/a")->value, "1");
}

TEST_F(LocalDirectoryTest, AWatchMayOutliveTheDirectory) {
  auto watching = watch("");
  directory_.reset();
  watching.reset();
}

TEST_F(LocalDirectoryTest, EndingAWatchWaitsForItsSink) {
  std::promise<void> entered;
  std::promise<void> ended;
  std::unique_ptr<Directory::Watch> watching = std::move(*directory_->watch("k", [&](const DirectoryEvent&) {
    entered.set_value();
    EXPECT_EQ(ended.get_future().wait_for(100ms), std::future_status::timeout);
  }));
  std::thread writer([&] { EXPECT_TRUE(cas("k", kAbsent, "v")); });
  entered.get_future().wait();
  watching.reset();
  ended.set_value();
  writer.join();
}

TEST_F(LocalDirectoryTest, ConcurrentSwapsLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::atomic<Revision> last_told = 0;
  std::atomic<int> told = 0;
  auto watching = std::move(*directory_->watch("counter", [&](const DirectoryEvent& event) {
    EXPECT_GT(event.revision, last_told.exchange(event.revision));
    ++told;
  }));
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        auto entry = get("counter");
        int next = entry ? std::stoi(entry->value) + 1 : 1;
        auto swapped = cas("counter", entry ? entry->revision : kAbsent, std::to_string(next));
        if (swapped) ++done;
        ASSERT_TRUE(swapped || swapped.code() == Code::aborted);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(get("counter")->value, std::to_string(kThreads * kEach));
  EXPECT_EQ(told, kThreads * kEach);
}

TEST(Await, GivesUpInTimeAndDropsALateAnswer) {
  std::function<void(Result<int>)> late;
  auto result = await<int>(1ms, [&](const auto& done) { late = done; });
  EXPECT_EQ(result.code(), Code::deadline_exceeded);
  late(1);
}

}  // namespace
}  // namespace chi
