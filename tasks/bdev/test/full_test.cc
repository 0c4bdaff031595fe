// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// File systems that are full, and one without O_DIRECT.
#include <chimaera/test_kit.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "bdev_format/check.h"
#include "disk.h"
#include "loop_device.h"
#include "own_mounts.h"

namespace bdev {
namespace {

using chi::Code;

constexpr std::uint64_t kMiB = 1 << 20;

// A file system of 16 MiB, with a volume that is larger, for its file has holes.
class FullTest : public OwnMounts, public DiskTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkdir(small().c_str(), 0700), 0);
    if (!mount_small()) GTEST_SKIP() << "there can be no file system of one's own here";
  }
  void TearDown() override {
    for (const char* name : {"disk", "again"}) (void)client_.destroy_pool(name);
    unmount();
  }

  std::string small() const { return folder_ / "small"; }
  std::string volume() const { return small() + "/volume"; }
  std::string ballast() const { return small() + "/ballast"; }
  Config config(bool checksums) const {
    Config out;
    out.backend = "file:" + volume();
    out.size = 64 * kMiB;
    out.checksums = checksums;
    return out;
  }

  bool mount_small() {
    if (GetParam() != std::string("ext4")) return mount("small", small(), GetParam(), "size=16M");
    const std::string image = folder_ / "image";
    const int fd = ::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool sized = fd >= 0 && ::ftruncate(fd, 16 * kMiB) == 0;
    ::close(fd);
    if (!sized || !make_ext4(image)) return false;
    loop_.emplace(image);
    return loop_->ok() && mount(loop_->path(), small(), "ext4", nullptr);
  }
  static bool make_ext4(const std::string& image) {
    std::string words[] = {"mkfs.ext4", "-q", "-F", "-m", "0", image};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    char path[] = "PATH=/usr/sbin:/sbin:/usr/bin:/bin";
    char* environment[] = {path, nullptr};
    pid_t child = 0;
    int status = -1;
    if (::posix_spawn(&child, "/usr/sbin/mkfs.ext4", nullptr, nullptr, arguments.data(), environment) != 0)
      return false;
    return ::waitpid(child, &status, 0) == child && status == 0;
  }
  void put_ballast(std::uint64_t size) const {
    const int fd = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0);
    std::uint64_t at = 0;
    for (std::uint64_t piece : {std::uint64_t{1} << 20, std::uint64_t{65'536}, std::uint64_t{4096}}) {
      while (at + piece <= size && ::fallocate(fd, 0, static_cast<off_t>(at), static_cast<off_t>(piece)) == 0)
        at += piece;
    }
    ::fsync(fd);
    ::close(fd);
  }

  std::optional<LoopDevice> loop_;
};

INSTANTIATE_TEST_SUITE_P(Each, FullTest, ::testing::Values("tmpfs", "ext4"),
                         [](const auto& each) { return each.param; });

TEST_P(FullTest, AFullFileSystemHarmsNothingThatIsThere) {
  for (const bool checksums : {false, true}) {
    SCOPED_TRACE(checksums ? "with checksums" : "plain");
    put_ballast(3 * kMiB);
    chi::Pool disk = make("disk", config(checksums));
    const std::uint64_t base = disk.call<Allocate>(40 * kMiB, 1u, 1u).get().value().extents.at(0).offset;
    ASSERT_EQ(write(disk, base, pattern(kMiB, 0)), Code::ok);
    ASSERT_TRUE(disk.call<Flush>().get().ok());
    std::set<std::uint64_t> written{0};
    std::set<std::uint64_t> refused;
    for (std::uint64_t i = 1; i < 40; ++i) {
      auto reply = disk.call<Write>(base + i * kMiB, chi::Bytes::from(pattern(kMiB, i))).get();
      if (reply.ok()) {
        written.insert(i);
        continue;
      }
      refused.insert(i);
      ASSERT_EQ(reply.code(), Code::resource_exhausted) << reply.error().to_string();
      EXPECT_NE(reply.error().text.find(" bytes free: make room"), std::string::npos) << reply.error().text;
    }
    EXPECT_GT(written.size(), 5u);
    EXPECT_GT(refused.size(), 20u);
    EXPECT_EQ(write(disk, base, pattern(kMiB, 0)), Code::ok) << "what has its space can still be written";
    const auto expect_all = [&](const chi::Pool& there) {
      for (const std::uint64_t i : written) EXPECT_EQ(read(there, base + i * kMiB, kMiB), pattern(kMiB, i).view()) << i;
    };
    expect_all(disk);
    EXPECT_TRUE(disk.call<Check>().get().value().reports.at(0).problems.empty());
    // Space comes back.
    ASSERT_EQ(::unlink(ballast().c_str()), 0);
    const std::uint64_t again = *refused.begin();
    ASSERT_EQ(write(disk, base + again * kMiB, pattern(kMiB, again)), Code::ok);
    written.insert(again);
    ASSERT_TRUE(disk.call<Allocate>(kMiB, 1u, 2u).get().ok());
    ASSERT_TRUE(disk.call<Flush>().get().ok());
    expect_all(disk);
    ASSERT_TRUE(client_.destroy_pool("disk").ok());
    const CheckReport report = check_file(volume()).value();
    EXPECT_TRUE(report.problems.empty());
    EXPECT_EQ(report.allocated, 41 * kMiB);
    expect_all(make("again", config(checksums)));
    ASSERT_TRUE(client_.destroy_pool("again").ok());
    ::unlink(volume().c_str());
  }
}

TEST_P(FullTest, NoVolumeCanBeMadeAndNothingIsLeft) {
  put_ballast(UINT64_MAX);
  chi::Result<chi::Pool> refused = try_make("disk", config(false));
  ASSERT_EQ(refused.code(), Code::resource_exhausted);
  EXPECT_NE(refused.error().text.find("bytes free"), std::string::npos) << refused.error().text;
  EXPECT_NE(::access(volume().c_str(), F_OK), 0);
  ASSERT_EQ(::unlink(ballast().c_str()), 0);
  EXPECT_TRUE(make("disk", config(false)).call<Allocate>(kMiB).get().ok());
}

// There is room for the first header alone: what was begun is no volume yet, and is begun anew.
TEST_P(FullTest, AVolumeThatWasBegunIsMadeLater) {
  const int made = ::open(volume().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  ::close(made);
  put_ballast(UINT64_MAX);
  struct stat found{};
  ASSERT_EQ(::stat(ballast().c_str(), &found), 0);
  ASSERT_EQ(::truncate(ballast().c_str(), found.st_size - 4096), 0);
  ASSERT_EQ(try_make("disk", config(false)).code(), Code::resource_exhausted);
  ASSERT_EQ(::stat(volume().c_str(), &found), 0);
  EXPECT_GT(found.st_size, 4096) << "it was begun";
  ASSERT_EQ(::unlink(ballast().c_str()), 0);
  EXPECT_TRUE(check_file(volume()).value().problems.empty());
  EXPECT_TRUE(make("disk", config(false)).call<Allocate>(kMiB).get().ok());
}

// Its allocation map does not fit either: the change is undone, and later it can be made.
TEST_P(FullTest, AnAllocationThatCannotBeNotedIsUndone) {
  chi::Pool disk = make("disk", config(false));
  const std::uint64_t free = disk.call<Stat>().get().value().members.at(0).free;
  // Each extent of an owner of its own, with a hole behind it, until the map needs pages that it never had.
  std::vector<Extent> taken;
  put_ballast(UINT64_MAX);
  Code code = Code::ok;
  for (std::uint64_t owner = 1; owner <= 2000 && code == Code::ok; ++owner) {
    auto reply = disk.call<Allocate>(4096u, 1u, owner).get();
    code = reply.code();
    if (reply.ok()) taken.push_back(reply->extents.at(0));
  }
  ASSERT_EQ(code, Code::resource_exhausted);
  ASSERT_GT(taken.size(), 100u) << "one page of it is there from the start";
  EXPECT_EQ(disk.call<Stat>().get().value().members.at(0).free, free - taken.size() * 4096);
  EXPECT_TRUE(disk.call<Free>(std::vector<Extent>{taken.back()}).get().ok()) << "a smaller map fits";
  ASSERT_EQ(::unlink(ballast().c_str()), 0);
  for (std::uint64_t owner = 1; owner <= 50; ++owner) ASSERT_TRUE(disk.call<Allocate>(4096u, 1u, owner).get().ok());
  ASSERT_TRUE(client_.destroy_pool("disk").ok());
  EXPECT_TRUE(check_file(volume()).value().problems.empty());
  disk = make("again", config(false));
  EXPECT_EQ(disk.call<Stat>().get().value().members.at(0).free, free - (taken.size() + 49) * 4096);
}

// A mounted device is in use; afterwards it still has a file system on it.
TEST_P(FullTest, AMountedDeviceIsRefused) {
  if (!loop_) GTEST_SKIP() << "of ext4 only";
  Config on_device;
  on_device.backend = "block:" + loop_->path();
  on_device.force = true;
  chi::Result<chi::Pool> mounted = try_make("disk", on_device);
  ASSERT_EQ(mounted.code(), Code::failed_precondition) << "not even by force";
  EXPECT_NE(mounted.error().text.find("in use"), std::string::npos) << mounted.error().text;
  unmount();
  on_device.force = false;
  chi::Result<chi::Pool> there = try_make("disk", on_device);
  ASSERT_EQ(there.code(), Code::failed_precondition);
  EXPECT_NE(there.error().text.find("ext4"), std::string::npos) << there.error().text;
  ASSERT_TRUE(mount(loop_->path(), small(), "ext4", nullptr)) << "it is whole";
}

// ramfs has no O_DIRECT.
TEST(WithoutDirect, IsToldAndWorks) {
  chi::test::TempFolder folder;
  OwnMounts mounts;
  if (!mounts.mount("ram", folder.path(), "ramfs", nullptr)) GTEST_SKIP() << "there can be no ramfs here";
  const auto node = chi::TestNode::start({.module_paths = {CHI_TEST_MODULES}}).value();
  Config config;
  config.backend = "file:" + folder / "volume";
  config.size = kMiB;
  config.disk = true;
  chi::PoolOptions options{.module = "bdev"};
  options.config = chi::Bytes(chi::encode_to_string(config));
  const chi::TestPool disk = node.create_pool("disk", options).value();
  EXPECT_TRUE(std::any_of(node.log().begin(), node.log().end(), [](const std::string& line) {
    return line.find("warning") != std::string::npos && line.find("no O_DIRECT") != std::string::npos;
  }));
  EXPECT_FALSE(disk.call<Stat>().get().value().members.at(0).direct);
  const std::string text(10'000, 'x');
  ASSERT_TRUE(disk.call<Write>(777u, chi::Bytes(text)).get().ok());
  EXPECT_TRUE(disk.call<Flush>().get().ok());
  EXPECT_EQ(disk.call<Read>(777u, text.size()).get().value().data.view(), text);
}

}  // namespace
}  // namespace bdev
