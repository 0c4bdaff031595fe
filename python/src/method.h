// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A pool's method as an object that can be called, and the Future of a call. With the GIL, which is released while
// they wait.
#pragma once

#include <chimaera/domain.h>
#include <chimaera/method.h>
#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core.h"

namespace chi::python {

struct Options {
  Query query{};
  std::chrono::nanoseconds deadline{0};  // 0: the client's default
  Priority priority = Priority::low_latency;
  bool forget = false;
  bool views = false;  // of the memory in which large bytes came
};

// chimaera.Future: any thread may use it.
class PythonFuture {
 public:
  PythonFuture(std::shared_ptr<Core> core, std::shared_ptr<const MethodType> type, std::shared_ptr<Call> call,
               bool views)
      : core_(std::move(core)), type_(std::move(type)), call_(std::move(call)), views_(views) {}

  bool done() const { return call_->done(); }
  // Raises TimeoutError after so many seconds, the call's error, or returns its reply.
  py::object result(std::optional<double> timeout);
  // The same, but gives the error; None where there is none.
  py::object exception(std::optional<double> timeout);
  // Asks the daemon to end the call; false where it has ended.
  bool cancel();

 private:
  void wait(std::optional<double> timeout) const;

  std::shared_ptr<Core> core_;
  std::shared_ptr<const MethodType> type_;
  std::shared_ptr<Call> call_;
  bool views_;
  py::object reply_;
};

class Method {
 public:
  // Throws Failed where there is no such pool or method.
  Method(std::shared_ptr<Core> core, std::string pool, std::string name, const Options& options);

  py::object call(const py::tuple& arguments, const py::dict& named);
  std::unique_ptr<PythonFuture> submit(const py::tuple& arguments, const py::dict& named);
  std::unique_ptr<PythonFuture> post(const std::shared_ptr<Mailbox>& mailbox, std::uint64_t token,
                                     const py::tuple& arguments, const py::dict& named);

  const std::string& pool() const noexcept { return pool_; }
  const std::string& name() const noexcept { return name_; }
  // Stays as it is while the pool changes.
  std::shared_ptr<const MethodType> described() { return type(), type_; }

 private:
  const MethodType& type();
  Pool target(const MethodType& type, const chi_message& request) const;
  std::unique_ptr<PythonFuture> send(std::shared_ptr<Call> call, const py::tuple& arguments, const py::dict& named);

  const std::shared_ptr<Core> core_;
  const std::string pool_;
  const std::string name_;
  const Options options_;
  std::shared_ptr<const MethodType> type_;
  std::uint64_t generation_ = 0;
};

void bind_methods(py::module_& module);

}  // namespace chi::python
