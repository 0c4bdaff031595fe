// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The making and unmaking of pools.
#include "runtime/pool_keeper.h"

#include <charconv>
#include <thread>

#include "base/text.h"
#include "chimaera/codec.h"
#include "directory/await.h"
#include "runtime/places.h"
#include "runtime/services.h"

namespace chi::runtime {
namespace {

constexpr auto kDirectoryTime = std::chrono::seconds(5);
constexpr std::uint32_t kMaxContainers = 65536;
constexpr auto kLookEvery = std::chrono::microseconds(500);  // at a pool that is to become idle

Status check(const PoolPlan& plan) {
  const bool own = plan.id == kAdminPool;  // which has the one name that no other may have
  if (Status name = check_pool_name(plan.name); !own && !name) {
    return Error{name.code(), name.error().text, kControl};
  }
  if (plan.containers == 0 || plan.containers > kMaxContainers) {
    return Error{
        Code::invalid_argument,
        "a pool has 1 to " + std::to_string(kMaxContainers) + " containers, not " + std::to_string(plan.containers),
        kControl};
  }
  if (plan.mode > 0777) return Error{Code::invalid_argument, "the mode is at most 0777, as of a file", kControl};
  return {};
}

}  // namespace

// Shared by the jobs that create a pool's containers, for they may outlive the wait for them.
struct PoolKeeper::Creation {
  explicit Creation(std::size_t count) : latch(count) {}
  Latch latch;
  std::mutex mutex;
  std::vector<Error> errors;
  bool abandoned = false;  // nobody waits any more: what is made yet is destroyed at once
};

class PoolKeeper::DestroyJob final : public StepJob {
 public:
  DestroyJob(std::shared_ptr<Pool> pool, Container& of, std::shared_ptr<Latch> latch)
      : pool_(std::move(pool)), latch_(std::move(latch)) {
    container = &of;
  }
  void run() override {
    if (void* self = std::exchange(container->self, nullptr)) pool_->module->table().destroy(self);
  }
  void done(Worker&) override {
    if (latch_) latch_->arrive();
    delete this;
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Latch> latch_;
};

class PoolKeeper::CreateJob final : public StepJob {
 public:
  CreateJob(std::shared_ptr<Pool> pool, Container& of, OwnedMessage config, std::shared_ptr<Creation> creation)
      : pool_(std::move(pool)), config_(std::move(config)), creation_(std::move(creation)) {
    container = &of;
  }

  void run() override {
    chi_create arguments{};
    arguments.size = sizeof arguments;
    arguments.index = container->index;
    arguments.count = static_cast<std::uint32_t>(pool_->containers.size());
    arguments.epoch = container->epoch;
    arguments.pool = pool_->id;
    arguments.pool_name = pool_->name.c_str();
    arguments.config = config_.view();
    arguments.uid = pool_->uid;
    arguments.gid = pool_->gid;
    auto emit = [](void* context, const chi_message* message) { static_cast<OwnedMessage*>(context)->copy(*message); };
    try {
      code_ =
          static_cast<Code>(pool_->module->table().create(&services(), container, &arguments, &self_, &reply_, emit));
    } catch (...) {
      code_ = Code::internal;
    }
  }

  void done(Worker& worker) override {
    std::unique_lock lock(creation_->mutex);
    if (code_ == Code::ok) {
      container->self = self_;
      if (creation_->abandoned) worker.add_job(new DestroyJob(pool_, *container, nullptr));
    } else {
      creation_->errors.push_back(error());
    }
    lock.unlock();
    creation_->latch.arrive();
    delete this;
  }

 private:
  Error error() const {
    Error out;
    if (reply_.size() == 0 || !decode_message(reply_.view(), out)) out.text = "the module gave no reason";
    out.code = code_;
    if (out.where.empty()) out.where = container->name();
    return out;
  }

  std::shared_ptr<Pool> pool_;
  OwnedMessage config_;
  std::shared_ptr<Creation> creation_;
  void* self_ = nullptr;
  Code code_ = Code::internal;
  OwnedMessage reply_;
};

PoolKeeper::PoolKeeper(Crew& crew, LaneMapPublisher& lanes, Directory& directory, Clock& clock, Logger& log,
                       std::uint64_t incarnation)
    : crew_(crew), lanes_(lanes), directory_(directory), clock_(clock), log_(log), incarnation_(incarnation) {}

std::chrono::nanoseconds PoolKeeper::left(std::uint64_t until_ns) const {
  std::uint64_t now = clock_.now_ns();
  return std::chrono::nanoseconds(until_ns > now ? until_ns - now : 0);
}

std::shared_ptr<Pool> PoolKeeper::find(const std::string& name) const {
  auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second;
}

// Ids begin anew above those of each incarnation before: while the directory does not outlive the daemon, the
// incarnation, which is a time, keeps them unique.
Result<PoolId> PoolKeeper::next_id() {
  constexpr char kKey[] = "next_pool_id";
  for (;;) {
    auto entry =
        await<std::optional<DirectoryEntry>>(kDirectoryTime, [&](const auto& done) { directory_.get(kKey, done); });
    if (!entry) return std::move(entry).error();
    PoolId id = incarnation_ << 20;
    if (*entry) std::from_chars((*entry)->value.data(), (*entry)->value.data() + (*entry)->value.size(), id);
    auto changed = await<Revision>(kDirectoryTime, [&](const auto& done) {
      directory_.cas(kKey, *entry ? (*entry)->revision : kAbsent, std::to_string(id + 1), kNoLease, done);
    });
    if (changed) return id;
    if (changed.code() != Code::aborted) return std::move(changed).error();
  }
}

Status PoolKeeper::record(const Pool& pool) {
  auto changed = await<Revision>(kDirectoryTime, [&](const auto& done) {
    directory_.cas("pool/" + pool.name, kAbsent, std::to_string(pool.id), kNoLease, done);
  });
  if (changed) return {};
  if (changed.code() != Code::aborted) return std::move(changed).error();
  return Error{Code::already_exists, "another node has just made a pool named '" + pool.name + "'", kControl};
}

void PoolKeeper::place(Pool& pool) {
  std::size_t first = pools_.size();  // so that pools of one container do not all meet on worker 0
  for (std::uint32_t i = 0; i < pool.containers.capacity(); ++i) {
    pool.containers.push_back(std::make_unique<Container>(pool, i, crew_.worker((first + i) % crew_.active())));
  }
}

Status PoolKeeper::create_containers(const std::shared_ptr<Pool>& pool, const OwnedMessage& config,
                                     std::uint64_t until_ns) {
  auto creation = std::make_shared<Creation>(pool->containers.size());
  for (auto& container : pool->containers) {
    container->worker().run([job = new CreateJob(pool, *container, OwnedMessage(config.view()), creation)](
                                Worker& worker) { worker.add_job(job); });
  }
  bool all = creation->latch.wait_for(left(until_ns));
  std::lock_guard lock(creation->mutex);
  creation->abandoned = !all;
  if (!all) {
    return Error{Code::deadline_exceeded,
                 "the containers were not made in time; look into the module's constructor and open()", kControl};
  }
  if (creation->errors.empty()) return {};
  Error first = creation->errors.front();
  first.text += " (" + std::to_string(creation->errors.size()) + " of " + std::to_string(pool->containers.size()) +
                " containers failed; no pool was made)";
  return first;
}

Result<std::shared_ptr<Pool>> PoolKeeper::create(PoolPlan plan, std::uint64_t until_ns) {
  if (auto good = check(plan); !good) return std::move(good).error();
  if (find(plan.name)) {
    return Error{Code::already_exists, "there is a pool named '" + plan.name + "'; choose another name or destroy it",
                 kControl};
  }
  auto pool = std::make_shared<Pool>();
  pool->id = plan.id;
  if (pool->id == kNoPool) {
    auto id = next_id();
    if (!id) return std::move(id).error();
    pool->id = *id;
  }
  auto base = lanes_.allocate(plan.containers);
  if (!base) return std::move(base).error();
  pool->lane_base = *base;
  pool->name = plan.name;
  pool->module = plan.module;
  pool->uid = plan.uid;
  pool->gid = plan.gid;
  pool->mode = plan.mode;
  pool->config = Bytes(plan.config.data(), plan.config.size());
  pool->containers.reserve(plan.containers);
  place(*pool);
  Status made = record(*pool);
  if (made) made = create_containers(pool, plan.config, until_ns);
  if (!made) {
    take_down(pool, clock_.now_ns() + 1'000'000'000);
    return std::move(made).error();
  }
  pools_[pool->name] = pool;
  for (auto& container : pool->containers) {
    lanes_.map().entries[pool->lane_base + container->index].store(
        shm::LaneMap::entry(container->worker().index(), container->epoch), std::memory_order_release);
  }
  crew_.on_each(left(until_ns), [pool](Worker& worker) { worker.add_pool(pool.get()); });
  log_.info("pool '{}' of module {} {} made, {} containers", pool->name, pool->module->name(), pool->module->version(),
            pool->containers.size());
  return pool;
}

void PoolKeeper::introduce(Worker& worker) const {
  for (auto& [name, pool] : pools_) {
    worker.run([known = pool](Worker& there) { there.add_pool(known.get()); });
  }
}

bool PoolKeeper::wait_until_idle(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns) {
  for (;;) {
    auto quiet = std::make_shared<std::atomic<std::size_t>>(0);
    bool asked = crew_.on_each(left(until_ns), [pool, quiet](Worker& worker) {
      for (auto& container : pool->containers) {
        if (!container->owned_by(worker)) continue;
        container->operations.for_each([](Operator& operation) { operation.cancel(); });
        if (container->quiet()) quiet->fetch_add(1);
      }
    });
    // One that was just moving may have been seen by nobody.
    if (asked && quiet->load() == pool->containers.size()) return true;
    if (left(until_ns).count() == 0) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
}

// What was sent to its containers before they were unknown everywhere has to arrive before their memory goes.
bool PoolKeeper::wait_for_mail(const Pool& pool, std::uint64_t until_ns) const {
  auto waits = [](auto& container) { return container->mail_on_the_way(); };
  while (std::any_of(pool.containers.begin(), pool.containers.end(), waits)) {
    if (left(until_ns).count() == 0) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

void PoolKeeper::destroy_containers(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns) {
  auto latch = std::make_shared<Latch>(pool->containers.size());
  for (auto& container : pool->containers) {
    container->worker().run([job = new DestroyJob(pool, *container, latch)](Worker& worker) { worker.add_job(job); });
  }
  latch->wait_for(left(until_ns));
}

void PoolKeeper::take_down(const std::shared_ptr<Pool>& pool, std::uint64_t until_ns) {
  auto keep = pool;
  keep->draining.store(true, std::memory_order_release);
  crew_.on_each(left(until_ns), [keep](Worker& worker) { worker.remove_pool(keep.get()); });
  if (!wait_for_mail(*keep, until_ns)) lost_.push_back(keep);
  destroy_containers(keep, until_ns);
  lanes_.release(keep->lane_base, static_cast<std::uint32_t>(keep->containers.size()));
  auto entry = await<std::optional<DirectoryEntry>>(
      kDirectoryTime, [&](const auto& done) { directory_.get("pool/" + keep->name, done); });
  if (entry && *entry && (*entry)->value == std::to_string(keep->id)) {
    (void)await<Revision>(kDirectoryTime, [&](const auto& done) {
      directory_.cas("pool/" + keep->name, (*entry)->revision, std::nullopt, kNoLease, done);
    });
  }
  auto found = pools_.find(keep->name);
  if (found != pools_.end() && found->second == keep) pools_.erase(found);
}

Error PoolKeeper::no_such_pool(const std::string& name) const {
  std::vector<std::string> names;
  for (const auto& each : pools_) names.push_back(each.first);
  const std::string meant = closest(name, names);
  return {Code::not_found,
          "no pool named '" + name.substr(0, 128) + "'; " + (meant.empty() ? "" : "did you mean '" + meant + "'? ") +
              "`chimaera pool list` shows those there are, `chimaera pool create` makes one",
          kControl};
}

Status PoolKeeper::destroy(const std::string& name, std::uint64_t until_ns) {
  auto pool = find(name);
  if (!pool) return no_such_pool(name);
  if (pool->id == kAdminPool) {
    return Error{Code::failed_precondition, "the pool 'admin' ends with the daemon: use `chimaera stop`", kControl};
  }
  pool->draining.store(true, std::memory_order_release);
  // Some time is left for the answer.
  std::uint64_t idle_until = clock_.now_ns() + static_cast<std::uint64_t>(left(until_ns).count()) / 10 * 9;
  if (!wait_until_idle(pool, idle_until)) {
    pool->draining.store(false, std::memory_order_release);
    return Error{
        Code::deadline_exceeded,
        "tasks of pool '" + name + "' still run (see `chimaera pool describe " + name + "`); it stays and serves on",
        kControl};
  }
  take_down(pool, until_ns);
  log_.info("pool '{}' destroyed", name);
  return {};
}

void PoolKeeper::drain(std::uint64_t until_ns) {
  for (auto& [name, pool] : pools_) pool->draining.store(true, std::memory_order_release);
  for (auto& [name, pool] : pools_) wait_until_idle(pool, until_ns);
}

void PoolKeeper::destroy_all(std::uint64_t until_ns) {
  std::vector<std::shared_ptr<Pool>> all;
  all.reserve(pools_.size());
  for (auto& [name, pool] : pools_) all.push_back(pool);
  for (auto& pool : all) {
    pool->draining.store(true, std::memory_order_release);
    if (wait_until_idle(pool, until_ns)) take_down(pool, until_ns);
  }
}

}  // namespace chi::runtime
