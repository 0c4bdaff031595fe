// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The pool that is exported, as a session of one's own with the daemon: every NBD connection has one, so that none can
// use up the memory, or block the calls, of another.
//
// What was exported first is what every later session must find: a pool of the same name on other devices, as there may
// be after a restart of the daemon, is refused. Otherwise clients would go on writing into a disk that they never saw.
#pragma once

#include <bdev/volume.h>
#include <chimaera/client.h>
#include <chimaera/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace chi::nbd {

// By what a pool is known again. A plain value.
struct Identity {
  std::uint64_t size = 0;  // of the volume
  std::uint64_t chunk = 0;
  std::uint32_t block_size = 0;
  std::vector<std::string> uuids;  // of the containers, in order

  bool operator==(const Identity&) const = default;
};

class Device {
 public:
  // Connects and asks the pool what it is. failed_precondition where it cannot be used as a disk: the text says how one
  // is made.
  static Result<Device> open(const ConnectOptions& daemon, const std::string& pool);

  // The same, and failed_precondition where it is not `wanted`.
  static Result<Device> open(const ConnectOptions& daemon, const std::string& pool, const Identity& wanted);

  const Client& client() const noexcept { return client_; }
  const bdev::Volume& volume() const noexcept { return volume_; }
  const Identity& identity() const noexcept { return identity_; }

 private:
  Device(Client client, bdev::Volume volume, Identity identity)
      : client_(std::move(client)), volume_(std::move(volume)), identity_(std::move(identity)) {}

  Client client_;
  bdev::Volume volume_;
  Identity identity_;
};

}  // namespace chi::nbd
