// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Finding modules in repos that are well, broken, doubled and absent.
#include "runtime/module_repo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace chi::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Repo : public testing::Test {
 protected:
  Repo() {
    std::string pattern = testing::TempDir() + "chi-repo-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~Repo() override { fs::remove_all(root_); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  void module(const fs::path& folder, const std::string& name, const std::string& version = "1.0.0") const {
    write(folder / "manifest.yaml", "name: " + name + "\nversion: " + version + "\n");
    write(folder / ("lib" + name + ".so"), "");
  }
  ModuleRepo repo(std::initializer_list<const char*> folders) const {
    std::vector<std::string> paths;
    for (const char* folder : folders) paths.push_back((root_ / folder).string());
    return ModuleRepo(ModulePaths{paths, {}, registry()});
  }
  RepoRegistry registry() const { return {(root_ / "user").string(), (root_ / "system").string()}; }

  fs::path root_;
};

TEST_F(Repo, FindsByTheManifestsName) {
  module("a/kv", "kv", "1.2.3");
  module("a/renamed-folder", "small_message");
  auto found = repo({"a"}).find("kv");
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->version, "1.2.3");
  EXPECT_EQ(found->library, root_ / "a/kv/libkv.so");
  EXPECT_TRUE(repo({"a"}).find("small_message"));
  EXPECT_EQ(repo({"a"}).find("renamed-folder").code(), Code::not_found);
}

TEST_F(Repo, SaysWhatThereIsAndWhatWasMeant) {
  module("a/kv", "kv");
  module("a/small_message", "small_message");
  auto found = repo({"a", "missing"}).find("smal_message");
  ASSERT_EQ(found.code(), Code::not_found);
  EXPECT_THAT(found.error().text,
              AllOf(HasSubstr("there are: kv, small_message"), HasSubstr("did you mean 'small_message'?"),
                    HasSubstr((root_ / "missing").string())));
  EXPECT_THAT(repo({}).find("kv").error().text, HasSubstr("there are: none"));
}

TEST_F(Repo, TheFirstRepoWinsAndTheOtherIsReported) {
  module("first/kv", "kv", "1.0.0");
  module("second/kv", "kv", "2.0.0");
  auto both = repo({"first", "second"});
  EXPECT_EQ(both.find("kv")->version, "1.0.0");
  auto all = both.list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].problem, "");
  EXPECT_EQ(all[1].version, "2.0.0");
  EXPECT_THAT(all[1].problem, HasSubstr((root_ / "first/kv").string()));
  EXPECT_EQ(repo({"second", "first"}).find("kv")->version, "2.0.0");
}

TEST_F(Repo, ABrokenModuleIsListedWithItsProblem) {
  write("a/broken/manifest.yaml", "name: broken\nversion: one\n");
  write("a/unbuilt/manifest.yaml", "name: unbuilt\nversion: 1.0.0\n");
  write("a/other_name/manifest.yaml", "name: other_name\nversion: 1.0.0\nlibrary: code.so\n");
  write("a/no_module/README", "nothing");
  auto all = repo({"a"}).list();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_THAT(all[0].problem, AllOf(HasSubstr("manifest.yaml:2:"), HasSubstr("version")));
  EXPECT_THAT(all[1].problem, HasSubstr("'code.so'"));
  EXPECT_THAT(all[2].problem, HasSubstr("libunbuilt.so"));
  EXPECT_EQ(repo({"a"}).find("broken").code(), Code::failed_precondition);
  EXPECT_EQ(repo({"a"}).find("unbuilt").code(), Code::failed_precondition);
}

TEST_F(Repo, TakesThePathOfAFolderOrLibrary) {
  module("a/kv", "kv");
  write("a/kv/experiment.so", "");
  std::string folder = (root_ / "a/kv").string();
  EXPECT_EQ(repo({}).find(folder)->name, "kv");
  EXPECT_EQ(repo({}).find(folder + "/")->library, folder + "/libkv.so");
  EXPECT_EQ(repo({}).find(folder + "/experiment.so")->library, folder + "/experiment.so");
  EXPECT_EQ(repo({}).find(folder + "/missing.so").code(), Code::not_found);
  EXPECT_EQ(repo({}).find((root_ / "a").string()).code(), Code::not_found);
  EXPECT_EQ(repo({}).find("/").code(), Code::not_found);
}

TEST_F(Repo, WhatIsCopiedThereIsSeenAtOnce) {
  auto here = repo({"a"});
  EXPECT_TRUE(here.list().empty());
  module("a/kv", "kv");
  EXPECT_TRUE(here.find("kv"));
}

TEST_F(Repo, AmongRegisteredReposTwoOfOneNameAreAGuess) {
  module("mine/kv", "kv", "1.0.0");
  module("ours/kv", "kv", "2.0.0");
  module("ours/other", "other");
  ASSERT_TRUE(registry().add(RepoScope::user, (root_ / "mine").string()));
  ASSERT_TRUE(registry().add(RepoScope::system, (root_ / "ours").string()));
  auto found = repo({}).find("kv");
  EXPECT_EQ(found.code(), Code::failed_precondition);
  EXPECT_THAT(found.error().text, AllOf(HasSubstr((root_ / "mine/kv").string()),
                                        HasSubstr((root_ / "ours/kv").string()), HasSubstr("--module-path")));
  EXPECT_TRUE(repo({}).find("other"));
  EXPECT_EQ(repo({}).list().size(), 3U);
  EXPECT_EQ(repo({"ours"}).find("kv")->version, "2.0.0") << "named for this daemon, so it counts";
  ASSERT_TRUE(registry().remove(RepoScope::user, (root_ / "mine").string()));
  EXPECT_EQ(repo({}).find("kv")->version, "2.0.0") << "seen at once";
}

TEST_F(Repo, TwoFoldersOfOneNameInOneRepoAreAGuess) {
  module("a/kv", "kv", "1.0.0");
  module("a/kv-copy", "kv", "1.0.0");
  EXPECT_EQ(repo({"a"}).find("kv").code(), Code::failed_precondition);
  EXPECT_EQ(repo({"a"}).find((root_ / "a/kv").string())->name, "kv");
}

TEST_F(Repo, OneFolderThroughALinkIsOne) {
  module("a/kv", "kv");
  fs::create_directory_symlink(root_ / "a", root_ / "b");
  ASSERT_TRUE(registry().add(RepoScope::user, (root_ / "a").string()));
  ASSERT_TRUE(registry().add(RepoScope::system, (root_ / "b").string()));
  EXPECT_TRUE(repo({}).find("kv"));
  EXPECT_EQ(repo({}).list().size(), 1U);
}

TEST_F(Repo, WhatIsWrongWithTheRegistryIsTold) {
  write("user", "relative\n");
  EXPECT_THAT(repo({}).registry_problem().error().text, HasSubstr("user:1:"));
  EXPECT_THAT(repo({}).find("kv").error().text, HasSubstr("user:1:"));
}

TEST(SearchPath, KeepsTheOrderAndEachPathOnce) {
  std::vector<std::string> command_line{"/c/", "relative"};
  std::vector<std::string> configured{"/f", "/c"};
  EXPECT_THAT(module_search_path(command_line, configured, "/e::/f:/g/../h").named,
              ElementsAre("/c", (fs::current_path() / "relative").string(), "/f", "/e", "/h"));
  EXPECT_TRUE(module_search_path({}, {}, nullptr).named.empty());
}

}  // namespace
}  // namespace chi::runtime
