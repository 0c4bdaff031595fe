// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Repos that are registered, in files of the test's own.
#include "runtime/repo_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"

namespace chi::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Registry : public testing::Test {
 protected:
  Registry() {
    std::string pattern = testing::TempDir() + "chi-registry-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~Registry() override { fs::remove_all(root_); }

  RepoRegistry registry() const { return {(root_ / "home/chimaera/repos").string(), (root_ / "etc/repos").string()}; }
  fs::path file() const { return registry().file(RepoScope::user); }
  std::string text() const { return *read_file(file().string(), 1 << 20); }
  void write(const std::string& text) const {
    fs::create_directories(file().parent_path());
    std::ofstream(file()) << text;
  }

  fs::path root_;
};

TEST_F(Registry, KeepsUserAndSystemApart) {
  const RepoRegistry here = registry();
  EXPECT_THAT(*here.list(RepoScope::user), IsEmpty());
  ASSERT_TRUE(here.add(RepoScope::user, "/a"));
  ASSERT_TRUE(here.add(RepoScope::user, "/b c"));
  ASSERT_TRUE(here.add(RepoScope::system, "/a"));
  EXPECT_THAT(*here.list(RepoScope::user), ElementsAre("/a", "/b c"));
  EXPECT_THAT(*here.list(RepoScope::system), ElementsAre("/a"));
  ASSERT_TRUE(here.remove(RepoScope::user, "/a"));
  EXPECT_THAT(*here.list(RepoScope::user), ElementsAre("/b c"));
  EXPECT_THAT(*here.list(RepoScope::system), ElementsAre("/a"));
}

TEST_F(Registry, SaysWhatItCannotDo) {
  const RepoRegistry here = registry();
  ASSERT_TRUE(here.add(RepoScope::user, "/repos/mine"));
  EXPECT_EQ(here.add(RepoScope::user, "/repos/mine").code(), Code::already_exists);
  const Status removed = here.remove(RepoScope::user, "/repos/mina");
  EXPECT_EQ(removed.code(), Code::not_found);
  EXPECT_THAT(removed.error().text, HasSubstr("did you mean '/repos/mine'?"));
  EXPECT_EQ(here.add(RepoScope::user, "/a\n/b").code(), Code::invalid_argument);
  EXPECT_EQ(RepoRegistry().add(RepoScope::user, "/a").code(), Code::failed_precondition);
  EXPECT_EQ(text(), "/repos/mine\n");
}

TEST_F(Registry, KeepsWhatPeopleWrote) {
  write("# ours\n\n/a\n/b");
  ASSERT_TRUE(registry().add(RepoScope::user, "/c"));
  ASSERT_TRUE(registry().remove(RepoScope::user, "/a"));
  EXPECT_EQ(text(), "# ours\n\n/b\n/c\n");
}

TEST_F(Registry, ALineThatIsNoPathIsNamedAndNothingIsChanged) {
  write("/a\nrepos/b\n");
  const auto listed = registry().list(RepoScope::user);
  EXPECT_EQ(listed.code(), Code::invalid_argument);
  EXPECT_THAT(listed.error().text, AllOf(HasSubstr(file().string() + ":2:"), HasSubstr("'repos/b'")));
  EXPECT_EQ(registry().add(RepoScope::user, "/c").code(), Code::invalid_argument);
  EXPECT_EQ(text(), "/a\nrepos/b\n");
  write(std::string(100'000, 'x'));
  EXPECT_EQ(registry().list(RepoScope::user).code(), Code::invalid_argument);
}

TEST_F(Registry, AFileThatOthersCouldHaveWrittenIsNotBelieved) {
  write("/a\n");
  for (const unsigned mode : {0664U, 0646U, 0666U}) {
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
    EXPECT_EQ(registry().list(RepoScope::user).code(), Code::permission_denied) << mode;
  }
  ASSERT_EQ(::chmod(file().c_str(), 0644), 0);
  EXPECT_TRUE(registry().list(RepoScope::user));
  if (::geteuid() != 0) return;  // only root can give a file away
  ASSERT_EQ(::chown(file().c_str(), 12345, 12345), 0);
  EXPECT_EQ(registry().list(RepoScope::user).code(), Code::permission_denied);
}

TEST_F(Registry, ManyMayChangeItAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_TRUE(registry().add(RepoScope::user, "/" + std::to_string(t) + "/" + std::to_string(i)));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry().list(RepoScope::user)->size(), std::size_t{kThreads * kEach});
}

}  // namespace
}  // namespace chi::runtime
