// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The policy, as bad as it is told to be.
#include <chimaera/module.h>
#include <chimaera/worch.h>
#include <moody/moody.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace moody {

using namespace chi::worch;

class Policy : public chi::Container<> {
 public:
  chi::Result<Set::Reply> on(const Set& set) {
    mood_ = Mood{set.mood};
    return Set::Reply{};
  }

  chi::Result<LaneAssignment> on(const AssignLanes& request) {
    const View& view = request.view;
    if (mood_ == Mood::fails) return chi::Error{chi::Code::aborted, "in no mood for it", {}};
    if (mood_ == Mood::throws) throw std::runtime_error("the policy lets something through");
    if (mood_ == Mood::slow) std::this_thread::sleep_for(std::chrono::milliseconds(400));
    if (mood_ == Mood::loops) loop();
    LaneAssignment out;
    if (mood_ == Mood::nothing) return out;
    for (const LaneView& lane : view.lanes) out.lanes.push_back({lane.pool, lane.container, place(view, lane), {}});
    if (mood_ == Mood::unknown_lane) out.lanes.push_back({999, 7, 0, {}});
    if (mood_ == Mood::twice) out.lanes.push_back(out.lanes.front());
    if (mood_ == Mood::no_worker) out.lanes.back().worker = 63;
    return out;
  }

 private:
  std::uint32_t place(const View& view, const LaneView& lane) const {
    if (lane.fixed) return lane.worker;
    if (mood_ == Mood::shuffle) return view.workers[random() % view.workers.size()].index;
    if (mood_ == Mood::gather) return view.workers.front().index;
    return lane.worker;
  }
  // Far longer than anybody waits, and yet the test's process ends.
  static void loop() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (std::chrono::steady_clock::now() < until) continue;
  }

  Mood mood_ = Mood::keep;
};

}  // namespace moody

CHI_EXPORT_MODULE(moody::Policy, chi::worch::AssignLanes, moody::Set)
