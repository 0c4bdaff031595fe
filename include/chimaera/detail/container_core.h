// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a container's sugar works with: the daemon's services, the container's handle in it, and its lane as an
// executor.
#pragma once

#include <chimaera/abi.h>
#include <chimaera/domain.h>
#include <chimaera/executor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace chi::detail {

struct ContainerCore {
  const chi_services* services = nullptr;
  chi_container* handle = nullptr;
  Executor executor;
  DomainId id;
  std::uint32_t count = 0;
  Epoch epoch = 0;
  std::string pool_name;
  std::uint32_t uid = UINT32_MAX;  // of the pool's owner; a daemon that does not tell it: nobody's

  ContainerCore() = default;
  ContainerCore(const ContainerCore&) = delete;  // the executor's context points here
  ContainerCore& operator=(const ContainerCore&) = delete;

  void attach(const chi_services* offered, chi_container* container, const chi_create& made) {
    services = offered;
    handle = container;
    id = {made.pool, 0, made.index};
    count = made.count;
    epoch = made.epoch;
    if (made.size > offsetof(chi_create, uid)) uid = made.uid;
    pool_name = made.pool_name ? made.pool_name : "";
    executor = {this, &post, services->frame_allocate, services->frame_free, &now, &timer_start, &timer_cancel};
  }

  std::string name() const { return pool_name + "/" + std::to_string(id.index); }

  // On whose behalf the running code works, if it is this container's.
  chi_task* task() const noexcept {
    Scope scope = current_scope();
    return scope.executor == &executor ? scope.task : nullptr;
  }

  void log(std::int32_t level, const char* file, std::uint32_t line, std::string_view text) const {
    services->log(handle, level, file, static_cast<std::int32_t>(line), text.data(), text.size());
  }

 private:
  static const ContainerCore& at(void* context) noexcept { return *static_cast<ContainerCore*>(context); }
  static void post(void* context, chi_work* work) { at(context).services->post(at(context).handle, work); }
  static std::uint64_t now(void* context) { return at(context).services->now_ns(at(context).handle); }
  static void timer_start(void* context, chi_task* task, std::uint64_t at_ns, chi_completion* done) {
    at(context).services->timer_start(at(context).handle, task, at_ns, done);
  }
  static void timer_cancel(void* context, chi_completion* done) {
    at(context).services->timer_cancel(at(context).handle, done);
  }
};

}  // namespace chi::detail
