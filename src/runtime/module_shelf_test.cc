// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Which module is loaded when there are several, and what stays when one is refused.
#include "runtime/module_shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace chi::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class Shelf : public testing::Test {
 protected:
  Shelf() {
    std::string pattern = testing::TempDir() + "chi-shelf-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~Shelf() override { fs::remove_all(root_); }

  // One of the loader's fixtures as a module folder; gives its path.
  std::string put(const std::string& folder, const std::string& fixture, const std::string& version) const {
    fs::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "manifest.yaml") << "name: fixture\nversion: " << version << "\n";
    fs::copy_file(std::string(CHI_TESTDATA) + "/" + fixture + ".so", root_ / folder / "libfixture.so",
                  fs::copy_options::overwrite_existing);
    return (root_ / folder).string();
  }
  ModuleShelf shelf() const { return ModuleShelf(ModuleRepo(ModulePaths{{(root_ / "repo").string()}, {}, {}})); }

  fs::path root_;
};

TEST_F(Shelf, AnOlderOneIsRefusedUnlessItIsAskedFor) {
  const std::string older = put("old/fixture", "good", "1.0.0");
  put("repo/fixture", "second", "2.0.0");
  ModuleShelf here = shelf();
  ASSERT_TRUE(here.load("fixture"));
  const auto refused = here.load(older);
  EXPECT_EQ(refused.code(), Code::failed_precondition);
  EXPECT_THAT(refused.error().text,
              AllOf(HasSubstr("1.0.0"), HasSubstr("2.0.0"), HasSubstr(older), HasSubstr("--allow-older")));
  EXPECT_EQ((*here.get("fixture"))->version(), "2.0.0");
  ASSERT_TRUE(here.load(older, true));
  EXPECT_EQ((*here.get("fixture"))->version(), "1.0.0");
  ASSERT_TRUE(here.load("fixture")) << "a newer one needs no leave";
  EXPECT_EQ((*here.get("fixture"))->version(), "2.0.0");
}

TEST_F(Shelf, WhoNamesAModuleBringsNoCodeAlong) {
  const std::string folder = put("elsewhere/fixture", "good", "1.0.0");
  ModuleShelf here = shelf();
  const auto refused = here.get(folder);
  EXPECT_EQ(refused.code(), Code::invalid_argument);
  EXPECT_THAT(refused.error().text, HasSubstr("chimaera module load"));
  EXPECT_TRUE(here.loaded().empty());
  ASSERT_TRUE(here.load(folder));
  EXPECT_TRUE(here.get("fixture"));
}

TEST_F(Shelf, ARefusedModuleLeavesWhatWasThere) {
  put("repo/fixture", "good", "1.0.0");
  ModuleShelf here = shelf();
  const auto first = here.load("fixture");
  ASSERT_TRUE(first);
  for (const char* bad : {"missing_symbol", "no_table", "damaged", "newer_abi", "aborts", "second"}) {
    put("repo/fixture", bad, "1.0.0");  // the second says that it is 2.0.0
    EXPECT_FALSE(here.load("fixture")) << bad;
    EXPECT_EQ(here.loaded().size(), 1U);
    EXPECT_EQ(*here.get("fixture"), *first) << bad;
  }
}

}  // namespace
}  // namespace chi::runtime
