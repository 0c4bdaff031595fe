// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Pools that come and go, and time that passes, in a node that the test drives.
#include "test_kit/core.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "chimaera/gathered.h"
#include "test_kit/place.h"

namespace chi::test_kit {
namespace {

constexpr PoolId kFaultPool = 2;
constexpr std::uint32_t kMostContainers = 65536;
constexpr std::uint64_t kPatienceNs = 60'000'000'000;  // of the node's time, for what is to be destroyed

Status check(const std::string& name, const PoolOptions& options) {
  if (Status good = check_pool_name(name); !good) return Error{good.code(), good.error().text, kWhere};
  if (options.containers >= 1 && options.containers <= kMostContainers) return {};
  return Error{Code::invalid_argument,
               fmt::format("a pool has 1 to {} containers, not {}", kMostContainers, options.containers), kWhere};
}

Error no_pool(const std::string& name) {
  return {Code::not_found, "this node has no pool named '" + name + "': create_pool comes first", kWhere};
}

chi_message message_of(const Bytes& bytes) {
  return {bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0, nullptr};
}

}  // namespace

void Lines::write(LogLevel level, std::string_view text) noexcept try {
  lines_.push_back(fmt::format("{}: {}", level_name(level), text));
  if (to_stderr_) std::fprintf(stderr, "%s\n", lines_.back().c_str());
} catch (const std::bad_alloc&) {
  return;
}

Core::Core(const TestOptions& options)
    : log_(std::make_unique<Lines>(options.log_to_stderr)),
      shelf_(runtime::ModuleRepo(
          runtime::module_search_path(options.module_paths, {}, std::getenv("CHIMAERA_MODULE_PATH")))) {
  for (const chi_module* table : options.modules) own_modules_[table->name] = runtime::Module::linked(*table);
  node_ = std::make_unique<VirtualNode>(options.seed, options.workers, *log_, [this](const chi_io& io) {
    if (watch_io_) watch_io_(io);
    return faults_.strike(io.operation);
  });
  fault_pool_ = make_pool("test-kit-faults", runtime::Module::linked(fault_module()));
  fault_pool_->id = kFaultPool;
  if (Status made = fill(*fault_pool_, 1); !made) throw BadResult(made.error());
}

Core::~Core() {
  Status ended;
  while (!pools_.empty()) {
    std::unique_ptr<NodePool> pool = std::move(pools_.begin()->second);
    pools_.erase(pools_.begin());
    Status destroyed = destroy(*pool);
    if (destroyed) continue;
    [[maybe_unused]] const auto* kept = pool.release();
    ended = std::move(destroyed);
  }
  if (Status destroyed = destroy(*fault_pool_); !destroyed) ended = std::move(destroyed);
  if (ended && in_flight_ != 0) ended = {Code::internal, "calls of the test are not over"};
  if (!ended) leave_behind(ended.error());
}

// Tasks that do not end may still use all of it.
void Core::leave_behind(const Error& why) noexcept {
  std::fprintf(stderr, "chimaera test kit: the node could not be taken down: %s\n", why.text.c_str());
  [[maybe_unused]] const void* kept[] = {fault_pool_.release(), node_.release(), log_.release()};
}

Result<std::shared_ptr<const runtime::Module>> Core::module(const std::string& name) {
  auto own = own_modules_.find(name);
  if (own != own_modules_.end()) return own->second;
  return shelf_.get(name);
}

std::unique_ptr<NodePool> Core::make_pool(const std::string& name, std::shared_ptr<const runtime::Module> module) {
  auto pool = std::make_unique<NodePool>();
  pool->core = this;
  pool->id = next_pool_++;
  pool->name = name;
  pool->module = std::move(module);
  pool->uid = ::geteuid();
  pool->gid = ::getegid();
  return pool;
}

// On failure the containers that were made are gone again.
Status Core::fill(NodePool& pool, std::uint32_t containers) {
  Status made;
  for (std::uint32_t i = 0; made && i < containers; ++i) {
    made = node_->add_container(pool, i, containers, services(), pool.config.view());
  }
  for (std::size_t i = 0; i < node_->size(); ++i) node_->worker(i).add_pool(&pool);
  if (!made) static_cast<void>(destroy(pool));
  return made;
}

Result<NodePool*> Core::create_pool(const std::string& name, const PoolOptions& options) {
  if (Status good = check(name, options); !good) return std::move(good).error();
  if (NodePool* there = find(name)) {
    const bool same = there->module->name() == options.module && there->containers.size() == options.containers;
    if (options.if_absent && same) return there;
    return Error{Code::already_exists, "there is a pool named '" + name + "'; choose another name", kWhere};
  }
  auto found = module(options.module);
  if (!found) return std::move(found).error();
  std::unique_ptr<NodePool> pool = make_pool(name, *std::move(found));
  pool->mode = options.mode;
  pool->config.copy(message_of(options.config));
  if (Status made = fill(*pool, options.containers); !made) return std::move(made).error();
  return (pools_[name] = std::move(pool)).get();
}

Result<std::unique_ptr<NodePool>> Core::make_twin(const runtime::Container& like) {
  const auto& pool = static_cast<const NodePool&>(like.pool);
  std::unique_ptr<NodePool> twin = make_pool(pool.name, pool.module);
  twin->config.copy(pool.config.view());
  const auto count = static_cast<std::uint32_t>(pool.containers.size());
  Status made = node_->add_container(*twin, like.index, count, services(), twin->config.view());
  if (!made) {
    (void)destroy(*twin);
    return std::move(made).error();
  }
  return twin;
}

Status Core::destroy_pool(const std::string& name) {
  NodePool* pool = find(name);
  if (!pool) return no_pool(name);
  if (Status destroyed = destroy(*pool); !destroyed) return destroyed;
  pools_.erase(name);
  return {};
}

Status Core::destroy(NodePool& pool) {
  auto quiet = [&] {
    return std::all_of(pool.containers.begin(), pool.containers.end(), [](auto& each) { return each->quiet(); });
  };
  pool.draining.store(true);
  const std::uint64_t patience = node_->now_ns() + kPatienceNs;
  for (;;) {
    for (auto& container : pool.containers) {
      node_->enter(container->worker().index());
      container->operations.for_each([](runtime::Operator& operation) { operation.cancel(); });
    }
    if (Status rests = come_to_rest(); !rests) return rests;
    if (quiet()) break;
    auto next = node_->next_timer_ns();
    if (!next || *next > patience) {
      pool.draining.store(false);
      return Error{Code::deadline_exceeded, "tasks of pool '" + pool.name + "' do not end", kWhere};
    }
    node_->pass(*next > node_->now_ns() ? *next - node_->now_ns() : 0);
  }
  for (auto& container : pool.containers) {
    if (!container->self) continue;
    node_->run_module_code(*container, [&] { pool.module->table().destroy(container->self); });
    container->self = nullptr;
  }
  for (std::size_t i = 0; i < node_->size(); ++i) node_->enter(i).remove_pool(&pool);
  return {};
}

NodePool* Core::find(const std::string& name) const noexcept {
  auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second.get();
}

const runtime::Pool* Core::find(PoolId id) const noexcept { return node_->worker(0).find_pool(id); }

Result<runtime::Container*> Core::container(const std::string& pool, std::uint32_t index) const {
  NodePool* found = find(pool);
  if (!found) return no_pool(pool);
  if (index < found->containers.size()) return found->containers[index].get();
  return Error{Code::not_found,
               fmt::format("pool '{}' has {} containers, none {}", pool, found->containers.size(), index), kWhere};
}

Status Core::come_to_rest() {
  if (node_->settle()) return {};
  return Error{Code::failed_precondition,
               fmt::format("the containers never come to rest at {} ns: one of them goes on and on without waiting",
                           node_->now_ns()),
               kWhere};
}

Status Core::wait_for(FunctionRef<bool()> so) {
  while (!so()) {
    if (Status rests = come_to_rest(); !rests) return rests;
    if (so()) break;
    auto next = node_->next_timer_ns();
    if (!next) return Error{Code::failed_precondition, "nothing is left that could still answer the call", kWhere};
    node_->pass(*next > node_->now_ns() ? *next - node_->now_ns() : 0);
  }
  return {};
}

void Core::run() {
  if (Status rests = come_to_rest(); !rests) log_->error("{}", rests.error().text);
}

void Core::advance(std::uint64_t by_ns) {
  const std::uint64_t end = node_->now_ns() + by_ns;
  for (run(); node_->next_timer_ns().value_or(end + 1) <= end; run()) {
    node_->pass(*node_->next_timer_ns() - node_->now_ns());
  }
  node_->pass(end - node_->now_ns());
  run();
}

}  // namespace chi::test_kit
