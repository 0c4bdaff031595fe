// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// File systems that only this process sees, and that go with it: a base class, before anything that starts threads.
// Whoever is not root becomes it in a namespace of users; where that is not allowed there are none.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace bdev {

class OwnMounts {
 public:
  OwnMounts() {
    static const bool kThere = enter();
    ok_ = kThere;
  }
  OwnMounts(const OwnMounts&) = delete;
  OwnMounts& operator=(const OwnMounts&) = delete;
  ~OwnMounts() { unmount(); }

  // False where there can be none of this kind.
  bool mount(const std::string& what, const std::string& at, const char* type, const char* options) {
    if (!ok_ || ::mount(what.c_str(), at.c_str(), type, 0, options) != 0) return false;
    mounted_.push_back(at);
    return true;
  }
  void unmount() {
    for (const std::string& each : mounted_) ::umount2(each.c_str(), MNT_DETACH);
    mounted_.clear();
  }

 private:
  static bool write_file(const char* path, const std::string& text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    return done;
  }
  static bool enter() {
    const std::string uid = std::to_string(::geteuid());
    const std::string gid = std::to_string(::getegid());
    if (uid == "0") {
      if (::unshare(CLONE_NEWNS) != 0) return false;
    } else {
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_file("/proc/self/setgroups", "deny")) return false;
      if (!write_file("/proc/self/uid_map", "0 " + uid + " 1")) return false;
      if (!write_file("/proc/self/gid_map", "0 " + gid + " 1")) return false;
    }
    return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }

  bool ok_ = false;
  std::vector<std::string> mounted_;
};

}  // namespace bdev
