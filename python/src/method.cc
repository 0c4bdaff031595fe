// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements method.h.
#include "method.h"

#include <chimaera/abi.h>
#include <pybind11/stl.h>

#include <utility>

#include "helpers.h"
#include "interpreter.h"
#include "reply.h"

namespace chi::python {

namespace {

// A request on its way out, with all that it refers to.
struct Outgoing {
  Outgoing(const client::RemoteMethod& method, const py::tuple& arguments, const py::dict& named) {
    const bool hashed = method.info.route == CHI_ROUTE_HASH;
    write_request(method.request, arguments, named, encoder, exports, hashed ? method.info.route_field : kNone);
    check(encoder.status());
  }

  Exports exports;
  std::uint8_t scratch[client::kScratchBytes];
  Encoder encoder{scratch};
};

Result<RawReply> wait_for(const Core& core, Future<RawReply>& future) {
  for (;;) {
    {
      Unlocked while_it_waits;
      if (future.wait_for(kBetweenSignals)) return future.get();
    }
    check_signals();
    core.check_open();
  }
}

std::unique_ptr<Method> make_method(std::shared_ptr<Core> core, std::string pool, std::string name,
                                    const Options& options) {
  return std::make_unique<Method>(std::move(core), std::move(pool), std::move(name), options);
}
py::object call(Method& self, const py::args& arguments, const py::kwargs& named) {
  return self.call(arguments, named);
}
std::unique_ptr<PythonFuture> submit(Method& self, const py::args& arguments, const py::kwargs& named) {
  return self.submit(arguments, named);
}

// Of each the name, the type, and whether it must be given.
py::list fields(Method& method) {
  py::list out;
  const std::shared_ptr<const MethodType> type = method.described();
  const client::RemoteMethod& described = type->remote;
  for (std::size_t i = 0; i < described.request.of.size(); ++i) {
    const bool key = described.info.route == CHI_ROUTE_HASH && described.info.route_field == i;
    out.append(py::make_tuple(described.request.names[i], described.request.of[i].describe(), key));
  }
  return out;
}

std::string reply_schema(Method& method) { return method.described()->remote.info.reply_schema; }
bool is_write(Method& method) { return method.described()->remote.info.write; }

}  // namespace

void PythonFuture::wait(std::optional<double> timeout) const {
  using Seconds = std::chrono::duration<double>;
  const auto begin = std::chrono::steady_clock::now();
  while (!call_->done()) {
    std::chrono::nanoseconds step = kBetweenSignals;
    if (timeout) {
      const Seconds left = Seconds(*timeout) - (std::chrono::steady_clock::now() - begin);
      if (!(left.count() > 0)) {
        PyErr_SetString(PyExc_TimeoutError, "the call has no answer yet; it goes on");
        throw py::error_already_set();
      }
      if (left < step) step = std::chrono::duration_cast<std::chrono::nanoseconds>(left);
    }
    {
      Unlocked while_it_waits;
      if (call_->wait_for(step)) return;
    }
    check_signals();
  }
}

py::object PythonFuture::result(std::optional<double> timeout) {
  if (reply_) return reply_;
  wait(timeout);
  reply_ = make_reply(*core_, *type_, call_->result(), views_);
  return reply_;
}

py::object PythonFuture::exception(std::optional<double> timeout) {
  wait(timeout);
  try {
    result(timeout);
  } catch (const Failed& failed) {
    return make_error(failed.error);
  } catch (const py::error_already_set& raised) {
    if (!raised.matches(PyExc_Exception) || raised.matches(PyExc_MemoryError)) throw;  // the caller's, not the call's
    return raised.value();
  }
  return py::none();
}

bool PythonFuture::cancel() {
  if (call_->done() || core_->closed()) return false;
  core_->pump().cancel(call_);
  return true;
}

Method::Method(std::shared_ptr<Core> core, std::string pool, std::string name, const Options& options)
    : core_(std::move(core)), pool_(std::move(pool)), name_(std::move(name)), options_(options) {
  type();
}

const MethodType& Method::type() {
  if (!type_ || generation_ != core_->generation()) {
    auto found = core_->method(pool_, name_);
    type_ = std::move(found);
    generation_ = core_->generation();
  }
  return *type_;
}

Pool Method::target(const MethodType& type, const chi_message& request) const {
  Query query = options_.query;
  if (query.kind == QueryKind::automatic) query = value_of(client::route(type.remote, request));
  Pool out = core_->client().pool(pool_).on(query).with_deadline(options_.deadline).with_priority(options_.priority);
  return options_.forget ? out.fire_and_forget() : out;
}

py::object Method::call(const py::tuple& arguments, const py::dict& named) {
  type();
  const std::shared_ptr<const MethodType> type = type_;  // others may run while it waits
  Outgoing out(type->remote, arguments, named);
  const Pool pool = target(*type, out.encoder.message());
  Future<RawReply> future;
  {
    Unlocked while_it_waits;
    future = pool.call_raw(type->remote.info.id, out.encoder.message(), out.encoder.references());
  }
  const Result<RawReply> result = wait_for(*core_, future);
  if (options_.forget && result.ok()) return py::none();
  return make_reply(*core_, *type, result, options_.views);
}

std::unique_ptr<PythonFuture> Method::send(std::shared_ptr<Call> call, const py::tuple& arguments,
                                           const py::dict& named) {
  type();
  const std::shared_ptr<const MethodType> type = type_;
  Outgoing out(type->remote, arguments, named);
  Pool pool = target(*type, out.encoder.message());
  const Client client = core_->client();
  const Encoder& request = out.encoder;
  auto packed = request.buffer_count() == 0 ? pack(client, request) : unlocked([&] { return pack(client, request); });
  core_->pump().submit(call, std::move(pool), type->remote.info.id, value_of(std::move(packed)));
  return std::make_unique<PythonFuture>(core_, type, std::move(call), options_.views);
}

std::unique_ptr<PythonFuture> Method::submit(const py::tuple& arguments, const py::dict& named) {
  return send(std::make_shared<Call>(), arguments, named);
}

std::unique_ptr<PythonFuture> Method::post(const std::shared_ptr<Mailbox>& mailbox, std::uint64_t token,
                                           const py::tuple& arguments, const py::dict& named) {
  return send(std::make_shared<Call>(mailbox, token), arguments, named);
}

void bind_methods(py::module_& module) {
  py::class_<PythonFuture>(module, "Future")
      .def("done", &PythonFuture::done)
      .def("result", entering(&PythonFuture::result), py::arg("timeout") = py::none())
      .def("exception", entering(&PythonFuture::exception), py::arg("timeout") = py::none())
      .def("cancel", entering(&PythonFuture::cancel));

  py::class_<Method>(module, "Method")
      .def(py::init(entering(&make_method)))
      .def("__call__", entering(&call))
      .def("submit", entering(&submit))
      .def("post", entering(&Method::post))
      .def_property_readonly("pool", &Method::pool)
      .def_property_readonly("name", &Method::name)
      .def_property_readonly("fields", entering(&fields))
      .def_property_readonly("reply_schema", entering(&reply_schema))
      .def_property_readonly("write", entering(&is_write));
}

}  // namespace chi::python
