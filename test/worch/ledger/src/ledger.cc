// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The ledger of one container.
#include <chimaera/module.h>
#include <ledger/ledger.h>

#include <chrono>
#include <map>
#include <string>

namespace ledger {

class Book : public chi::Container<> {
 public:
  chi::Result<Done> on(const Note& note) {
    begin(note.caller, note.number);
    return end();
  }

  chi::Result<Done> on(const Work& work) { return compute(work.caller, work.number, work.ns); }
  chi::Result<Done> on(const Toil& toil) { return compute(toil.caller, toil.number, toil.ns); }

  chi::Task<chi::Result<Done>> on(const Linger& linger) {
    begin(linger.caller, linger.number);
    auto slept = co_await sleep_for(std::chrono::nanoseconds(linger.ns));
    if (!slept.ok()) co_return slept.error();
    co_return end();
  }

  chi::Task<chi::Result<Done>> on(const Relay& relay) {
    begin(relay.caller, relay.number);
    const chi::PoolRef there = self().on(chi::container(relay.to));
    const std::uint64_t name = 1'000'000 + index();
    for (std::uint32_t i = 1; i < relay.times || (relay.forget && i == relay.times); ++i) {
      there.fire_and_forget().call<Note>(name, next(relay.to));
    }
    if (!relay.forget) {
      auto noted = co_await there.call<Note>(name, next(relay.to));
      if (!noted.ok()) co_return noted.error();
    }
    co_return end();
  }

  chi::Result<Totals> on(const Read&) { return totals_; }

 private:
  Done compute(std::uint64_t caller, std::uint64_t number, std::uint64_t ns) {
    begin(caller, number);
    const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(ns);
    while (std::chrono::steady_clock::now() < until) continue;
    return end();
  }
  void begin(std::uint64_t caller, std::uint64_t number) {
    ++totals_.begun;
    std::uint64_t& last = last_[caller];
    if (number != last + 1) {
      ++totals_.disorder;
      if (totals_.first.empty()) {
        totals_.first = "container " + std::to_string(index()) + ", caller " + std::to_string(caller) + ": " +
                        std::to_string(number) + " after " + std::to_string(last);
      }
    }
    last = number;
  }
  Done end() {
    ++totals_.ended;
    return {};
  }
  std::uint64_t next(std::uint32_t to) {
    ++totals_.relayed;
    return ++sent_[to];
  }

  Totals totals_;
  std::map<std::uint64_t, std::uint64_t> last_;
  std::map<std::uint32_t, std::uint64_t> sent_;
};

}  // namespace ledger

CHI_EXPORT_MODULE(ledger::Book, ledger::Note, ledger::Linger, ledger::Relay, ledger::Work, ledger::Toil, ledger::Read)
