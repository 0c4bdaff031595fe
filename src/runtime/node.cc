// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// How the parts of a daemon are put together and taken apart.
#include "runtime/node.h"

#include <malloc.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/process_usage.h"
#include "base/text.h"
#include "codec/json.h"
#include "codec/json_text.h"
#include "directory/local_directory.h"
#include "metrics/scrape_server.h"
#include "runtime/administration.h"
#include "runtime/cpu_watch.h"
#include "runtime/node_metrics.h"
#include "runtime/places.h"
#include "store/memory_store.h"

namespace chi::runtime {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kLeastGraceMs = 200;  // so that whoever asked for the end gets an answer

// Later than that of any daemon before: what is numbered from it is never used again.
std::uint64_t new_incarnation() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

Result<CrewOptions> crew_options(const Config& config) {
  CrewOptions out;
  auto limit = worker_limit(config);
  if (!limit) return std::move(limit).error();
  out.limit = *limit;
  out.workers = worker_count(config);
  out.isolate_after = config.runtime.isolate_after;
  out.rest_after = config.runtime.trim_after;
  out.stuck_after = config.runtime.stuck_after;
  out.worker.spin_ns = static_cast<std::uint64_t>(config.runtime.spin.count());
  out.worker.never_sleep = config.runtime.poll == Config::Poll::always;
  out.worker.default_deadline_ns = static_cast<std::uint64_t>(config.runtime.default_deadline.count());
  out.worker.max_message = config.call.max_message;
  return out;
}

ListenerOptions listener_options(const Config& config, const std::string& path, std::uint64_t incarnation) {
  ListenerOptions out;
  out.socket_path = path;
  out.socket_mode = config.socket.mode;
  out.socket_group = config.socket.group;
  out.allow_uids = config.session.allow_uids;
  out.max_sessions = config.session.max_sessions;
  out.max_streams = config.session.max_streams;
  out.memory_limit = config.session.memory_limit;
  out.incarnation = incarnation;
  return out;
}

Result<OwnedMessage> config_message(const Module& module, const std::string& json_text) {
  const char* schema = module.table().config_schema;
  auto type = parse_schema(schema ? schema : "()");
  if (!type) return std::move(type).error();
  auto json = parse_json(json_text);
  if (!json) return std::move(json).error();
  if (json->is_object() && json->empty()) return OwnedMessage();  // the module's defaults
  std::uint8_t scratch[1024];
  Encoder encoder(scratch);
  encoder.inline_bytes();
  if (auto written = json_to_wire(*type, *json, encoder); !written) return std::move(written).error();
  return OwnedMessage(encoder.message());
}

}  // namespace

struct Node::Parts {
  explicit Parts(Logger& to) : log(to) {}

  Logger& log;
  SystemClock clock;
  std::uint64_t incarnation = new_incarnation();
  MemoryStore store;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<LaneMapPublisher> lanes;
  Administration administration;
  std::unique_ptr<CpuWatch> cpus;
  std::unique_ptr<Crew> crew;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<ModuleShelf> shelf;
  std::unique_ptr<PoolKeeper> keeper;
  std::unique_ptr<Workforce> workforce;
  std::unique_ptr<Orchestrator> orchestrator;
  std::unique_ptr<NodeMetrics> metrics;  // null: nobody asks
  std::unique_ptr<metrics::ScrapeServer> scrapes;

  std::mutex mutex;
  std::condition_variable ending;
  bool end = false;
  std::uint32_t grace_ms = 0;
};

Node::Node() = default;
Node::~Node() { stop(0); }

Result<std::unique_ptr<Node>> Node::start(NodeOptions options, Logger& log) {
  std::unique_ptr<Node> node(new Node);
  if (auto made = node->assemble(std::move(options), log); !made) return std::move(made).error();
  return node;
}

Status Node::assemble(NodeOptions options, Logger& log) {
  parts_ = std::make_unique<Parts>(log);
  Parts& parts = *parts_;
  const Config& config = options.config;
  auto directory = LocalDirectory::open(parts.store, parts.clock);
  if (!directory) return std::move(directory).error();
  parts.directory = std::move(*directory);
  auto crew = crew_options(config);
  if (!crew) return std::move(crew).error();
  auto lanes = LaneMapPublisher::create(crew->workers, parts.incarnation);
  if (!lanes) return std::move(lanes).error();
  parts.lanes = std::move(*lanes);
  auto made = Crew::create(*crew, parts.clock, log, *parts.lanes, parts.administration);
  if (!made) return std::move(made).error();
  parts.crew = std::move(*made);
  watch_cpus(options.own_process);
  if (options.own_process && config.runtime.trim_after.count() > 0) trim_at_rest();
  if (auto started = parts.crew->start(); !started) return started;
  parts.shelf = std::make_unique<ModuleShelf>(ModuleRepo(module_search_path(
      options.module_paths, config.modules.paths, std::getenv("CHIMAERA_MODULE_PATH"), options.repos)));
  if (auto registry = parts.shelf->repo().registry_problem(); !registry) log.warning("{}", registry.error().text);
  parts.keeper =
      std::make_unique<PoolKeeper>(*parts.crew, *parts.lanes, *parts.directory, parts.clock, log, parts.incarnation);
  parts.listener = std::make_unique<Listener>(listener_options(config, options.socket_path, parts.incarnation),
                                              *parts.crew, *parts.lanes, log);
  parts.workforce = std::make_unique<Workforce>(*parts.crew, *parts.listener, *parts.keeper, log);
  parts.orchestrator = std::make_unique<Orchestrator>(
      Orchestrator::Parts{*parts.crew, *parts.keeper, *parts.shelf, *parts.cpus, parts.clock, log}, config.worch);
  parts.workforce->on_change([&parts](std::uint32_t) {
    parts.orchestrator->workers_changed();
    return Status();
  });
  if (auto admin = create_admin_pool(); !admin) return admin;
  if (auto pools = create_configured_pools(config); !pools) return pools;
  parts.orchestrator->start();
  auto opened = parts.administration.open({*parts.crew, *parts.listener, *parts.shelf, *parts.keeper, *parts.workforce,
                                           *parts.orchestrator, parts.clock, log, options.name, parts.incarnation,
                                           [this](std::uint32_t grace) { request_stop(grace); }});
  if (!opened) return opened;
  if (auto listens = parts.listener->start(); !listens) return listens;
  return serve_metrics(config.metrics, options.name);
}

Status Node::serve_metrics(const Config::Metrics& config, const std::string& name) {
  if (config.listen.empty()) return {};
  Parts& parts = *parts_;
  auto address = metrics::parse_address(config.listen);
  if (!address) return Error{address.code(), "metrics.listen: " + address.error().text, kMetrics};
  if (!address->is_loopback() && !config.is_public) {
    return Error{Code::invalid_argument,
                 "metrics.listen: other machines reach " + config.listen +
                     "; use 127.0.0.1, [::1] or the path of a socket, or set metrics.public: true",
                 kMetrics};
  }
  parts.metrics = std::make_unique<NodeMetrics>(NodeMetrics::Parts{*parts.crew, *parts.listener, *parts.shelf,
                                                                   *parts.keeper, *parts.orchestrator,
                                                                   parts.administration, name, parts.incarnation});
  auto server = metrics::ScrapeServer::start(
      {.address = std::move(*address), .tell = [&parts](const std::string& text) { parts.log.warning("{}", text); }},
      *parts.metrics);
  if (!server) {
    return Error{server.code(), server.error().text + " (metrics.listen); free it, or configure another", kMetrics};
  }
  parts.scrapes = std::move(*server);
  const metrics::Address& at = parts.scrapes->address();
  parts.log.info("metrics at {}{}{}", at.is_path() ? "" : "http://", at.to_string(), at.is_path() ? "" : "/metrics");
  return {};
}

// Whoever narrows an embedding program's first thread may mean just that thread.
void Node::watch_cpus(bool own_process) {
  Parts& parts = *parts_;
  parts.cpus = std::make_unique<CpuWatch>(own_process ? ::getpid() : 0);
  parts.cpus->tell([&parts](const CpuLimits& now) {
    parts.log.info("the CPUs that the daemon may use are now {}{}", format_ranges(now.allowed),
                   now.limit == 0 ? "" : ", for the time of " + std::to_string(now.limit));
    parts.crew->allow(now.allowed);
    parts.administration.post([&parts] { parts.orchestrator->event("CPUs changed"); });
  });
  parts.crew->on_watch([&parts] { parts.cpus->look(); });
}

// The allocator gives back by itself only what lies at the end of a heap. It is asked when nobody works, since whoever
// needs memory of a heap meanwhile waits until that heap is through.
void Node::trim_at_rest() {
  parts_->crew->on_rest([&log = parts_->log] {
    const std::uint64_t before = process_usage().resident_bytes.value_or(0);
    ::malloc_trim(0);
    const std::uint64_t after = process_usage().resident_bytes.value_or(0);
    if (before > after) log.debug("{} KiB of freed memory have gone back to the system", (before - after) >> 10);
  });
}

Status Node::create_admin_pool() {
  Parts& parts = *parts_;
  auto module = parts.shelf->get("chimaera_admin");
  if (!module) {
    Error error = std::move(module).error();
    error.text = "the module chimaera_admin, without which there is no daemon, cannot be loaded: " + error.text;
    return error;
  }
  PoolPlan plan;
  plan.name = "admin";
  plan.module = *module;
  plan.id = kAdminPool;
  plan.uid = ::geteuid();
  plan.gid = ::getegid();
  plan.mode = 0666;  // the module itself asks who calls
  auto pool = parts.keeper->create(std::move(plan), parts.clock.now_ns() + 10 * kSecond);
  return pool ? Status() : Status(std::move(pool).error());
}

Status Node::create_configured_pools(const Config& config) {
  Parts& parts = *parts_;
  for (const PoolConfig& wanted : config.pools) {
    auto fail = [&](Error error) {
      error.text = "pool '" + wanted.name + "' of the configuration: " + error.text;
      return error;
    };
    auto module = parts.shelf->get(wanted.module);
    if (!module) return fail(std::move(module).error());
    auto message = config_message(**module, wanted.config);
    if (!message) return fail(std::move(message).error());
    PoolPlan plan;
    plan.name = wanted.name;
    plan.module = *module;
    plan.containers = wanted.containers;
    plan.mode = wanted.mode;
    plan.uid = ::geteuid();
    plan.gid = ::getegid();
    plan.config = std::move(*message);
    auto pool = parts.keeper->create(std::move(plan), parts.clock.now_ns() + 30 * kSecond);
    if (!pool) return fail(std::move(pool).error());
  }
  return {};
}

Result<UniqueFd> Node::connect() { return parts_->listener->connect(); }

void Node::request_stop(std::uint32_t grace_ms) {
  std::lock_guard lock(parts_->mutex);
  parts_->end = true;
  parts_->grace_ms = grace_ms;
  parts_->ending.notify_all();
}

std::optional<std::uint32_t> Node::wait_for(std::chrono::milliseconds limit) {
  std::unique_lock lock(parts_->mutex);
  if (!parts_->ending.wait_for(lock, limit, [this] { return parts_->end; })) return std::nullopt;
  return parts_->grace_ms;
}

bool Node::stop(std::uint32_t grace_ms) {
  if (!parts_) return true;
  Parts& parts = *parts_;
  if (!parts.crew) {
    parts_.reset();
    return true;
  }
  std::uint64_t until = parts.clock.now_ns() + std::max<std::uint64_t>(grace_ms, kLeastGraceMs) * 1'000'000;
  parts.scrapes.reset();  // it asks the others
  parts.administration.close();
  if (parts.keeper) parts.keeper->drain(until);
  if (parts.listener) parts.listener->stop();
  if (parts.keeper) parts.keeper->destroy_all(parts.clock.now_ns() + kSecond);
  bool all = parts.crew->stop(std::chrono::milliseconds(500));
  parts.log.info("{}", all ? "stopped" : "stopped, but for a handler that does not end");
  if (all) {
    parts_.reset();
  } else {
    [[maybe_unused]] Parts* left_alone = parts_.release();  // a thread still runs in there
  }
  return all;
}

}  // namespace chi::runtime
