// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Tells the watchers of a directory what has changed: in order, one event at a time, with no lock held while a sink
// runs. Thread-safe. Watches may outlive the hub.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "directory/directory.h"

namespace chi {

class WatchHub {
 public:
  WatchHub();

  // A watch whose first events are `present`. The caller holds off publish() meanwhile, so that none comes between.
  std::unique_ptr<Directory::Watch> add(std::string prefix, Directory::Sink sink, std::vector<DirectoryEvent> present);

  // Queues an event for every watch that it concerns; in the order of the calls.
  void publish(const DirectoryEvent& event);

  // Runs the sinks of what is queued, unless a thread is at it already (which takes this along). Call it without locks.
  void deliver();

 private:
  struct Watcher;
  struct State;
  class Handle;
  std::shared_ptr<State> state_;
};

}  // namespace chi
