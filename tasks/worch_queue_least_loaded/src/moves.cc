// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Lanes that have to go are taken from their workers first; then, if any worker has so much more or less than its quota
// that it is neither chance nor a trifle, lanes of those that have too much. All of them are handed out again, the
// largest first, to whoever lacks most. What turns out not to be worth it is taken back.
#include "moves.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <utility>

namespace worch_queue_least_loaded {

namespace {

constexpr double kTrifle = 0.05;   // of the mean load
constexpr double kNothing = 0.01;  // of a worker's time
constexpr double kSure = 3.5;      // standard deviations
constexpr double kIdle = 1e-6;     // of a worker's time
constexpr std::size_t kNone = kGone;

class Kind {
 public:
  Kind(const Loads& loads, bool long_tasks, const Quotas& quotas, std::vector<Place>& places)
      : loads_(loads), quotas_(quotas), places_(places), workers_(loads.workers.size()), host_(workers_, kNone) {
    load_.resize(workers_);
    variance_.resize(workers_);
    target_ = quotas.load;
    for (std::size_t i = 0; i < loads.lanes.size(); ++i) {
      if (loads.lanes[i].long_tasks == long_tasks) lanes_.push_back(i);
    }
    std::sort(lanes_.begin(), lanes_.end(), [&](std::size_t a, std::size_t b) {
      return loads.lanes[a].load != loads.lanes[b].load ? loads.lanes[a].load > loads.lanes[b].load : a < b;
    });
  }

  void place() {
    take_what_must_go();
    host_large_lanes();
    hand_out();
    if (uneven()) {
      const double before = unevenness();
      const std::vector<std::size_t> moved = take_what_is_too_much();
      hand_out();
      if (before - unevenness() < threshold_ * threshold_ / 2) take_back(moved);
    }
    spread_idle();
  }

 private:
  const LaneLoad& lane(std::size_t i) const { return loads_.lanes[i]; }
  bool idle(std::size_t i) const { return lane(i).load < kIdle; }

  void take(std::size_t i, Why why) {
    Place& place = places_[i];
    if (place.worker != kGone) load_[place.worker] -= lane(i).load;
    place = {kGone, place.why == Why::stays ? why : place.why};
    homeless_.push_back(i);
  }

  void give(std::size_t i, std::size_t worker) {
    places_[i].worker = worker;
    if (worker == lane(i).worker) places_[i].why = Why::stays;
    load_[worker] += lane(i).load;
  }

  void take_what_must_go();
  void host_large_lanes();
  std::size_t host_for(std::size_t i) const;
  bool scale_targets(double left);
  double threshold(std::size_t worker) const;
  bool uneven();
  std::vector<std::size_t> take_what_is_too_much();
  void take_from(std::size_t worker, const std::vector<std::size_t>& lanes, double above);
  void hand_out();
  void take_back(const std::vector<std::size_t>& moved);
  double unevenness() const;
  void spread_idle();

  const Loads& loads_;
  const Quotas& quotas_;
  std::vector<Place>& places_;
  const std::size_t workers_;
  std::vector<std::size_t> lanes_;  // of this kind, the largest first
  std::vector<double> load_;        // of this kind, fixed lanes left out
  std::vector<double> variance_;
  std::vector<double> target_;
  std::vector<std::size_t> host_;  // the lane that is more than a worker's share, and has the worker; or kNone
  std::vector<std::size_t> homeless_;
  double threshold_ = 0;  // the least that is worth a move
};

void Kind::take_what_must_go() {
  for (const std::size_t i : lanes_) {
    const LaneLoad& each = lane(i);
    places_[i] = {each.worker, Why::stays};
    if (each.fixed) continue;
    if (each.worker == kGone) {
      take(i, Why::worker_gone);
      continue;
    }
    load_[each.worker] += each.load;
    variance_[each.worker] += each.variance;
    if (!quotas_.takes[each.worker]) take(i, Why::kept_apart);
  }
}

// The worker that lane i has for itself: its own, or the one with the most room.
std::size_t Kind::host_for(std::size_t i) const {
  const std::size_t own = places_[i].worker;
  if (own != kGone && quotas_.takes[own] && host_[own] == kNone) return own;
  std::size_t best = kGone;
  for (std::size_t w = 0; w < workers_; ++w) {
    if (host_[w] != kNone || !quotas_.takes[w]) continue;
    if (best == kGone || target_[w] - load_[w] > target_[best] - load_[best]) best = w;
  }
  return best;
}

// Makes the targets of those that host no large lane add up to what is left for them.
bool Kind::scale_targets(double left) {
  double sum = 0;
  for (std::size_t w = 0; w < workers_; ++w) sum += host_[w] != kNone ? 0 : target_[w];
  if (sum <= 0) return false;
  for (std::size_t w = 0; w < workers_; ++w) target_[w] *= host_[w] != kNone ? 1 : std::max(0.0, left) / sum;
  return true;
}

// A lane cannot be divided: one that is more than a worker's share gets a worker, and the others share the rest.
void Kind::host_large_lanes() {
  double left = 0;
  for (const double quota : quotas_.load) left += quota;
  for (const std::size_t i : lanes_) {
    if (lane(i).fixed) continue;
    double largest = 0;
    for (std::size_t w = 0; w < workers_; ++w) largest = std::max(largest, host_[w] != kNone ? 0 : target_[w]);
    if (idle(i) || lane(i).load <= largest) break;
    const std::size_t host = host_for(i);
    if (host == kGone) break;
    host_[host] = i;
    target_[host] = lane(i).load;
    left -= lane(i).load;
    if (!scale_targets(left)) break;
  }
}

double Kind::threshold(std::size_t worker) const {
  return std::max({kTrifle * loads_.mean, kNothing, kSure * std::sqrt(variance_[worker])});
}

bool Kind::uneven() {
  bool out = false;
  threshold_ = std::max(kTrifle * loads_.mean, kNothing);
  for (std::size_t w = 0; w < workers_; ++w) {
    if (!quotas_.takes[w]) continue;
    const double away = load_[w] - target_[w];
    if (std::abs(away) > threshold(w)) out = true;
  }
  return out;
}

// Takes lanes of `worker` until it has little more than `above` its target.
void Kind::take_from(std::size_t worker, const std::vector<std::size_t>& lanes, double above) {
  double excess = load_[worker] - target_[worker] - above;
  const double enough = threshold_ / 8;
  const Why why = host_[worker] != kNone ? Why::alone : Why::balance;
  for (const std::size_t i : lanes) {
    if (excess <= enough || idle(i)) break;
    if (i == host_[worker] || lane(i).load > excess + enough) continue;
    take(i, why);
    excess -= lane(i).load;
  }
  if (excess <= threshold_) return;
  // All that is left is larger than what is too much: the smallest may still be better placed elsewhere.
  for (auto i = lanes.rbegin(); i != lanes.rend(); ++i) {
    if (places_[*i].worker != worker || *i == host_[worker] || lane(*i).load <= excess) continue;
    if (lane(*i).load < 1.8 * excess) take(*i, why);
    return;
  }
}

// Of workers that have too much, and, where others lack more than that, of all that have a little more.
std::vector<std::size_t> Kind::take_what_is_too_much() {
  double lacking = 0;
  double spare[3] = {};  // what can be had by going down to so much above the target
  const double steps[3] = {threshold_ / 2, threshold_ / 4, 0};
  for (std::size_t w = 0; w < workers_; ++w) {
    const double above = load_[w] - target_[w];
    if (quotas_.takes[w] && -above > threshold(w)) lacking -= above;
    for (int step = 0; step < 3; ++step) spare[step] += std::max(0.0, above - steps[step]);
  }
  int step = 0;
  while (step < 2 && spare[step] < 0.8 * lacking) ++step;
  std::vector<std::vector<std::size_t>> of(workers_);
  for (const std::size_t i : lanes_) {
    if (!lane(i).fixed) of[places_[i].worker].push_back(i);
  }
  for (std::size_t w = 0; w < workers_; ++w) {
    const double above = load_[w] - target_[w];
    if (above > threshold(w)) {
      take_from(w, of[w], std::min(steps[step], threshold_ / 4));
    } else if (lacking > 0 && above > steps[step]) {
      take_from(w, of[w], steps[step]);
    }
  }
  return homeless_;
}

// The largest first, each to the worker that lacks most; of those that lack as much, to the first.
void Kind::hand_out() {
  std::stable_sort(homeless_.begin(), homeless_.end(), [&](auto a, auto b) { return lane(a).load > lane(b).load; });
  using Room = std::pair<double, std::size_t>;
  auto less = [](const Room& a, const Room& b) { return a.first != b.first ? a.first < b.first : a.second > b.second; };
  std::priority_queue<Room, std::vector<Room>, decltype(less)> rooms(less);
  for (std::size_t w = 0; w < workers_; ++w) {
    if (quotas_.takes[w]) rooms.emplace(target_[w] - load_[w], w);
  }
  for (const std::size_t i : std::exchange(homeless_, {})) {
    const auto [room, worker] = rooms.top();
    rooms.pop();
    give(i, worker);
    rooms.emplace(room - lane(i).load, worker);
  }
}

// A lane that had to go anyway keeps its new place.
void Kind::take_back(const std::vector<std::size_t>& moved) {
  for (const std::size_t i : moved) {
    if (places_[i].why != Why::balance && places_[i].why != Why::alone) continue;
    load_[places_[i].worker] -= lane(i).load;
    give(i, lane(i).worker);
  }
}

double Kind::unevenness() const {
  double out = 0;
  for (std::size_t w = 0; w < workers_; ++w) out += (load_[w] - target_[w]) * (load_[w] - target_[w]);
  return out;
}

// Lanes that do nothing, as far as anyone knows: as many for each worker.
void Kind::spread_idle() {
  const bool grown = std::any_of(loads_.workers.begin(), loads_.workers.end(), [](auto& each) { return each.fresh; });
  auto counts = [&](std::size_t i) {
    return !lane(i).fixed && idle(i) &&
           ((lane(i).unknown && lane(i).fresh) || grown || lane(i).worker != places_[i].worker);
  };
  std::vector<std::size_t> have(workers_);
  std::size_t count = 0;
  for (const std::size_t i : lanes_) {
    if (!counts(i)) continue;
    ++count;
    if (lane(i).worker != kGone) ++have[lane(i).worker];
  }
  if (count == 0) return;
  std::vector<std::size_t> takers;
  for (std::size_t w = 0; w < workers_; ++w) {
    if (quotas_.takes[w]) takers.push_back(w);
  }
  // What is left over stays with those that have it, so that it does not go around.
  std::stable_sort(takers.begin(), takers.end(),
                   [&](auto a, auto b) { return have[a] != have[b] ? have[a] > have[b] : load_[a] < load_[b]; });
  std::vector<std::size_t> room(workers_);
  for (std::size_t t = 0; t < takers.size(); ++t) {
    room[takers[t]] = count / takers.size() + (t < count % takers.size() ? 1 : 0);
  }
  std::vector<std::size_t> over;
  for (const std::size_t i : lanes_) {
    if (!counts(i)) continue;
    const std::size_t own = lane(i).worker;
    if (own == kGone || room[own] == 0) {
      over.push_back(i);
    } else {
      places_[i] = {own, Why::stays};
      --room[own];
    }
  }
  std::size_t next = 0;
  for (const std::size_t i : over) {
    while (room[takers[next]] == 0) ++next;
    const Why why = places_[i].why == Why::stays ? Why::by_count : places_[i].why;
    places_[i] = {takers[next], why};
    --room[takers[next]];
  }
}

}  // namespace

void place_kind(const Loads& loads, bool long_tasks, const Quotas& quotas, std::vector<Place>& places) {
  Kind(loads, long_tasks, quotas, places).place();
}

}  // namespace worch_queue_least_loaded
