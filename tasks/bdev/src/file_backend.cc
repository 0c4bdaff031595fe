// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A volume in a file or on a block device, past the page cache where that can be. Its descriptor is locked, so that no
// two containers, of whatever daemon, have one volume open; the kernel lets go of it when the daemon dies.
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "aligned.h"
#include "backends.h"
#include "bdev_format/header.h"
#include "signatures.h"

namespace bdev {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;                    // of what is transferred while the thread waits
constexpr auto kLockWait = std::chrono::milliseconds(1000);  // a daemon that was killed lets go of its files soon

chi::Error system_error(const std::string& what, int number) {
  chi::Error out = chi::detail::error_of_errno(number);
  out.text = what + ": " + out.text;
  return out;
}

class FileBackend final : public Backend {
 public:
  FileBackend(const BackendSpec& spec, const chi::Io& io) : io_(io), path_(spec.path) {
    info_.name = spec.text;
    info_.persistent = true;
    device_ = spec.kind == BackendSpec::Kind::block;
  }
  ~FileBackend() override {
    if (created_ && !kept_) ::unlink(path_.c_str());
  }

  chi::Status open(const Outside& outside);

  const BackendInfo& info() const noexcept override { return info_; }
  std::uint64_t size() const noexcept override { return size_; }

  Transfer read(chi::Buffer into, std::uint64_t offset) override {
    auto got = co_await io_.read(file_, std::move(into), offset);
    co_return got;
  }
  Transfer write(chi::Buffer from, std::uint64_t offset) override {
    auto done = co_await io_.write(file_, std::move(from), offset);
    co_return done;
  }
  std::optional<chi::Io::Pending> start_read(const chi::Buffer& into, std::uint64_t offset) override {
    return io_.read(file_, into, offset);
  }
  std::optional<chi::Io::Pending> start_write(const chi::Buffer& from, std::uint64_t offset) override {
    return io_.write(file_, from, offset);
  }
  chi::Task<chi::Status> sync() override {
    auto done = co_await io_.sync(file_, IORING_FSYNC_DATASYNC);
    if (!done.ok()) co_return done.error();
    co_return chi::Status();
  }
  chi::Task<chi::Status> zero(Range range, bool release) override;

  chi::Status resize(std::uint64_t size) override;
  chi::Status load(std::uint64_t offset, std::span<std::uint8_t> into) override;
  chi::Status store(std::uint64_t offset, std::span<const std::uint8_t> from) override;
  chi::Status store_zeros(Range range) override;
  chi::Status sync_now() override {
    if (::fdatasync(file_.fd()) == 0) return {};
    return system_error("cannot sync '" + path_ + "'", errno);
  }
  void keep() noexcept override { kept_ = true; }
  chi::Error explain(chi::Error why) const override;
  chi::Status check_blank() override {
    if (device_) return check_blank_device(file_.fd(), path_);
    return chi::Error{chi::Code::failed_precondition,
                      "'" + path_ + "' has something in it that is no volume: name another file, or say force=true, " +
                          "which writes over it",
                      {}};
  }

 private:
  chi::Status open_descriptor();
  chi::Status lock() const;
  chi::Status look_at_kind();
  void look_at_alignment(const Outside& outside);

  chi::Io io_;
  BackendInfo info_;
  std::string path_;
  bool device_ = false;
  bool created_ = false;
  bool kept_ = false;
  chi::RegisteredFile file_;
  std::uint64_t size_ = 0;
};

chi::Error FileBackend::explain(chi::Error why) const {
  struct statvfs found{};
  if (device_ || why.code != chi::Code::resource_exhausted || ::fstatvfs(file_.fd(), &found) != 0) return why;
  why.text += "; the file system has " + std::to_string(found.f_bavail * found.f_frsize) +
              " bytes free: make room there, and do it again";
  return why;
}

chi::Status FileBackend::open_descriptor() {
  // O_EXCL of a device without O_CREAT: not while it, or a part of it, is mounted or in other use.
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (device_ ? O_EXCL : 0);
  if (!device_) {
    const int made = ::open(path_.c_str(), flags | O_CREAT | O_EXCL, 0600);
    created_ = made >= 0;
    if (created_) ::close(made);
  }
  int fd = ::open(path_.c_str(), flags | O_DIRECT);
  info_.direct = fd >= 0;
  if (fd < 0 && errno == EINVAL) fd = ::open(path_.c_str(), flags);
  const int error = errno;
  if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);  // that was for opening what is no file
  file_ = io_.register_file(fd);
  if (fd >= 0) return {};
  if (error == ELOOP) {
    return chi::Error{
        chi::Code::failed_precondition, "'" + path_ + "' is a symbolic link: name the file that it points to", {}};
  }
  if (error == EISDIR) return chi::Error{chi::Code::invalid_argument, "'" + path_ + "' is a folder, not a file", {}};
  if (error == EBUSY) {
    return chi::Error{
        chi::Code::failed_precondition, "'" + path_ + "' is in use: unmount it, and all that is on it, first", {}};
  }
  return system_error("cannot open '" + path_ + "'", error);
}

chi::Status FileBackend::lock() const {
  const auto end = std::chrono::steady_clock::now() + kLockWait;
  while (::flock(file_.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return system_error("cannot lock '" + path_ + "'", errno);
    if (std::chrono::steady_clock::now() > end) {
      return chi::Error{chi::Code::failed_precondition,
                        "'" + path_ + "' is in use by another pool or daemon: one volume, one container",
                        {}};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return {};
}

chi::Status FileBackend::look_at_kind() {
  struct stat found{};
  if (::fstat(file_.fd(), &found) != 0) return system_error("cannot look at '" + path_ + "'", errno);
  if (device_ ? !S_ISBLK(found.st_mode) : !S_ISREG(found.st_mode)) {
    return chi::Error{chi::Code::invalid_argument,
                      "'" + path_ + "' is no " + (device_ ? "block device" : "file; for a device say block:" + path_),
                      {}};
  }
  size_ = static_cast<std::uint64_t>(found.st_size);
  if (device_ && ::ioctl(file_.fd(), BLKGETSIZE64, &size_) != 0) {
    return system_error("cannot tell the size of '" + path_ + "'", errno);
  }
  info_.fresh = !device_ && size_ == 0;
  return {};
}

void FileBackend::look_at_alignment(const Outside& outside) {
  if (!info_.direct) {
    outside.warn("'" + path_ + "' is read and written through the page cache: its file system has no O_DIRECT");
    return;
  }
  info_.alignment = info_.memory_alignment = kPage;
#ifdef STATX_DIOALIGN
  struct statx found{};
  if (::statx(file_.fd(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &found) != 0 || !(found.stx_mask & STATX_DIOALIGN)) return;
  if (found.stx_dio_offset_align == 0 || found.stx_dio_offset_align > kPage) return;
  info_.alignment = found.stx_dio_offset_align;
  info_.memory_alignment = std::clamp<std::uint64_t>(found.stx_dio_mem_align, 1, kPage);
#endif
}

chi::Status FileBackend::open(const Outside& outside) {
  if (!outside.files_allowed) {
    return chi::Error{chi::Code::permission_denied,
                      "only the daemon's user and root may make pools of files and devices; use ram:SIZE",
                      {}};
  }
  chi::Status good = open_descriptor();
  if (good.ok()) good = look_at_kind();
  if (good.ok()) good = lock();
  if (good.ok()) good = look_at_kind();  // what another one has made of it, until it let go of the lock
  if (good.ok()) look_at_alignment(outside);
  return good;
}

chi::Task<chi::Status> FileBackend::zero(Range range, bool release) {
  constexpr std::uint32_t kKeep = FALLOC_FL_KEEP_SIZE;
  const std::uint32_t mode = kKeep | (release ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE);
  auto done = co_await io_.allocate(file_, mode, range.offset, range.size);
  if (done.code() == chi::Code::unimplemented && !release) {
    auto punched = co_await io_.allocate(file_, kKeep | FALLOC_FL_PUNCH_HOLE, range.offset, range.size);
    done = std::move(punched);
  }
  if (!done.ok()) co_return done.error();
  co_return chi::Status();
}

chi::Status FileBackend::resize(std::uint64_t size) {
  if (device_) {
    if (size <= size_) return {};
    return chi::Error{
        chi::Code::resource_exhausted, "'" + path_ + "' has only " + std::to_string(size_) + " bytes", {}};
  }
  if (size < size_) return {};
  if (::ftruncate(file_.fd(), static_cast<off_t>(size)) != 0)
    return system_error("cannot make '" + path_ + "' longer", errno);
  size_ = size;
  return {};
}

chi::Status FileBackend::load(std::uint64_t offset, std::span<std::uint8_t> into) {
  const chi::Buffer piece = aligned_buffer(std::min<std::uint64_t>(into.size(), kPiece));
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t want = std::min(into.size() - done, piece.size());
    const ssize_t got = ::pread(file_.fd(), piece.data(), want, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read '" + path_ + "'", errno);
    if (got == 0) {
      return chi::Error{chi::Code::data_loss, "'" + path_ + "' ends at " + std::to_string(offset + done), {}};
    }
    std::memcpy(into.data() + done, piece.data(), static_cast<std::size_t>(got));
    done += static_cast<std::size_t>(got);
  }
  return {};
}

chi::Status FileBackend::store(std::uint64_t offset, std::span<const std::uint8_t> from) {
  const chi::Buffer piece = aligned_buffer(std::min<std::uint64_t>(from.size(), kPiece));
  for (std::size_t done = 0; done < from.size();) {
    const std::size_t want = std::min(from.size() - done, piece.size());
    std::memcpy(piece.data(), from.data() + done, want);
    const ssize_t put = ::pwrite(file_.fd(), piece.data(), want, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return explain(system_error("cannot write '" + path_ + "'", put < 0 ? errno : EIO));
    done += static_cast<std::size_t>(put);
  }
  return {};
}

chi::Status FileBackend::store_zeros(Range range) {
  if (range.size == 0) return {};
  const auto offset = static_cast<off_t>(range.offset);
  if (::fallocate(file_.fd(), FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, offset, static_cast<off_t>(range.size)) == 0)
    return {};
  const std::vector<std::uint8_t> zeros(std::min(range.size, kPiece));
  for (std::uint64_t at = range.offset; at < range.end(); at += kPiece) {
    chi::Status stored = store(at, std::span(zeros).first(std::min(range.end() - at, kPiece)));
    if (!stored.ok()) return stored;
  }
  return {};
}

}  // namespace

chi::Result<std::unique_ptr<Backend>> open_file(const BackendSpec& spec, const Outside& outside) {
  auto out = std::make_unique<FileBackend>(spec, outside.io);
  chi::Status opened = out->open(outside);
  if (!opened.ok()) return std::move(opened).error();
  return std::unique_ptr<Backend>(std::move(out));
}

}  // namespace bdev
