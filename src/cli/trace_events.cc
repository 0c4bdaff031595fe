// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Steps as events.
#include "cli/trace_events.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "codec/json.h"

namespace chi::cli {

namespace {

constexpr std::uint32_t kProcess = 1;

// With its quotes.
std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace); }

// The format's times are microseconds.
std::string as_us(std::uint64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

std::string metadata(const char* what, std::uint32_t thread, const std::string& key, const std::string& value) {
  return fmt::format(R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"{}":{}}}}})", what, kProcess, thread, key,
                     value);
}

// 0 is the process' own.
std::uint32_t thread_of(std::uint32_t worker) { return worker + 1; }

}  // namespace

TraceEvents::TraceEvents(const admin::TraceStopReply& trace) : trace_(trace) {
  for (const admin::TracePool& pool : trace.pools) {
    PoolNames& names = pools_[pool.id];
    names.name = pool.name;
    for (const admin::TraceMethod& method : pool.methods) names.methods[method.id] = method.name;
  }
}

std::string TraceEvents::head(const std::string& daemon) const {
  std::uint64_t lost = 0;
  std::uint64_t passed_over = 0;
  for (const auto& worker : trace_.workers) {
    lost += worker.lost;
    passed_over += worker.passed_over;
  }
  std::string out =
      fmt::format(R"({{"displayTimeUnit":"ns","otherData":{{"daemon":{},"duration_ns":{},"records":{},"lost":{},)"
                  R"("passed_over":{}}},"traceEvents":[)",
                  quoted(daemon), trace_.duration_ns, trace_.records, lost, passed_over);
  out += "\n" + metadata("process_name", 0, "name", quoted("chimaera " + daemon));
  for (const auto& worker : trace_.workers) {
    const std::uint32_t thread = thread_of(worker.worker);
    const std::string shorter = worker.lost == 0 ? "" : fmt::format(" ({} older records lost)", worker.lost);
    out += ",\n" + metadata("thread_name", thread, "name", quoted(fmt::format("worker {}{}", worker.worker, shorter)));
    out += ",\n" + metadata("thread_sort_index", thread, "sort_index", std::to_string(thread));
  }
  return out;
}

std::string TraceEvents::method_of(const admin::TraceStep& step) const {
  if (step.flags & admin::kTraceNoTask) return "(work)";
  const auto pool = pools_.find(step.pool);
  if (pool != pools_.end()) {
    const auto method = pool->second.methods.find(step.method);
    if (method != pool->second.methods.end()) return method->second;
  }
  return fmt::format("method {}", step.method);
}

std::string TraceEvents::arguments(const admin::TraceStep& step) const {
  const auto pool = pools_.find(step.pool);
  const std::string name = pool == pools_.end() ? fmt::format("pool {}", step.pool) : pool->second.name;
  std::string out =
      fmt::format(R"("container":{},"worker":{})", quoted(fmt::format("{}/{}", name, step.container)), step.worker);
  if (step.flags & admin::kTraceNoTask) return out;
  out +=
      fmt::format(R"(,"method":{},"session":"{}","sequence":{})", quoted(method_of(step)), step.session, step.sequence);
  return out;
}

void TraceEvents::complete(const admin::TraceStep& step, const std::string& name, const char* category,
                           std::uint64_t begin_ns, std::uint64_t end_ns, std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 ",\n"
                 R"({{"ph":"X","name":{},"cat":"{}","ts":{},"dur":{},"pid":{},"tid":{},"args":{{{}}}}})",
                 quoted(name), category, as_us(begin_ns), as_us(end_ns - begin_ns), kProcess, thread_of(step.worker),
                 arguments(step));
}

void TraceEvents::asynchronous(const admin::TraceStep& step, const std::string& name, const char* category,
                               std::uint64_t begin_ns, std::uint64_t end_ns, std::string& out) {
  const std::string both = fmt::format(R"("name":{},"cat":"{}","id":"{:#x}","pid":{},"tid":{})", quoted(name), category,
                                       next_id_++, kProcess, thread_of(step.worker));
  fmt::format_to(std::back_inserter(out),
                 ",\n"
                 R"({{"ph":"b",{},"ts":{},"args":{{{}}}}})"
                 ",\n"
                 R"({{"ph":"e",{},"ts":{}}})",
                 both, as_us(begin_ns), arguments(step), both, as_us(end_ns));
}

void TraceEvents::move(const admin::TraceStep& step, std::string& out) const {
  fmt::format_to(std::back_inserter(out),
                 ",\n"
                 R"({{"ph":"i","name":"move","cat":"move","s":"t","ts":{},"pid":{},"tid":{},"args":{{{},)"
                 R"("to_worker":{}}}}})",
                 as_us(step.began_ns), kProcess, thread_of(step.worker), arguments(step), step.to_worker);
}

void TraceEvents::events(const admin::TraceStep& step, std::string& out) {
  if (step.flags & admin::kTraceMove) return move(step, out);
  if (step.since_ns != 0) {
    const char* wait = step.flags & admin::kTraceQueued ? "queue" : "await";
    asynchronous(step, wait, wait, step.since_ns, step.began_ns, out);
  }
  if (step.flags & admin::kTraceOrphan) {
    asynchronous(step, method_of(step) + " (on a thread of its own)", "run", step.began_ns, step.ended_ns, out);
  } else if (step.flags & admin::kTraceRan) {
    complete(step, method_of(step), "run", step.began_ns, step.ended_ns, out);
  }
  if (step.reply_ns != 0) complete(step, "reply", "reply", step.reply_ns, step.replied_ns, out);
}

}  // namespace chi::cli
