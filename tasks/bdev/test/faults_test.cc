// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Devices that fail: at every operation of a workload, by being full, cut short, or by giving other bytes.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "bdev_format/check.h"
#include "bdev_format/header.h"
#include "disk.h"
#include "own_mounts.h"

namespace bdev {
namespace {

using chi::Code;

class FaultsTest : public OwnMounts, public DiskTest {
 protected:
  void TearDown() override { unmount(); }

  // What the workload knows for certain.
  struct Known {
    std::map<std::uint64_t, std::string> flushed;  // by offset
    std::set<std::uint64_t> owned;
    std::set<std::uint64_t> unsure;  // the call failed
    std::uint64_t freed = 0;
    unsigned failures = 0;
  };

  void note(Code code, Known& known) {
    if (code == Code::ok) return;
    EXPECT_EQ(code, Code::data_loss);
    ++known.failures;
  }

  // Allocates, writes (whole blocks, and parts of them), frees, flushes and reads.
  Known run_workload(const chi::Pool& disk) {
    Known known;
    std::map<std::uint64_t, std::string> written;
    std::vector<Extent> extents;
    std::uint64_t first = 0;  // the owner of extents[0]
    for (std::uint64_t i = 0; i < 4; ++i) {
      auto reply = disk.call<Allocate>(16'384u, 1u, i + 1).get();
      note(reply.code(), known);
      if (!reply.ok()) continue;
      extents.push_back(reply->extents.at(0));
      if (first == 0) first = i + 1;
      known.owned.insert(i + 1);
      const chi::Buffer data = pattern(16'384, i);
      const chi::Buffer part = pattern(1000, i + 50);
      std::string model(16'384, '\0');
      const Code whole = write(disk, extents.back().offset, data);
      note(whole, known);
      if (whole == Code::ok) model = data.view();
      const Code partly = write(disk, extents.back().offset + 3000, part);
      note(partly, known);
      if (partly == Code::ok) model.replace(3000, 1000, part.view());
      const auto zeroed = disk.call<Zero>(extents.back().offset + 8000, 5000u).get();
      note(zeroed.code(), known);
      if (zeroed.ok()) model.replace(8000, 5000, 5000, '\0');
      const bool all = whole == Code::ok && partly == Code::ok && zeroed.ok();
      if (all) written[extents.back().offset] = model;
    }
    if (extents.size() > 1) {
      const std::uint64_t offset = extents[0].offset;
      const auto freed = disk.call<Free>(std::vector<Extent>{extents[0]}).get();
      note(freed.code(), known);
      if (freed.ok()) {
        known.owned.erase(first);
        known.freed = first;
      } else {
        known.unsure.insert(first);
      }
      written.erase(offset);
    }
    const auto flushed = disk.call<Flush>().get();
    note(flushed.code(), known);
    if (flushed.ok()) known.flushed = written;
    for (const auto& [offset, data] : written) {
      auto reply = disk.call<Read>(offset, data.size()).get();
      note(reply.code(), known);
      if (reply.ok()) {
        EXPECT_EQ(reply->data.view(), data);
      }
    }
    return known;
  }

  void expect_known(const Known& known, const Config& config) {
    ASSERT_TRUE(check_file(file()).value().problems.empty());
    const chi::Pool disk = make("after", config);
    for (const auto& [offset, data] : known.flushed) EXPECT_EQ(read(disk, offset, data.size()), data);
    for (std::uint64_t owner = 1; owner <= 4; ++owner) {
      const bool there = !disk.call<Extents>(0u, owner).get().value().extents.empty();
      if (known.owned.count(owner) && !known.unsure.count(owner)) {
        EXPECT_TRUE(there) << owner;
      }
      if (owner == known.freed) {
        EXPECT_FALSE(there) << owner;
      }
    }
    ASSERT_TRUE(client_.destroy_pool("after").ok());
    ::unlink(file().c_str());
  }

  void expect_rot_is_seen(const Config& config, bool reopened) {
    chi::Pool disk = make("disk", config);
    const chi::Buffer data = pattern(65'536, 1);
    ASSERT_EQ(write(disk, 0, data), Code::ok);
    ASSERT_TRUE(disk.call<Flush>().get().ok());
    ASSERT_TRUE(!reopened || client_.destroy_pool("disk").ok());
    std::vector<std::uint8_t> page(kPage);
    const int fd = ::open(file().c_str(), O_RDWR);
    EXPECT_EQ(::pread(fd, page.data(), kPage, 0), static_cast<ssize_t>(kPage));
    const std::uint64_t begin = decode_header(page).value().data_offset;
    EXPECT_EQ(::pwrite(fd, "?", 1, static_cast<off_t>(begin + 8192 + 77)), 1);
    ::fsync(fd);
    ::close(fd);
    if (reopened) disk = make("disk", config);
    auto reply = disk.call<Read>(0u, 65'536u).get();
    ASSERT_EQ(reply.code(), Code::data_loss);
    EXPECT_NE(reply.error().text.find("8192"), std::string::npos);
    EXPECT_EQ(read(disk, 0, 8192), data.view().substr(0, 8192));
    EXPECT_EQ(write(disk, 8200, data.slice(0, 10)), Code::data_loss) << "a part of it must not make the rest good";
    ASSERT_EQ(write(disk, 8192, data.slice(0, 4096)), Code::ok);
    EXPECT_EQ(read(disk, 8192, 4096), data.view().substr(0, 4096));
    ASSERT_TRUE(client_.destroy_pool("disk").ok());
  }
};

TEST_F(FaultsTest, AnErrorAtEveryOperation) {
  (void)mount("memory", folder_.path(), "tmpfs", nullptr);  // else a disk, whose syncs take their time
  for (const bool checksums : {false, true}) {
    for (const char* lasting : {"", "+"}) {
      unsigned n = 0;
      for (bool struck = true; struck;) {
        SCOPED_TRACE("operation " + std::to_string(++n) + lasting + (checksums ? " with checksums" : ""));
        Config config = file_config("error:" + std::to_string(n) + lasting + ":");
        config.checksums = checksums;
        const Known known = run_workload(make("disk", config));
        ASSERT_TRUE(client_.destroy_pool("disk").ok());
        struck = known.failures > 0;
        if (*lasting == 0) {
          EXPECT_LE(known.failures, 4u) << "one error ends one operation, or with checksums what reads its block";
        }
        Config plain = file_config();
        plain.checksums = checksums;
        expect_known(known, plain);
      }
      EXPECT_GT(n, 15u);
    }
  }
}

// The device did nothing of it, so that what was there is still good.
TEST_F(FaultsTest, AFailedWriteLeavesWhatWasThere) {
  for (const bool checksums : {false, true}) {
    unsigned failed = 0;
    for (unsigned n = 1; n < 12; ++n) {
      Config config = file_config("error:" + std::to_string(n) + ":");
      config.disk = true;
      config.checksums = checksums;
      const chi::Pool disk = make("disk", config);
      const chi::Buffer first = pattern(16'384, 1);
      const bool there = write(disk, 0, first) == Code::ok && disk.call<Flush>().get().ok();
      if (there && write(disk, 4096, pattern(8192, 2)) != Code::ok) {
        ++failed;
        EXPECT_EQ(read(disk, 0, 16'384), first.view()) << "operation " << n;
      }
      ASSERT_TRUE(client_.destroy_pool("disk").ok());
      ::unlink(file().c_str());
    }
    EXPECT_GE(failed, 1u);
  }
}

TEST_F(FaultsTest, WhatFailedCanBeDoneAgain) {
  const chi::Pool disk = make("disk", file_config("error:1:"));
  EXPECT_EQ(disk.call<Allocate>(8u << 20).get().code(), Code::data_loss);
  const Extent all = disk.call<Allocate>(8u << 20).get().value().extents.at(0);
  EXPECT_EQ(all.size, 8u << 20);
}

TEST_F(FaultsTest, AFileThatIsCutUnderUs) {
  for (const bool checksums : {false, true}) {
    Config config = file_config();
    config.disk = true;
    config.checksums = checksums;
    const chi::Pool disk = make("disk", config);
    const chi::Buffer data = pattern(1 << 20, 1);
    ASSERT_EQ(write(disk, 0, data), Code::ok);
    ASSERT_EQ(write(disk, 7 << 20, data), Code::ok);
    ASSERT_EQ(::truncate(file().c_str(), 4 << 20), 0);
    EXPECT_EQ(read(disk, 0, 1 << 20), data.view());
    EXPECT_EQ(disk.call<Read>(7u << 20, 4096u).get().code(), Code::data_loss);
    EXPECT_EQ(disk.call<Read>(7u << 20, 100u).get().code(), Code::data_loss);
    EXPECT_FALSE(disk.call<Check>().get().ok());
    ASSERT_EQ(::truncate(file().c_str(), (4 << 20) + 100), 0);  // the last transfer never becomes a whole unit
    EXPECT_EQ(disk.call<Read>(3u << 20, 2u << 20).get().code(), Code::data_loss);
    ASSERT_TRUE(client_.destroy_pool("disk").ok());
    EXPECT_EQ(fails(config), Code::data_loss);
    ::unlink(file().c_str());
  }
}

// A limit of the process, because nothing else fills a disk for one test alone. A write across it is a short one.
TEST_F(FaultsTest, ADeviceThatIsFull) {
  ::signal(SIGXFSZ, SIG_IGN);
  Config config = file_config();
  config.disk = true;
  const chi::Pool disk = make("disk", config);
  const chi::Buffer data = pattern(1 << 20, 1);
  ASSERT_EQ(write(disk, 0, data), Code::ok);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit low{4 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &low), 0);
  EXPECT_NE(write(disk, 5 << 20, data), Code::ok);
  EXPECT_NE(write(disk, (3 << 20) - 8192 + 5, data), Code::ok);
  EXPECT_EQ(write(disk, 0, data), Code::ok);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(write(disk, 5 << 20, data), Code::ok);
  EXPECT_EQ(read(disk, 5 << 20, 1 << 20), data.view());
}

// While the volume is open, and while it is not.
TEST_F(FaultsTest, OtherBytesThanWereWrittenAreAnError) {
  Config config = file_config();
  config.disk = true;
  config.checksums = true;
  for (const bool reopened : {false, true}) {
    expect_rot_is_seen(config, reopened);
    ::unlink(file().c_str());
  }
}

// The second write takes the mark of the first one's region away, whose checksums must be there by then.
TEST_F(FaultsTest, ChecksumsAreThereAfterACrash) {
  Config config = file_config();
  config.disk = true;
  config.checksums = true;
  const chi::Pool disk = make("disk", config);
  const chi::Buffer data = pattern(65'536, 1);
  ASSERT_EQ(write(disk, 0, data), Code::ok);
  ASSERT_TRUE(disk.call<Flush>().get().ok());
  ASSERT_EQ(write(disk, 5 << 20, data), Code::ok);
  std::filesystem::copy_file(file(), folder_ / "copy");  // as a crash leaves it
  for (const bool mark_lost : {false, true}) {
    const std::string path = folder_ / (mark_lost ? "other" : "copy");
    if (mark_lost) {  // its page has another checksum then: every region may have been written
      std::filesystem::copy_file(file(), path);
      std::vector<std::uint8_t> page(kPage);
      const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      EXPECT_EQ(::pread(fd, page.data(), kPage, 0), static_cast<ssize_t>(kPage));
      const char none = 0;
      EXPECT_EQ(::pwrite(fd, &none, 1, static_cast<off_t>(decode_header(page).value().intents_offset)), 1);
      ::close(fd);
    }
    config.backend = "file:" + path;
    const chi::Pool copy = make(mark_lost ? "other" : "copy", config);
    EXPECT_EQ(read(copy, 0, 65'536), data.view());
    EXPECT_EQ(read(copy, 5 << 20, 65'536), data.view());
  }
}

// Nobody has flushed, and it is not called damaged for that; a write that failed is not for ever.
TEST_F(FaultsTest, WhatWasNotFlushedIsGoodWhenItIsClosed) {
  Config config = file_config();
  config.disk = true;
  config.checksums = true;
  const chi::Buffer data = pattern(65'536, 1);
  ASSERT_EQ(write(make("disk", config), 4096, data), Code::ok);
  ASSERT_TRUE(client_.destroy_pool("disk").ok());
  EXPECT_EQ(read(make("again", config), 4096, 65'536), data.view());
}

}  // namespace
}  // namespace bdev
