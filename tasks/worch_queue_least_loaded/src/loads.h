// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What each lane and worker is expected to do, from what was measured in this view and in those before. A load is a
// share of one worker's time: 0.5 keeps a worker busy half of the time. Belongs to one lane, as its container does.
#pragma once

#include <chimaera/worch.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace worch_queue_least_loaded {

inline constexpr std::size_t kGone = static_cast<std::size_t>(-1);

struct LaneLoad {
  const chi::worch::LaneView* view = nullptr;
  std::size_t worker = kGone;  // position in Loads::workers; kGone: not in the view
  double load = 0;
  double variance = 0;      // of `load`, by chance alone
  bool long_tasks = false;  // others on its worker have to wait for long
  bool unknown = false;     // it has never done anything that was seen
  bool fresh = false;       // not there before
  bool fixed = false;
};

struct WorkerLoad {
  std::uint32_t index = 0;
  bool dedicated = false;
  bool fresh = false;  // not there before; false in the first view
  double fixed = 0;    // load of the lanes that cannot be moved
  double load = 0;     // of all
  double long_load = 0;
  double variance = 0;
};

struct Loads {
  std::vector<WorkerLoad> workers;  // by index
  std::vector<LaneLoad> lanes;      // in the order of the view
  double mean = 0;                  // load of a worker
};

class LoadHistory {
 public:
  // Refers to the view. Lanes and workers that are not in it are forgotten.
  Loads learn(const chi::worch::View& view);

 private:
  struct Key {
    chi::PoolId pool;
    std::uint32_t container;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return (key.pool * 0x9e3779b97f4a7c15U) ^ (key.container * 0xbf58476d1ce4e5b9U);
    }
  };
  struct Past {
    std::uint64_t view = 0;  // number of the view that it was in last
    std::uint64_t first_view = 0;
    std::uint32_t views = 0;       // that measured it
    double rate = 0;               // work that comes, in shares of a worker's time
    double tasks = 0;              // that come in a second
    double longest_ns = 0;         // lately
    double queued_ns = 0;          // work that waited at the end of the last view
    std::uint32_t long_seen = 0;   // up with each view that saw a long step, down with each that did not
    std::uint64_t long_found = 0;  // view in which it was measured to be long; 0: it is not
    bool long_measured = false;
    bool long_told = false;  // it counts as one with long tasks
    bool used = false;
  };
  static LaneLoad learn(Past& past, const chi::worch::LaneView& lane, std::uint64_t period_ns, double long_step_ns);
  double long_step() const;
  void tell_kinds(Loads& out);

  std::uint64_t view_ = 0;
  std::uint32_t waiting_views_ = 0;  // that lanes with long tasks were found, and not told yet
  std::uint32_t quiet_views_ = 0;    // since the latest of them was found
  std::unordered_map<Key, Past, Hash> lanes_;
  std::unordered_set<std::uint32_t> workers_;
};

}  // namespace worch_queue_least_loaded
