// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The extension module chimaera._core; the package's Python files make the public surface of it.
#include <chimaera/route.h>
#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "call.h"
#include "client/flush_in_steps.h"
#include "connecting.h"
#include "core.h"
#include "helpers.h"
#include "interpreter.h"
#include "memory.h"
#include "method.h"

namespace chi::python {

namespace {

std::chrono::nanoseconds nanoseconds(double seconds) {
  constexpr double kMost = 4e9;  // 127 years
  if (!(seconds >= 0)) throw py::value_error("a time is a number of seconds, and not below 0");
  return std::chrono::nanoseconds(static_cast<std::int64_t>((seconds < kMost ? seconds : kMost) * 1e9));
}

std::shared_ptr<Core> connect_core(const std::string& name, const std::string& socket, double timeout, double deadline,
                                   bool reconnect, const std::string& user) {
  ConnectOptions options;
  options.name = name;
  options.socket = socket;
  options.timeout = nanoseconds(timeout);
  options.call_deadline = nanoseconds(deadline);
  options.reconnect = reconnect;
  options.user = user;
  return std::make_shared<Core>(value_of(connect_aside(options)));
}

// The module's configuration as it travels.
py::bytes encode_config(const Core& core, const std::string& module, const py::dict& fields) {
  const Client client = core.client();
  const SchemaType type = value_of(unlocked([&] { return client::config_type(client, module); }));
  Encoder encoder;
  encoder.inline_bytes();
  Exports exports;
  write_request(type, py::tuple(), fields, encoder, exports);
  check(encoder.status());
  return {reinterpret_cast<const char*>(encoder.message().data), encoder.size()};
}

std::unique_ptr<Region> allocate(const Core& core, std::size_t size, double wait) {
  const Client client = core.client();
  const auto give_up = std::chrono::steady_clock::now() + nanoseconds(wait);
  for (;;) {
    const auto left = std::max<std::chrono::nanoseconds>(give_up - std::chrono::steady_clock::now(), {});
    const auto step = std::min<std::chrono::nanoseconds>(left, kBetweenSignals);
    auto buffer = unlocked([&] { return client.allocate_buffer(size, step); });
    const bool again = !buffer.ok() && buffer.code() == Code::resource_exhausted && left > step;
    if (!again) return std::make_unique<Region>(value_of(std::move(buffer)), true);
    check_signals();
    core.check_open();
  }
}

void flush(const Core& core) {
  const Client client = core.client();
  for (;;) {
    auto flushed = unlocked([&] { return client::flush_for(client, kBetweenSignals); });
    if (flushed) return check(*std::move(flushed));
    check_signals();
    core.check_open();
  }
}

py::list methods(Core& core, const std::string& pool) {
  py::list names;
  for (const auto& each : core.pool(pool)->methods) names.append(each.name);
  return names;
}

void bind_core(py::module_& module) {
  py::class_<Core, std::shared_ptr<Core>>(module, "Core")
      .def("encode_config", entering(&encode_config))
      .def("allocate", entering(&allocate))
      .def("flush", entering(&flush))
      .def("close", entering(&Core::close))
      .def("forget", &Core::forget)
      .def("methods", entering(&methods))
      .def_property_readonly("closed", &Core::closed)
      .def_property_readonly("generation", &Core::generation);
  module.def("connect", entering(&connect_core));
  py::class_<Mailbox, std::shared_ptr<Mailbox>>(module, "Mailbox")
      .def(py::init<>())
      .def("fileno", &Mailbox::fd)
      .def("take", &Mailbox::take);
}

void bind_queries(py::module_& module) {
  // NOLINTNEXTLINE(misc-redundant-expression): pybind11's notation for an operator
  py::class_<Query>(module, "Query").def(py::self == py::self).def("__repr__", [](const Query& query) {
    return "chimaera.Query(" + to_string(query) + ")";
  });
  module.def("parse_query", [](const std::string& text) {
    Query out;
    if (parse_query(text, out)) return out;
    throw py::value_error("no query '" + text +
                          "'; as in all, any, local, leader, container:3, range:0-3, hash:KEY, "
                          "until:0-3, node:1");
  });
  module.def("all", [] { return all(); });
  module.def("any", [] { return any(); });
  module.def("local", [] { return local(); });
  module.def("leader", [] { return leader(); });
  module.def("container", [](std::uint32_t index) { return container(index); }, py::arg("index"));
  module.def("node", [](std::uint32_t id) { return node(id); }, py::arg("id"));
  module.def(
      "range", [](std::uint32_t first, std::uint32_t count) { return range(first, count); }, py::arg("first"),
      py::arg("count") = 0);
  module.def(
      "until_success", [](std::uint32_t first, std::uint32_t count) { return until_success(first, count); },
      py::arg("first") = 0, py::arg("count") = 0);
  module.def("hash", [](std::int64_t key) { return hash(chi::detail::hash_key(key)); }, py::arg("key"));
  module.def("hash", [](const std::string& key) { return hash(chi::detail::hash_key(key)); }, py::arg("key"));
}

// Each gives a changed copy.
void bind_options(py::module_& module) {
  py::class_<Options>(module, "Options")
      .def(py::init<>())
      .def("on", [](Options self, const Query& query) { return self.query = query, self; })
      .def("with_deadline", [](Options self, double seconds) { return self.deadline = nanoseconds(seconds), self; })
      .def("with_priority",
           [](Options self, bool bulk) {
             return self.priority = bulk ? Priority::high_throughput : Priority::low_latency, self;
           })
      .def("forgetting", [](Options self) { return self.forget = true, self; })
      .def("with_views", [](Options self) { return self.views = true, self; });
}

void bind_all(py::module_& module) {
  watch_forks();
  bind_memory(module);
  bind_core(module);
  bind_queries(module);
  bind_options(module);
  bind_methods(module);
  module.def("set_helpers", &set_helpers);
  module.def("prepare_exit", &prepare_exit);
  module.attr("version") = CHI_VERSION;
}

}  // namespace

}  // namespace chi::python

PYBIND11_MODULE(_core, module) { chi::python::bind_all(module); }
