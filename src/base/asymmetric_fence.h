// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pair of fences for Dekker-style handshakes in which one side is hot and the other is about to sleep or to
// interfere anyway: `A: store x; light_fence(); load y` against `B: store y; heavy_fence(); load x`. At least one of
// them sees the other's store. The light fence costs nothing but compiler freedom, the heavy one about 0.7 us.
#pragma once

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace chi {

inline void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

// Whether the kernel makes light_fence() of this process take part; call once in each process before first use. Where
// it fails (a seccomp filter, a kernel before 4.16), `heavy_fence` cannot work and the caller must refuse to start.
inline bool register_asymmetric_fences() noexcept {
  return ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0 &&
         ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

// Against light fences in every registered process.
inline void heavy_fence() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

// Against light fences of other threads of this process.
inline void heavy_fence_here() noexcept {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

inline void cpu_relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Asks for a cache line to be owned by this core, ahead of a store. Worth a factor of two on a full ring.
inline void prefetch_for_write(const void* line) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
  __builtin_prefetch(line, 1);
#endif
}

}  // namespace chi
