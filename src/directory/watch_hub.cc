// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements watch_hub.h.
#include "directory/watch_hub.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace chi {

struct WatchHub::Watcher {
  std::string prefix;
  Directory::Sink sink;
  bool ended = false;
};

struct WatchHub::State {
  struct Queued {
    std::shared_ptr<Watcher> to;
    DirectoryEvent event;
  };

  std::mutex mutex;
  std::condition_variable sink_returned;
  std::vector<std::shared_ptr<Watcher>> watchers;
  std::deque<Queued> queue;
  bool delivering = false;
  std::thread::id deliverer;
  const Watcher* running = nullptr;  // whose sink is being called
};

class WatchHub::Handle final : public Directory::Watch {
 public:
  Handle(std::shared_ptr<State> state, std::shared_ptr<Watcher> watcher)
      : state_(std::move(state)), watcher_(std::move(watcher)) {}

  ~Handle() override {
    std::unique_lock lock(state_->mutex);
    watcher_->ended = true;
    std::erase(state_->watchers, watcher_);
    if (state_->deliverer == std::this_thread::get_id()) return;  // a sink ends a watch: it cannot wait for itself
    state_->sink_returned.wait(lock, [&] { return state_->running != watcher_.get(); });
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Watcher> watcher_;
};

WatchHub::WatchHub() : state_(std::make_shared<State>()) {}

std::unique_ptr<Directory::Watch> WatchHub::add(std::string prefix, Directory::Sink sink,
                                                std::vector<DirectoryEvent> present) {
  auto watcher = std::make_shared<Watcher>(Watcher{std::move(prefix), std::move(sink)});
  std::lock_guard lock(state_->mutex);
  state_->watchers.push_back(watcher);
  for (DirectoryEvent& event : present) state_->queue.push_back({watcher, std::move(event)});
  return std::make_unique<Handle>(state_, std::move(watcher));
}

void WatchHub::publish(const DirectoryEvent& event) {
  std::lock_guard lock(state_->mutex);
  for (const auto& watcher : state_->watchers) {
    if (event.key.starts_with(watcher->prefix)) state_->queue.push_back({watcher, event});
  }
}

void WatchHub::deliver() {
  auto state = state_;  // a sink may destroy the directory's owner
  std::unique_lock lock(state->mutex);
  if (state->delivering) return;
  state->delivering = true;
  state->deliverer = std::this_thread::get_id();
  while (!state->queue.empty()) {
    State::Queued next = std::move(state->queue.front());
    state->queue.pop_front();
    if (next.to->ended) continue;
    state->running = next.to.get();
    lock.unlock();
    next.to->sink(next.event);
    lock.lock();
    state->running = nullptr;
    state->sink_returned.notify_all();
  }
  state->delivering = false;
  state->deliverer = {};
}

}  // namespace chi
