// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The checks, and the reading of a file for them.
#include "bdev_format/check.h"

#include <chimaera/detail/errno_error.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "bdev_format/header.h"
#include "bdev_format/map_slot.h"

namespace bdev {
namespace {

// The newest good map of the two, if there is one.
struct Newest {
  std::optional<AllocationMap> map;
  std::uint64_t generation = 0;
};

void look_at_slot(const Header& header, unsigned slot, std::span<const std::uint8_t> bytes, Newest& newest,
                  CheckReport& report, std::vector<std::string>& damage) {
  const chi::Result<SlotHead> head = read_slot_head(header, bytes);
  AllocationMap map = empty_map(header);
  const chi::Status good = decode_slot(header, bytes, map);
  const std::string name = "slot " + std::to_string(slot) + " of ";
  if (!good.ok()) {
    damage.push_back(name + good.error().text);
  } else if (!newest.map || head->generation > newest.generation) {
    newest = {std::move(map), head->generation};
    report.generation = newest.generation;
  }
}

void look_at_headers(const Headers& headers, CheckReport& report) {
  if (headers.repair_first) report.notes.push_back("the first header is damaged; opening mends it from the second");
  if (headers.repair_second) report.notes.push_back("the second header is damaged; opening mends it from the first");
}

class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

  // Less where the file ends.
  std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t size) const {
    std::vector<std::uint8_t> out(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd_, out.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    out.resize(done);
    return out;
  }

 private:
  int fd_;
};

}  // namespace

CheckReport examine(const std::string& name, const Image& image) {
  CheckReport report;
  report.name = name;
  const chi::Result<Headers> headers = choose(image.first, image.second);
  if (!headers.ok()) {
    report.problems.push_back(headers.error().text);
    return report;
  }
  const Header& header = headers->header;
  report.uuid = to_string(header.uuid);
  report.size = header.geometry.data_size;
  if (!header.ready) {
    report.notes.push_back("it was never finished, and has nothing in it; opening makes it anew");
    return report;
  }
  if (image.second.size() < kPage) {
    report.problems.push_back("the file is shorter than the volume, which has " + std::to_string(header.total_size) +
                              " bytes: what is behind its end is lost; restore it from a copy");
  }
  look_at_headers(*headers, report);
  Newest newest;
  std::vector<std::string> damage;
  for (unsigned slot = 0; slot < 2; ++slot) look_at_slot(header, slot, image.slots[slot], newest, report, damage);
  // One that is damaged is what a crash in the middle of a change leaves; the other is from before the change.
  auto& told = newest.map ? report.notes : report.problems;
  told.insert(told.end(), damage.begin(), damage.end());
  if (newest.map) {
    report.allocated = newest.map->allocated();
    report.extents = newest.map->extents();
  }
  return report;
}

chi::Result<CheckReport> check_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd() < 0) {
    chi::Error error = chi::detail::error_of_errno(errno);
    return chi::Error{error.code, "cannot open '" + path + "': " + error.text, {}};
  }
  if (::flock(file.fd(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return chi::Error{chi::Code::failed_precondition,
                      "'" + path + "' is in use by a daemon, and changes while one looks: check its pool instead",
                      {}};
  }
  Image image;
  image.first = file.read(0, kPage);
  const off_t end = ::lseek(file.fd(), 0, SEEK_END);
  const std::uint64_t size = end > 0 ? static_cast<std::uint64_t>(end) : 0;
  const chi::Result<Header> header = decode_header(image.first);
  const std::uint64_t second = header.ok() ? header->second() : size / kPage * kPage - (size >= kPage ? kPage : 0);
  image.second = file.read(second, kPage);
  const chi::Result<Headers> headers = choose(image.first, image.second);
  if (headers.ok()) {
    const std::uint64_t slot_size = headers->header.map_slot_size;
    for (unsigned slot = 0; slot < 2; ++slot) image.slots[slot] = file.read(headers->header.map_slot(slot), slot_size);
  }
  return examine(path, image);
}

}  // namespace bdev
