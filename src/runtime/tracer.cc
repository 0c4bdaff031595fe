// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Workers are told by mail, and keep their share alive themselves: one that does not come to it in time is waited for
// by nobody.
#include "runtime/tracer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <new>
#include <set>

#include "runtime/places.h"

namespace chi::runtime {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(500);

Error no_trace() {
  return {Code::failed_precondition, "nothing is traced; `chimaera trace start` begins a trace", kControl};
}

}  // namespace

Result<admin::TraceStartReply> Tracer::start(const admin::TraceStart& request) {
  if (state_ == State::on) {
    return Error{Code::already_exists, "a trace goes on already; `chimaera trace stop` ends it", kControl};
  }
  const std::uint64_t most = kMostBytes / sizeof(TraceRecord) / crew_.limit();
  const std::uint64_t records = request.records != 0 ? request.records : std::min(kRecords, most);
  if (records > most) {
    return Error{Code::invalid_argument,
                 fmt::format("{} records of each worker; with up to {} workers at most {} have room in 1 GiB", records,
                             crew_.limit(), most),
                 kControl};
  }
  traces_.clear();
  ended_ = {};
  ++number_;
  records_ = records;
  all_ = request.all;
  began_ = Ticks::now();
  state_ = State::on;
  for (std::uint32_t i = 0; i < crew_.size(); ++i) {
    if (auto traced = trace_worker(i); !traced) {
      end();
      traces_.clear();
      state_ = State::off;
      return traced.error();
    }
  }
  return admin::TraceStartReply{records, crew_.size(), records * crew_.size() * sizeof(TraceRecord)};
}

Status Tracer::trace_worker(std::uint32_t index) {
  try {
    auto trace = std::make_shared<WorkerTrace>(index, records_, all_);
    traces_.push_back(trace);
    crew_.worker(index).run([trace](Worker& worker) { worker.begin_trace(trace); });
  } catch (const std::bad_alloc&) {
    return Error{Code::resource_exhausted,
                 fmt::format("no memory for {} records of each worker; trace fewer (--records)", records_), kControl};
  }
  return {};
}

void Tracer::include_new_workers() noexcept {
  if (state_ != State::on) return;
  for (auto next = static_cast<std::uint32_t>(traces_.size()); next < crew_.size(); ++next) {
    if (!trace_worker(next)) return;
  }
}

void Tracer::end() {
  crew_.on_each(kPatience, [](Worker& worker) { worker.end_trace(); });
}

Result<admin::TraceStopReply> Tracer::stop() {
  if (state_ == State::off) return no_trace();
  if (state_ == State::ended) return ended_;
  const Ticks now = Ticks::now();
  end();
  state_ = State::ended;
  ended_.trace = number_;
  ended_.duration_ns = now.ns_since(began_);
  std::erase_if(traces_, [this](const auto& trace) {
    if (trace->closed()) return false;
    ended_.missing.push_back(trace->worker());
    return true;
  });
  for (const auto& trace : traces_) {
    ended_.workers.push_back({trace->worker(), trace->size(), trace->lost(), trace->passed_over()});
    ended_.records += trace->size();
  }
  ended_.pools = pools();
  return ended_;
}

std::vector<admin::TracePool> Tracer::pools() const {
  std::map<PoolId, TracedPool> known;
  for (const auto& [name, pool] : keeper_.pools()) known.emplace(pool->id, TracedPool::of(*pool));
  std::set<PoolId> used;
  for (const auto& trace : traces_) {
    known.insert(trace->gone().begin(), trace->gone().end());
    for (std::size_t i = 0; i < trace->size(); ++i) used.insert(trace->at(i).pool);
  }
  std::vector<admin::TracePool> out;
  for (const PoolId id : used) {
    if (!known.contains(id)) continue;
    admin::TracePool& pool = out.emplace_back();
    pool.id = id;
    pool.name = known[id].name;
    for (auto& [method, name] : known[id].methods) pool.methods.push_back({method, name});
  }
  return out;
}

Status Tracer::readable(std::uint64_t trace) const {
  if (trace == 0 || trace > number_) {
    return Error{Code::failed_precondition, fmt::format("there was no trace {} since the daemon's start", trace),
                 kControl};
  }
  if (trace != number_ || state_ == State::off) {
    return Error{Code::aborted,
                 fmt::format("trace {} has gone: somebody has read it and let go of it, or begun another one", trace),
                 kControl};
  }
  if (state_ == State::on) {
    return Error{Code::failed_precondition, "the trace goes on; it can be read when it was stopped", kControl};
  }
  return {};
}

Result<admin::TraceReadReply> Tracer::read(const admin::TraceRead& request) {
  if (auto there = readable(request.trace); !there) return there.error();
  admin::TraceReadReply reply;
  if (request.release) {
    traces_ = {};
    ended_ = {};
    state_ = State::off;
    return reply;
  }
  std::uint64_t skip = request.begin;
  for (const auto& trace : traces_) {
    for (; skip < trace->size() && reply.steps.size() < kStepsInReply; ++skip) {
      reply.steps.push_back(step_of(*trace, trace->at(skip)));
    }
    if (reply.steps.size() == kStepsInReply) break;
    skip -= trace->size();
  }
  return reply;
}

std::uint64_t Tracer::ns(Ticks at) const noexcept { return at == Ticks() ? 0 : at.ns_since(began_); }

admin::TraceStep Tracer::step_of(const WorkerTrace& trace, const TraceRecord& record) const noexcept {
  return {trace.worker(),   record.flags,       record.pool,      record.container, record.method,
          record.session,   record.sequence,    ns(record.since), ns(record.began), ns(record.ended),
          ns(record.reply), ns(record.replied), record.to_worker};
}

}  // namespace chi::runtime
