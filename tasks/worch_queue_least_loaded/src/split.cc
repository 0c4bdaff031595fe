// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements split.h.
#include "split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace worch_queue_least_loaded {

namespace {

constexpr double kSpare = 0.5;       // up to this load a worker has time to spare
constexpr double kStillSpare = 0.6;  // for a split that is there already
constexpr double kEven = 1.05;       // times the mean: as good as even
constexpr double kStillEven = 1.12;
constexpr double kCrumb = 0.02;  // of the mean: too little of a kind to mix it with the other

struct Total {
  double load = 0;  // that can be moved
  std::size_t lanes = 0;
};

// The level up to which `load` fills the workers [begin, end) of `order`, each of which has something already.
double level(const std::vector<double>& base, const std::vector<std::size_t>& order, std::size_t begin, std::size_t end,
             double load) {
  std::vector<double> there;
  there.reserve(end - begin);
  for (std::size_t i = begin; i < end; ++i) there.push_back(base[order[i]]);
  std::sort(there.begin(), there.end());
  double sum = load;
  double out = 0;
  for (std::size_t i = 0; i < there.size(); ++i) {
    sum += there[i];
    out = sum / static_cast<double>(i + 1);
    if (i + 1 < there.size() && out <= there[i + 1]) break;
  }
  return out;
}

void fill(Quotas& quotas, const std::vector<double>& base, const std::vector<std::size_t>& order, std::size_t begin,
          std::size_t end, double load) {
  const double top = level(base, order, begin, end, load);
  for (std::size_t i = begin; i < end; ++i) {
    quotas.load[order[i]] = std::max(0.0, top - base[order[i]]);
    quotas.takes[order[i]] = true;
  }
}

// Long work from the front of `order` on, short work behind it, so that one worker at most has both.
void fill_in_line(Split& split, const std::vector<double>& base, const std::vector<std::size_t>& order,
                  double long_load, double short_load) {
  const double top = level(base, order, 0, order.size(), long_load + short_load);
  const double crumb = kCrumb * top;
  double left = long_load;
  for (const std::size_t worker : order) {
    const double room = std::max(0.0, top - base[worker]);
    const bool is_crumb = left < crumb && worker != order.front();
    const double mine = is_crumb ? 0 : std::min(left, room);
    left -= mine;
    split.long_work.load[worker] = mine;
    split.long_work.takes[worker] = mine > 0 || worker == order.front();
    split.short_work.load[worker] = room - mine;
    split.short_work.takes[worker] = room - mine >= crumb || worker == order.back();
  }
  split.apart = true;
}

std::vector<std::size_t> in_turn(std::size_t count) {
  std::vector<std::size_t> out(count);
  std::iota(out.begin(), out.end(), std::size_t{0});
  return out;
}

}  // namespace

// How many workers long work gets for itself; 0: the kinds have to share one.
std::size_t Splitter::choose(const Loads& loads, double long_load, double short_load, std::size_t most_long,
                             std::size_t most_short) const {
  const std::size_t workers = loads.workers.size();
  auto busiest = [&](std::size_t count) {
    return std::max(long_load / static_cast<double>(std::min(count, most_long)),
                    short_load / static_cast<double>(std::min(workers - count, most_short)));
  };
  const std::size_t now = static_cast<std::size_t>(
      std::count_if(loads.workers.begin(), loads.workers.end(),
                    [this](const WorkerLoad& worker) { return long_workers_.contains(worker.index); }));
  const bool possible = now >= 1 && now < workers;
  if (possible && busiest(now) <= std::max(kStillEven * loads.mean, kStillSpare)) return now;
  std::size_t best = 1;
  for (std::size_t count = 2; count < workers; ++count) {
    if (busiest(count) < busiest(best)) best = count;
  }
  return busiest(best) <= std::max(kEven * loads.mean, kSpare) ? best : 0;
}

Split Splitter::split(const Loads& loads) {
  const std::size_t workers = loads.workers.size();
  Split out;
  out.long_work = out.short_work = {std::vector<double>(workers), std::vector<bool>(workers)};
  Total long_kind;
  Total short_kind;
  for (const LaneLoad& lane : loads.lanes) {
    Total& kind = lane.long_tasks ? long_kind : short_kind;
    ++kind.lanes;
    if (!lane.fixed) kind.load += lane.load;
  }
  std::vector<double> base(workers);
  for (std::size_t i = 0; i < workers; ++i) base[i] = loads.workers[i].fixed;
  std::vector<std::size_t> order = in_turn(workers);
  if (workers < 2 || long_kind.lanes == 0 || short_kind.lanes == 0) {
    long_workers_.clear();
    fill(out.long_work, base, order, 0, workers, long_kind.load);
    fill(out.short_work, base, order, 0, workers, short_kind.load);
    return out;
  }
  auto rank = [&](std::size_t i) {
    const WorkerLoad& worker = loads.workers[i];
    return std::tuple(!long_workers_.contains(worker.index), worker.dedicated, -worker.long_load, worker.index);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  const std::size_t alone = choose(loads, long_kind.load, short_kind.load, long_kind.lanes, short_kind.lanes);
  if (alone != 0) {
    out.apart = true;
    fill(out.long_work, base, order, 0, alone, long_kind.load);
    fill(out.short_work, base, order, alone, workers, short_kind.load);
  } else {
    fill_in_line(out, base, order, long_kind.load, short_kind.load);
  }
  long_workers_.clear();
  for (std::size_t i = 0; i < workers; ++i) {
    if (out.long_work.takes[i] && !out.short_work.takes[i]) long_workers_.insert(loads.workers[i].index);
  }
  return out;
}

}  // namespace worch_queue_least_loaded
