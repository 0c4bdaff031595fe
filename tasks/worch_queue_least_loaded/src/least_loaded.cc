// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The parts in order, and what the answer says of itself.
#include "least_loaded.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "moves.h"

namespace worch_queue_least_loaded {

using namespace chi::worch;

namespace {

std::string percent(double load) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", load * 100);
  return text;
}

std::string text_of(const Loads& loads, const LaneLoad& lane, const Place& place) {
  const std::string from = "worker " + std::to_string(lane.view->worker);
  switch (place.why) {
    case Why::stays:
      return {};
    case Why::worker_gone:
      return from + " is gone";
    case Why::kept_apart:
      return lane.long_tasks ? "its tasks are long: away from the short ones of " + from
                             : "its tasks are short: away from the long ones of " + from;
    case Why::by_count:
      return "nothing known of it: as many for each worker";
    case Why::alone:
      return "leaves " + from + " to a lane that keeps it busy";
    case Why::balance:
      break;
  }
  return from + " had " + percent(loads.workers[lane.worker].load) + " to do, the mean is " + percent(loads.mean) +
         ", this lane " + percent(lane.load);
}

double busiest(const std::vector<double>& loads) {
  return loads.empty() ? 0 : *std::max_element(loads.begin(), loads.end());
}

std::string summary(const Loads& loads, const std::vector<Place>& places, bool apart) {
  std::vector<double> before(loads.workers.size());
  std::vector<double> after(loads.workers.size());
  std::size_t moved = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const LaneLoad& lane = loads.lanes[i];
    if (lane.worker != kGone) before[lane.worker] += lane.load;
    after[places[i].worker] += lane.load;
    moved += places[i].worker == lane.worker ? 0 : 1;
  }
  std::string out = "busiest worker " + percent(busiest(before));
  if (moved != 0) out += ", then " + percent(busiest(after));
  out += "; mean " + percent(loads.mean) + "; " + std::to_string(moved) + " of " + std::to_string(places.size()) +
         " lanes moved";
  if (apart) out += "; long tasks apart";
  return out;
}

}  // namespace

chi::Result<LaneAssignment> LeastLoaded::assign(const View& view) {
  if (view.workers.empty() && !view.lanes.empty()) {
    return chi::Error{chi::Code::failed_precondition, "there is no worker to give the lanes to", {}};
  }
  LaneAssignment out;
  const Loads loads = history_.learn(view);
  if (view.lanes.empty()) return out;
  const Split split = splitter_.split(loads);
  std::vector<Place> places(loads.lanes.size());
  place_kind(loads, true, split.long_work, places);
  place_kind(loads, false, split.short_work, places);
  out.lanes.reserve(places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    const LaneLoad& lane = loads.lanes[i];
    const std::uint32_t worker = loads.workers[places[i].worker].index;
    const bool moves = places[i].worker != lane.worker;
    out.lanes.push_back(
        {lane.view->pool, lane.view->container, worker, moves ? text_of(loads, lane, places[i]) : std::string()});
  }
  out.why = summary(loads, places, split.apart);
  return out;
}

}  // namespace worch_queue_least_loaded
