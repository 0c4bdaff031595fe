// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which CPUs are used, one choice after the other, each the best one that is left. A plain value.
#pragma once

#include <chimaera/worch.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace worch_proc_topology {

// A place for one worker.
struct Slot {
  std::vector<std::uint32_t> cpus;
  std::uint32_t core = 0;
  std::uint32_t numa = 0;
  std::uint32_t sharers = 0;  // workers that the CPU had already
  bool whole_core = false;
  bool beside_another = false;  // another CPU of the core has a worker
};

class Slots {
 public:
  // `workers`: how many choices there will be. Precondition: the view has CPUs.
  Slots(const chi::worch::View& view, std::size_t workers);

  Slot choose(bool dedicated);

 private:
  using Node = std::pair<std::uint32_t, std::uint32_t>;  // package, memory node
  struct Cpu {
    chi::worch::CpuView view;
    std::uint32_t free = 0;  // thousandths of its time, in coarse steps
    std::uint32_t workers = 0;
    bool had_worker = false;  // in the view
    bool reserved = false;
  };

  static Node node_of(const Cpu& cpu) { return {cpu.view.package, cpu.view.numa}; }
  Node best_node() const;
  bool core_in_use(const Cpu& cpu) const;
  double worth(const Cpu& cpu) const;
  bool whole_core_fits(const Cpu& cpu) const;

  std::vector<Cpu> cpus_;
  std::size_t left_;   // choices to come
  std::size_t limit_;  // CPUs that may be used
  std::size_t used_ = 0;
  Node home_;
};

}  // namespace worch_proc_topology
