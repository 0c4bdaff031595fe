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

using chi::worch::AssignCpus;
using chi::worch::AssignLanes;
using chi::worch::CpuAssignment;
using chi::worch::CpuView;
using chi::worch::LaneAssignment;
using chi::worch::LaneView;
using chi::worch::View;
using chi::worch::WorkerView;

class Policy : public chi::Container<> {
 public:
  chi::Result<Set::Reply> on(const Set& set) {
    mood_ = Mood{set.mood};
    return Set::Reply{};
  }
  chi::Result<Asked::Reply> on(const Asked&) { return asked_; }

  chi::Result<LaneAssignment> on(const AssignLanes& request) {
    const View& view = request.view;
    if (auto able = begin("queue", view); !able.ok()) return able.error();
    LaneAssignment out;
    if (mood_ == Mood::nothing) return out;
    for (const LaneView& lane : view.lanes) out.lanes.push_back({lane.pool, lane.container, place(view, lane), {}});
    if (mood_ == Mood::unknown) out.lanes.push_back({999, 7, 0, {}});
    if (mood_ == Mood::twice) out.lanes.push_back(out.lanes.front());
    if (mood_ == Mood::nowhere) out.lanes.back().worker = 63;
    return out;
  }

  // What is wrong with a bad answer is wrong with its last part only; the others would change something.
  chi::Result<CpuAssignment> on(const AssignCpus& request) {
    const View& view = request.view;
    if (auto able = begin("proc", view); !able.ok()) return able.error();
    CpuAssignment out;
    if (mood_ == Mood::nothing) return out;
    for (const WorkerView& worker : view.workers) out.workers.push_back({worker.index, cpus(view), "a mood"});
    if (mood_ == Mood::unknown) out.workers.push_back({63, out.workers.front().cpus, {}});
    if (mood_ == Mood::twice) out.workers.push_back(out.workers.front());
    if (mood_ == Mood::nowhere) out.workers.back().cpus.push_back(60'000);
    if (mood_ == Mood::no_cpus) out.workers.back().cpus.clear();
    return out;
  }

 private:
  static constexpr std::size_t kKept = 1000;  // questions

  chi::Status begin(const char* kind, const View& view) {
    auto size = [](const auto& list) { return static_cast<std::uint32_t>(list.size()); };
    auto& questions = asked_.questions;
    if (questions.size() == kKept) questions.erase(questions.begin());
    questions.push_back({kind, view.reason, size(view.workers), size(view.lanes), size(view.cpus)});
    // With what a terminal would obey: whoever shows it has to see to that.
    if (mood_ == Mood::fails) return chi::Error{chi::Code::aborted, "in no mood for it\x1b[2J", {}};
    if (mood_ == Mood::throws) throw std::runtime_error("the policy lets something through");
    if (mood_ == Mood::slow) std::this_thread::sleep_for(std::chrono::milliseconds(400));
    if (mood_ == Mood::loops) loop();
    return {};
  }
  std::uint32_t place(const View& view, const LaneView& lane) const {
    if (lane.fixed) return lane.worker;
    if (mood_ == Mood::shuffle) return view.workers[random() % view.workers.size()].index;
    if (mood_ == Mood::gather) return view.workers.front().index;
    return lane.worker;
  }
  std::vector<std::uint32_t> cpus(const View& view) const {
    if (mood_ == Mood::shuffle) return {view.cpus[random() % view.cpus.size()].cpu};
    if (mood_ != Mood::keep) return {view.cpus.front().cpu};
    std::vector<std::uint32_t> out;
    out.reserve(view.cpus.size());
    for (const CpuView& cpu : view.cpus) out.push_back(cpu.cpu);
    return out;
  }
  // Far longer than anybody waits, and yet the test's process ends.
  static void loop() {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (std::chrono::steady_clock::now() < until) continue;
  }

  Mood mood_ = Mood::keep;
  Asked::Reply asked_;
};

}  // namespace moody

CHI_EXPORT_MODULE(moody::Policy, chi::worch::AssignLanes, chi::worch::AssignCpus, moody::Set, moody::Asked)
