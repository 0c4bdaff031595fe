// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One thread's calls: its rings, the table of calls that are not over, and waiting for them. Everything is its owner's,
// one thread at a time, but for what says otherwise. It outlives its session as long as a Future refers to it.
//
// stream_submit.cc and stream_send.cc send, stream_receive.cc takes replies, stream_wait.cc waits; the begin and end
// are in stream.cc. What is inline is in stream_hot.h: the path of a small call is to be one piece of code.
#pragma once

#include <chimaera/pool.h>

#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/function_ref.h"
#include "base/process_words.h"
#include "client/connection.h"
#include "client/entry.h"
#include "client/loop.h"
#include "client/ticks.h"
#include "shm/ring.h"

namespace chi::client {

// The stream that a thread used last: what makes the usual case one comparison. Its address names the thread.
struct ThreadCache {
  std::uint64_t session;
  Stream* stream;
};
extern constinit thread_local ThreadCache thread_cache;

inline const void* this_thread() noexcept { return &thread_cache; }

class Stream {
 public:
  static constexpr std::uint32_t kFirstEntries = 256;  // the table grows with the Futures that are kept
  static constexpr std::uint32_t kMostEntries = 1 << 16;
  static constexpr std::uint64_t kGraceNs = 50'000'000;  // beyond a deadline that the daemon should have kept

  // `number` spreads what may go to any worker.
  Stream(Session& session, std::uint32_t number);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Any thread. Who may use the rest; null: nobody. A fork's child finds that nobody may.
  void set_owner(const void* thread) noexcept {
    owner_.store(reinterpret_cast<std::uintptr_t>(thread), std::memory_order_relaxed);
  }
  bool mine() const noexcept {
    return owner_.load(std::memory_order_relaxed) == reinterpret_cast<std::uintptr_t>(this_thread());
  }

  // The connection that its rings belong to; null before the first.
  const std::shared_ptr<Connection>& connection() const noexcept { return connection_; }
  bool live() const noexcept { return connection_ && !connection_->dead(); }
  void attach(std::shared_ptr<Connection> connection, StreamMemory memory);
  // Gives the rings back, where no call is under way; attach() gives others.
  void detach();
  // Ends every call that waits, and all memory that they hold.
  void fail_all(const Error& error);
  // The session ends. Returns whether the stream is to be deleted now; else the last Future does.
  bool close();

  PendingCall submit(const OpenPool& target, std::uint32_t method, const Query& query, const CallOptions& options,
                     const EncodedRequest& encoded);

  // For the PendingCall of this sequence number. Those of another thread than the owner's have no answer.
  bool wait(std::uint64_t sequence, std::chrono::nanoseconds limit);
  Answer answer(std::uint64_t sequence);
  void give_back(std::uint64_t sequence) noexcept;
  void cancel(std::uint64_t sequence);
  void notify(std::uint64_t sequence, detail::Continuation* continuation) noexcept;

  // Takes in all that has come; gives the number of replies. absorb() leaves out what would make new calls.
  std::size_t absorb();
  std::size_t receive();
  // The same, and looks from time to time whether the daemon lives.
  std::size_t poll();
  // The same, and sleeps where nothing is ready: see Client::poll_for.
  std::size_t poll_for(std::chrono::nanoseconds limit);
  // Any thread. Ends the poll_for() under way, or the next.
  void wake() noexcept;
  // Looks at once.
  void check();
  // Spins, then sleeps, until `reached()`; false: not by then. Looks at least once. `first`: the channel that matters;
  // what comes in others is taken in, too, but has to wait for it.
  static constexpr unsigned kNoChannel = ~0U;
  bool wait_until(FunctionRef<bool()> reached, std::uint64_t until_ns, unsigned first = kNoChannel);
  // Waits for calls to this pool, or to any, that have no answer yet.
  Status flush(const PoolState* pool);

  Loop& loop() noexcept { return loop_; }
  bool awaited() const noexcept { return awaited_ > 0; }  // by a coroutine

 private:
  struct Request;
  struct Held;
  using ChannelSet = std::uint64_t[shm::kMaxWorkers * shm::kPriorities / 64];  // a bit for each
  struct Channel {
    explicit Channel(shm::Channel& channel) : writer(channel), reader(channel) {}
    shm::RequestWriter writer;
    shm::ReplyReader reader;
    std::uint32_t outstanding = 0;
  };

  void drop_channels() noexcept;

  // stream_submit.cc
  bool route(const OpenPool& target, const Query& query, Request& out) const;
  void aim(const OpenPool& target, std::uint32_t index, Request& out) const;
  static Error unroutable(const OpenPool& target, const Query& query);
  PendingCall submit_packed(const OpenPool& target, Request& request, const EncodedRequest& encoded);
  PendingCall launch(const OpenPool& target, const Request& request, Held* held);
  Entry* find_free() noexcept;
  void remember(Entry& entry, const OpenPool& target, const Request& request);
  void write(const Request& request, std::uint64_t sequence);
  void advance_incomplete() noexcept;
  void join_channel(unsigned number) noexcept {
    if (channels_[number].outstanding++ != 0) return;
    const std::uint64_t bit = std::uint64_t{1} << (number % 64);
    active_[number / 64] |= bit;
    used_[number / 64] |= bit;
  }
  template <class F>
  static void for_each_channel(const ChannelSet& set, const F& function) {
    for (unsigned word = 0; word < std::size(set); ++word) {
      for (std::uint64_t left = set[word]; left; left &= left - 1) {
        function(word * 64 + static_cast<unsigned>(__builtin_ctzll(left)));
      }
    }
  }
  void leave_channel(unsigned number) noexcept {
    if (--channels_[number].outstanding == 0) active_[number / 64] &= ~(std::uint64_t{1} << (number % 64));
  }

  // stream_send.cc
  void send(const Request& request, std::uint64_t sequence);
  Status pack(const EncodedRequest& encoded, std::uint8_t* scratch, Request& out, Held& held);
  bool grow_table();
  Result<Entry*> make_room(const Request& request);
  void flush_releases();
  void retry_all();
  void retry(std::uint64_t sequence);
  Status renew(PoolState& pool, const Error& refusal, Request& request);

  // stream_receive.cc
  std::size_t receive_channel(unsigned number, std::size_t limit);
  std::size_t receive_active(unsigned first);
  void accept(const shm::ReplySlot& slot, const std::uint8_t* bytes, std::uint32_t size);
  bool wants_retry(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes);
  void store_answer(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes, std::uint32_t size);
  void store_large(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes);
  Status take_body(Entry& entry, const shm::ReplySlot& slot, const std::uint8_t* bytes, Extra& extra);
  Result<chi_buffer> borrow(const Entry& entry, const shm::BufferDescriptor& descriptor);
  void stray(const shm::ReplySlot& slot, const std::uint8_t* bytes);
  Answer large_answer(Entry& entry);
  Answer foreign_answer() const noexcept;
  void settle(Entry& entry);
  void post_continuation(Extra& extra);
  void settle_locally(Entry& entry, const Error& error);
  void end(Entry& entry);
  void free_if_done(Entry& entry) noexcept;
  void drop(Entry& entry) noexcept;
  void give_back_slowly(std::uint64_t sequence) noexcept;
  void take_foreign();
  Extra& extra_of(Entry& entry);
  void recycle(Extra* extra) noexcept;
  static void run_continuation(chi_work* work);

  // stream_wait.cc
  bool spin(FunctionRef<bool()> reached, std::uint64_t until_ns, unsigned first, std::uint64_t& started_ns);
  bool sleep(FunctionRef<bool()> reached, std::uint64_t until_ns);
  void look_after(std::uint64_t now_ns);
  void expire(std::uint64_t now_ns);

  // Valid until the table grows, as it may whenever a call is made.
  Entry& entry_of(std::uint64_t sequence) noexcept { return entries_[sequence & (entry_count_ - 1)]; }
  std::uint8_t* wide_of(const Entry& entry) noexcept { return wide_[&entry - entries_.get()].bytes; }
  std::uint8_t* answer_of(Entry& entry) noexcept {
    return entry.answer_size <= kInlineAnswer ? entry.bytes() : wide_of(entry);
  }
  shm::Stream& shared() const noexcept { return *reinterpret_cast<shm::Stream*>(segment_.data()); }

  // Whether this is a fork's child of the process that made it: nothing of it may be touched, its mutex included.
  bool inherited() const noexcept { return words_[1].load(std::memory_order_relaxed) == 0; }

  const ProcessWords words_;  // who owns it; that this process made it
  ProcessWords::Word& owner_ = words_[0];
  Session* session_;  // null once it has ended
  const std::uint32_t number_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t first_incomplete_ = 1;
  ChannelSet active_ = {};        // channels with calls that are not over
  ChannelSet used_ = {};          // that ever had one: a look at the others would only give them memory
  std::uint32_t unanswered_ = 0;  // periodic ones not counted
  std::uint32_t awaited_ = 0;
  std::uint32_t live_ = 0;  // Futures
  const std::uint64_t coarse_lag_ns_ = coarse_lag();

  std::shared_ptr<Connection> connection_;
  std::uint64_t daemon_clock_ahead_ns_ = 0;
  SessionId id_ = 0;
  shm::Segment segment_;
  std::vector<Channel> channels_;
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<Wide[]> wide_;
  std::uint32_t entry_count_ = kFirstEntries;  // a power of two
  std::vector<std::unique_ptr<Extra>> all_extras_;
  std::vector<Extra*> free_extras_;
  std::vector<std::uint64_t> retries_;
  bool retrying_ = false;

  const std::uint64_t longest_spin_ns_;
  std::uint64_t spin_ns_;
  std::uint64_t next_check_ns_ = 0;
  std::optional<Error> lost_;  // of a call that nobody asks for, since the last flush
  Loop loop_;

  std::atomic<bool> woken_{false};
  std::mutex foreign_mutex_;            // and of changes of `segment_`
  std::vector<std::uint64_t> foreign_;  // given back by other threads
  std::atomic<bool> has_foreign_{false};
  bool orphaned_ = false;  // under the mutex
};

}  // namespace chi::client
