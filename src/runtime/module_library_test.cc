// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Loading, replacing and unloading real libraries, and refusing what is none.
#include "runtime/module_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/file.h"

namespace chi::runtime {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// Mappings of fixtures in this process. A test compares: one of them leaves a library behind on purpose.
std::size_t mappings() {
  std::istringstream maps(*read_file("/proc/self/maps", 16 << 20));
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("chi-fixture-") != std::string::npos;
  return count;
}

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

int answer_of(const Module& module) {
  std::uint8_t reply[8] = {};
  chi_out out{};
  out.data = reply;
  out.capacity = sizeof(reply);
  EXPECT_EQ(module.method(1)->run(nullptr, nullptr, nullptr, &out), CHI_DONE);
  return out.size == 1 ? reply[0] : -1;
}

class ModuleLibrary : public testing::Test {
 protected:
  ModuleLibrary() {
    std::string pattern = testing::TempDir() + "chi-module-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    library_ = folder_ + "/libfixture.so";
  }
  ~ModuleLibrary() override { fs::remove_all(folder_); }

  static std::string fixture(const std::string& name) { return std::string(CHI_TESTDATA) + "/" + name + ".so"; }

  // Replaces the library in place, as a copy over it does.
  void put(const std::string& name) const {
    fs::copy_file(fixture(name), library_, fs::copy_options::overwrite_existing);
  }
  void put_bytes(const std::string& bytes) const { std::ofstream(library_, std::ios::binary) << bytes; }

  Result<std::shared_ptr<const Module>> load(const std::string& version = "1.0.0",
                                             const std::string& name = "fixture") const {
    FoundModule found;
    found.name = name;
    found.version = version;
    found.folder = folder_;
    found.library = library_;
    return Module::load(found);
  }
  Error refusal(const std::string& name) const {
    put(name);
    auto loaded = load();
    EXPECT_FALSE(loaded) << name;
    return loaded ? Error{Code::ok, "", ""} : loaded.error();
  }

  std::string folder_;
  std::string library_;
};

TEST_F(ModuleLibrary, LoadsAndDescribes) {
  put("good");
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  const Module& module = **loaded;
  EXPECT_EQ(module.name(), "fixture");
  EXPECT_EQ(module.version(), "1.0.0");
  EXPECT_EQ(module.path(), library_);
  EXPECT_EQ(answer_of(module), 1);
  ASSERT_EQ(module.methods().size(), 2U);
  EXPECT_EQ(module.methods()[0], module.method(1));
  EXPECT_STREQ(module.method(7)->name, "put");
  EXPECT_EQ(module.method(7)->route, std::uint32_t{CHI_ROUTE_HASH});
  for (std::uint32_t absent : {0U, 2U, 6U, 8U, 1023U, 4294967295U}) EXPECT_EQ(module.method(absent), nullptr) << absent;
}

TEST_F(ModuleLibrary, WhatOthersCouldHaveWrittenIsNotLoaded) {
  put("good");
  fs::permissions(library_, fs::perms(0646));
  EXPECT_EQ(load().code(), Code::permission_denied);
  fs::permissions(library_, fs::perms(0644));
  fs::permissions(folder_, fs::perms(0777));
  EXPECT_EQ(load().code(), Code::permission_denied);
  fs::permissions(folder_, fs::perms(0755));
  EXPECT_TRUE(load());
}

TEST_F(ModuleLibrary, AReplacedFileIsNewCodeAndTheOldGoesOn) {
  put("good");
  auto first = load();
  ASSERT_TRUE(first);
  put("second");
  auto second = load("2.0.0");
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_NE((*first)->content_hash(), (*second)->content_hash());
  EXPECT_EQ(answer_of(**first), 1);
  EXPECT_EQ(answer_of(**second), 2);
  put_bytes("overwritten while it runs");
  EXPECT_EQ(answer_of(**first), 1);
  EXPECT_EQ(answer_of(**second), 2);
}

TEST_F(ModuleLibrary, AReplacedFileIsNewCodeAfterTheOldWasUnloaded) {
  for (int i = 0; i < 5; ++i) {
    put("good");
    auto first = load();
    ASSERT_TRUE(first);
    EXPECT_EQ(answer_of(**first), 1);
    first = Error{};
    put("second");
    auto second = load("2.0.0");
    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_EQ(answer_of(**second), 2);
  }
}

TEST_F(ModuleLibrary, TheSameFileTwiceIsTwoCopies) {
  put("good");
  auto first = load();
  auto second = load();
  ASSERT_TRUE(first && second);
  EXPECT_NE((*first)->table().methods, (*second)->table().methods);
  EXPECT_EQ((*first)->content_hash(), (*second)->content_hash());
}

TEST_F(ModuleLibrary, NothingOfItIsLeftAfterTheLastReference) {
  put("good");
  {
    ASSERT_TRUE(load());
  }  // what the linker and the allocator keep for good, they have now
  std::size_t before = descriptors();
  std::size_t mapped = mappings();
  for (int i = 0; i < 20; ++i) {
    auto loaded = load();
    ASSERT_TRUE(loaded);
    EXPECT_GT(mappings(), mapped);
    auto other = *loaded;
    loaded = Error{};
    EXPECT_EQ(answer_of(*other), 1) << "a reference keeps it";
  }
  EXPECT_EQ(mappings(), mapped);
  EXPECT_EQ(descriptors(), before);
}

TEST_F(ModuleLibrary, ALibraryThatCannotBeUnlinkedIsNotTakenForTheNextOne) {
  put("never_unlinked");
  {
    auto stays = load();
    ASSERT_TRUE(stays) << stays.error().to_string();
    EXPECT_EQ(answer_of(**stays), 1);
  }
  put("second");
  auto second = load("2.0.0");
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(answer_of(**second), 2);
}

TEST_F(ModuleLibrary, RecordsOfALaterReleaseAreReadByTheirStride) {
  put("longer_records");
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(answer_of(**loaded), 1);
  EXPECT_STREQ((*loaded)->method(7)->name, "put");
}

TEST_F(ModuleLibrary, ANewerAbiIsRefusedWithBothVersions) {
  Error error = refusal("newer_abi");
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_THAT(error.text, AllOf(HasSubstr("ABI 2"), HasSubstr("has 1"), HasSubstr(library_)));
}

TEST_F(ModuleLibrary, ADamagedTableIsRefused) {
  Error error = refusal("damaged");
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_THAT(error.text, AllOf(HasSubstr("damaged module table"), HasSubstr("'nothing'")));
}

TEST_F(ModuleLibrary, AMissingSymbolIsNamed) {
  Error error = refusal("missing_symbol");
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_THAT(error.text, AllOf(HasSubstr("nobody_defines_this"), HasSubstr(library_), Not(HasSubstr("/proc/"))));
}

TEST_F(ModuleLibrary, ALibraryThatIsNoModuleIsRefused) {
  Error error = refusal("no_table");
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_THAT(error.text, HasSubstr("CHI_EXPORT_MODULE"));
}

TEST_F(ModuleLibrary, AStaticObjectThatEndsTheProcessEndsAnother) {
  Error error = refusal("aborts");
  EXPECT_EQ(error.code, Code::failed_precondition);
  EXPECT_THAT(error.text, AllOf(HasSubstr("no such device"), HasSubstr("open()"), HasSubstr(library_)));
}

TEST_F(ModuleLibrary, UniqueSymbolsAndExecutableStacksAreRefused) {
  EXPECT_THAT(refusal("unique_symbol").text, HasSubstr("-fno-gnu-unique"));
  EXPECT_THAT(refusal("executable_stack").text, HasSubstr("noexecstack"));
}

TEST_F(ModuleLibrary, TheManifestMustSayTheSame) {
  put("good");
  EXPECT_THAT(load("1.0.1").error().text, AllOf(HasSubstr("1.0.0"), HasSubstr("1.0.1")));
  EXPECT_THAT(load("1.0.0", "other").error().text, AllOf(HasSubstr("'fixture'"), HasSubstr("'other'")));
}

TEST_F(ModuleLibrary, AFileThatIsNoLibraryIsRefused) {
  put_bytes("");
  EXPECT_THAT(load().error().text, HasSubstr("empty"));
  put_bytes("#!/bin/sh\necho hello\n");
  EXPECT_EQ(load().code(), Code::invalid_argument);
  put_bytes("!<arch>\n");
  EXPECT_THAT(load().error().text, HasSubstr("static archive"));
  fs::remove(library_);
  EXPECT_EQ(load().code(), Code::not_found);
  fs::create_directory(library_);
  EXPECT_EQ(load().code(), Code::invalid_argument);
}

TEST_F(ModuleLibrary, AFileThatWasCutOffIsRefused) {
  std::string whole = *read_file(fixture("good"), 16 << 20);
  for (std::size_t size : {std::size_t{8192}, std::size_t{4096}, std::size_t{64}, std::size_t{63}}) {
    put_bytes(whole.substr(0, size));
    auto loaded = load();
    EXPECT_EQ(loaded.code(), Code::invalid_argument) << size;
  }
}

TEST_F(ModuleLibrary, RefusalsLeaveNothingBehind) {
  std::size_t before = 0;
  std::size_t mapped = mappings();
  for (int round = 0; round < 2; ++round) {
    for (const char* name : {"newer_abi", "damaged", "no_table", "missing_symbol", "aborts"}) {
      EXPECT_NE(refusal(name).code, Code::ok);
    }
    if (round == 0) before = descriptors();
  }
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(mappings(), mapped);
}

TEST_F(ModuleLibrary, ManyThreadsMayLoadAtOnce) {
  put("good");
  std::size_t mapped = mappings();
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        auto loaded = load();
        ASSERT_TRUE(loaded) << loaded.error().to_string();
        EXPECT_EQ(answer_of(**loaded), 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(mappings(), mapped);
}

}  // namespace
}  // namespace chi::runtime
