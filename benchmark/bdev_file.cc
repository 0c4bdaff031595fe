// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Blocks that say where they are: a block that is somewhere else, or old, is seen to be.
#include "benchmark/bdev_file.h"

#include <bdev/bdev.h>
#include <bdev_format/header.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/file.h"
#include "benchmark/calls.h"

namespace chi::bench {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;
constexpr std::uint64_t kBlock = 4096;
constexpr unsigned kFillDepth = 4;
constexpr std::uint64_t kChecks = 64;
constexpr std::uint64_t kByDaemon = 0x9e3779b97f4a7c15U, kByFile = 0xc2b2ae3d27d4eb4fU;  // who wrote it

void fill(std::span<std::uint8_t> memory, std::uint64_t offset, std::uint64_t writer) {
  for (std::size_t i = 0; i < memory.size(); i += sizeof(writer)) {
    const std::uint64_t word = (offset + i) * writer;
    std::memcpy(memory.data() + i, &word, sizeof(word));
  }
}

bool is_filled(std::span<const std::uint8_t> memory, std::uint64_t offset, std::uint64_t writer) {
  std::vector<std::uint8_t> expected(memory.size());
  fill(expected, offset, writer);
  return std::equal(memory.begin(), memory.end(), expected.begin());
}

Error cannot(const char* what, const std::string& path) {
  return Error{errno_code(errno), fmt::format("cannot {} '{}': {}", what, path, errno_text(errno)), "bench"};
}

// A block in memory that O_DIRECT takes.
struct AlignedBlock {
  AlignedBlock() : memory(static_cast<std::uint8_t*>(std::aligned_alloc(kBlock, kBlock)), &std::free) {
    if (!memory) throw std::bad_alloc();
  }
  std::span<std::uint8_t> span() const noexcept { return {memory.get(), kBlock}; }
  std::unique_ptr<std::uint8_t, void (*)(void*)> memory;
};

bool is_memory(const std::string& path) {
  struct statfs found{};
  return ::statfs(path.c_str(), &found) == 0 && (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

// The file systems that know it put the blocks side by side.
Status reserve(int fd, const std::string& path, std::uint64_t size) {
  const auto length = static_cast<off_t>(size + (std::uint64_t{64} << 20));  // and all that is not data
  if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, length) == 0 || errno == EOPNOTSUPP) return {};
  Error error = cannot("take space for", path);
  error.text += "; say with --dir FOLDER where there is enough";
  return error;
}

}  // namespace

Status fill_volume(const Client& client, const Pool& pool, std::uint64_t size) {
  std::vector<Buffer> memory;
  for (unsigned i = 0; i < kFillDepth; ++i) {
    Result<Buffer> made = client.allocate_buffer(kPiece);
    if (!made.ok()) return std::move(made).error();
    memory.push_back(*std::move(made));
  }
  Window<bdev::SizeReply> window(kFillDepth);
  for (std::uint64_t at = 0; at < size;) {
    const bool well = window.turn([&](unsigned i) {
      fill(memory[i].span(), at, kByDaemon);
      auto call = pool.call<bdev::Write>(at, Bytes::from(memory[i]));
      at += kPiece;
      return call;
    });
    if (!well) return window.status();
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return goes_on;
  }
  if (!window.finish()) return window.status();
  const Result<bdev::Nothing> flushed = pool.call<bdev::Flush>().get();
  return flushed.ok() ? Status() : Status(flushed.error());
}

Result<BdevFile> BdevFile::make(const Options& options, std::uint64_t size) {
  Result<ScratchFolder> folder =
      options.dir.empty() ? ScratchFolder::make("/var/tmp") : ScratchFolder::make_in(options.dir);
  if (!folder.ok()) return std::move(folder).error();
  std::string path = folder->file("volume");
  BdevFile out(*std::move(folder), std::move(path), size);
  out.in_memory_ = is_memory(out.folder_.path());
  out.fd_.reset(::open(out.path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out.fd_) return cannot("make", out.path_);
  Status reserved = reserve(out.fd_.get(), out.path_, size);
  if (!reserved.ok()) return std::move(reserved).error();
  UniqueFd direct(::open(out.path_.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC | O_NOFOLLOW));
  out.direct_ = static_cast<bool>(direct);
  if (out.direct_) out.fd_ = std::move(direct);
  return out;
}

Status BdevFile::find_data() {
  const AlignedBlock page;
  if (::pread(fd_.get(), page.memory.get(), kBlock, 0) != static_cast<ssize_t>(kBlock)) return cannot("read", path_);
  const Result<bdev::Header> header = bdev::decode_header(page.span());
  if (!header.ok()) return header.error();
  if (header->geometry.data_size < size_) return Error{Code::data_loss, "the volume is too small", "bench"};
  offset_ = header->data_offset;
  return {};
}

Status BdevFile::check_data(const Client& client, const Pool& pool) const {
  const AlignedBlock block;
  const Result<Buffer> memory = client.allocate_buffer(kBlock);
  if (!memory.ok()) return memory.error();
  const std::uint64_t step = size_ / kChecks / kBlock * kBlock;
  for (std::uint64_t at = 0; at + kBlock <= size_; at += step) {
    const auto there = static_cast<off_t>(offset_ + at);
    if (::pread(fd_.get(), block.memory.get(), kBlock, there) != static_cast<ssize_t>(kBlock)) {
      return cannot("read", path_);
    }
    if (!is_filled(block.span(), at, kByDaemon)) {
      return Error{Code::data_loss, fmt::format("what was written at {} is not in the file", at), "bench"};
    }
    fill(block.span(), at, kByFile);
    if (::pwrite(fd_.get(), block.memory.get(), kBlock, there) != static_cast<ssize_t>(kBlock)) {
      return cannot("write", path_);
    }
    const Result<bdev::SizeReply> got = pool.call<bdev::ReadInto>(at, *memory).get();
    if (!got.ok()) return got.error();
    if (!is_filled(memory->span(), at, kByFile)) {
      return Error{Code::data_loss, fmt::format("what the file has at {} is not what the volume gives", at), "bench"};
    }
  }
  return {};
}

}  // namespace chi::bench
