// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A block device over a file, for tests; gone with the object. Only root can have one, and not everywhere.
#pragma once

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>

namespace bdev {

class LoopDevice {
 public:
  explicit LoopDevice(const std::string& file) {
    const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    const int backing = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    for (int attempt = 0; attempt < 20 && control >= 0 && !configure(control, backing); ++attempt) {
    }
    if (control >= 0) ::close(control);
    if (backing >= 0) ::close(backing);
  }
  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;
  ~LoopDevice() {
    if (fd_ < 0) return;
    ::ioctl(fd_, LOOP_CLR_FD, 0);
    ::close(fd_);
  }

  bool ok() const noexcept { return fd_ >= 0; }
  const std::string& path() const noexcept { return path_; }

 private:
  // Another one may take the number meanwhile.
  bool configure(int control, int backing) {
    const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) return true;
    path_ = "/dev/loop" + std::to_string(number);
    fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
    if (fd_ < 0) return true;
    loop_config config{};
    config.fd = static_cast<__u32>(backing);
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (::ioctl(fd_, LOOP_CONFIGURE, &config) == 0) return true;
    ::close(fd_);
    fd_ = -1;
    return false;
  }

  std::string path_;
  int fd_ = -1;
};

}  // namespace bdev
