// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A call of io_uring for a container, from the module's request to its completion on the container's lane.
#include "runtime/io_service.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

#include "runtime/registration.h"
#include "runtime/service_scope.h"
#include "runtime/session.h"
#include "runtime/worker.h"

namespace chi::runtime {
namespace {

struct File final : chi_file, Pooled {
  explicit File(int fd) : registration(fd) {}
  Registration registration;
};

chi_io known_part(const chi_io& io) {
  chi_io out{};
  constexpr std::size_t kFirst = offsetof(chi_io, file);
  std::memcpy(&out, &io, kFirst + std::min<std::size_t>(io.more, sizeof io - kFirst));
  return out;
}

struct IoCall final : Operation, Pooled {
  IoCall(Container& of, chi_completion* to_run, const chi_io& what)
      : container(of), completion(to_run), io(known_part(what)) {
    done = [](Operation& operation, std::int32_t result) { static_cast<IoCall&>(operation).end(result); };
  }
  void start(Worker& worker) {
    started_on = &worker;
    container.holds.fetch_add(1, std::memory_order_relaxed);
    Registered registered;
    if (io.file) registered = {&static_cast<File*>(io.file)->registration, Session::registration_of(io.block)};
    if (!worker.reactor().start(io, registered, *this)) end(-EAGAIN);
  }
  // On the worker that it was started on, which the lane may have left.
  void end(std::int32_t result) {
    completion->code = 0;
    completion->result = result;
    completion->reply = {};
    if (container.owned_by(*started_on)) {
      ready(*started_on);
    } else {
      run_at(container, [this](Worker& worker) { ready(worker); });
    }
  }
  void ready(Worker& worker) {
    container.holds.fetch_sub(1, std::memory_order_relaxed);
    worker.add_ready(container, &completion->work);
    delete this;
  }
  Container& container;
  Worker* started_on = nullptr;
  chi_completion* completion;
  chi_io io;
};

}  // namespace

void start_io(chi_container* raw, const chi_io* io, chi_completion* done) {
  auto& container = *static_cast<Container*>(raw);
  auto* call = new IoCall(container, done, *io);
  Worker& worker = container.worker();
  ServiceScope scope(worker);
  if (scope.direct()) {
    call->start(worker);
  } else {
    run_at(container, [call](Worker& on) { call->start(on); });
  }
}

chi_file* file_open(chi_container*, std::int32_t fd) try { return new File(fd); } catch (const std::bad_alloc&) {
  return nullptr;
}

// An operation that was started before may still be on its way to the worker: then this follows it.
void file_close(chi_container* raw, chi_file* file) {
  auto& container = *static_cast<Container*>(raw);
  ServiceScope scope(container.worker());
  if (scope.direct()) {
    delete static_cast<File*>(file);
  } else {
    run_at(container, [file](Worker&) { delete static_cast<File*>(file); });
  }
}

}  // namespace chi::runtime
