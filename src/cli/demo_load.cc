// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements demo_load.h.
#include "cli/demo_load.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace chi::cli {

namespace {

constexpr std::size_t kBatchBytes = 64 << 10;
constexpr std::size_t kBatchRecords = 64;  // as many as a message has buffers
constexpr std::size_t kUnderWay = 16;      // batches

}  // namespace

Status DemoLoader::open(Batch& batch, std::size_t least) const {
  Result<Buffer> memory = client_.allocate_buffer(std::max(kBatchBytes, least), std::chrono::seconds(10));
  if (!memory.ok()) return std::move(memory).error();
  batch.memory = *std::move(memory);
  batch.used = 0;
  return {};
}

Status DemoLoader::put(std::string_view key, std::string_view value) {
  const std::uint32_t container = kv::container_of_key(key, static_cast<std::uint32_t>(batches_.size()));
  Batch& batch = batches_[container];
  const bool fits = batch.memory.size() - batch.used >= value.size() && batch.request.records.size() < kBatchRecords;
  if (!fits) {
    Status sent = send(container);
    if (!sent.ok()) return sent;
    Status opened = open(batch, value.size());
    if (!opened.ok()) return opened;
  }
  Buffer place = batch.memory.slice(batch.used, value.size());
  if (!value.empty()) std::memcpy(place.data(), value.data(), value.size());
  batch.used += value.size();
  batch.request.records.push_back({std::string(key), Bytes::from(std::move(place))});
  return {};
}

Status DemoLoader::send(std::uint32_t container) {
  Batch& batch = batches_[container];
  if (batch.request.records.empty()) return {};
  while (sent_.size() >= kUnderWay) {
    Status taken = take_oldest();
    if (!taken.ok()) return taken;
  }
  sent_.push_back(pool_.on(chi::container(container)).send(batch.request));
  batch = Batch();
  return {};
}

Status DemoLoader::take_oldest() {
  const Result<kv::PutManyReply> reply = sent_.front().get();
  sent_.pop_front();
  if (reply.ok()) return {};
  return reply.error();
}

Status DemoLoader::finish() {
  for (std::uint32_t i = 0; i < batches_.size(); ++i) {
    Status sent = send(i);
    if (!sent.ok()) return sent;
  }
  while (!sent_.empty()) {
    Status taken = take_oldest();
    if (!taken.ok()) return taken;
  }
  return {};
}

}  // namespace chi::cli
