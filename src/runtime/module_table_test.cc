// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Tables that lie about everything, in memory of the test's own.
#include "runtime/module_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <functional>

#include "base/random.h"

namespace chi::runtime {
namespace {

using testing::HasSubstr;

// A library's memory: data that can be read, and a place that counts as code (it is never called).
struct Library {
  struct Data {
    chi_module module{};
    chi_method methods[3]{};
    char name[16] = "kv";
    char version[16] = "1.2.3";
    char first[16] = "put";
    char second[16] = "get";
    char third[16] = "count";
    char schema[64] = "(key:string,value:bytes)";
    char empty[8] = "()";
    char last[8] = "the end";  // the last bytes of the readable part
  };
  Data data;
  char code[64] = {};
  static_assert(offsetof(Data, last) + sizeof(Data::last) == sizeof(Data));

  Library() {
    chi_module& module = data.module;
    module.magic = CHI_ABI_MAGIC;
    module.abi_version = CHI_ABI_VERSION;
    module.size = sizeof(chi_module);
    module.method_size = sizeof(chi_method);
    module.name = data.name;
    module.version = data.version;
    module.state_version = 3;
    module.state_oldest = 1;
    module.method_count = 3;
    module.methods = data.methods;
    module.config_schema = data.empty;
    module.state_schema = data.schema;
    module.create = function<decltype(module.create)>(0);
    module.destroy = function<decltype(module.destroy)>(1);
    module.snapshot = function<decltype(module.snapshot)>(2);
    module.restore = function<decltype(module.restore)>(3);
    const char* names[] = {data.first, data.second, data.third};
    for (std::uint32_t i = 0; i < 3; ++i) {
      data.methods[i].id = 10 * (i + 1);
      data.methods[i].name = names[i];
      data.methods[i].request_schema = data.schema;
      data.methods[i].reply_schema = data.empty;
      data.methods[i].run = function<chi_thunk>(4 + i);
    }
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  template <class F>
  F function(std::size_t at) {
    return reinterpret_cast<F>(code + at);
  }

  Result<ModuleTable> read() const {
    auto begin = reinterpret_cast<std::uintptr_t>(&data);
    auto text = reinterpret_cast<std::uintptr_t>(code);
    LoadedImage image({{begin, begin + sizeof(data), true, false}, {text, text + sizeof(code), true, true}});
    return read_module_table(&data.module, image);
  }
};

std::string problem(const std::function<void(Library&)>& damage, Code code = Code::invalid_argument) {
  Library library;
  damage(library);
  auto table = library.read();
  EXPECT_EQ(table.code(), code);
  return table ? "(accepted)" : table.error().text;
}

TEST(ModuleTableTest, AGoodOneIsCopiedById) {
  Library library;
  auto table = library.read();
  ASSERT_TRUE(table) << table.error().to_string();
  EXPECT_STREQ(table->module.name, "kv");
  ASSERT_EQ(table->methods.size(), 31U);
  EXPECT_STREQ(table->methods[20].name, "get");
  EXPECT_EQ(table->methods[11].run, nullptr);
}

TEST(ModuleTableTest, TheHeadIsChecked) {
  EXPECT_THAT(problem([](Library& l) { l.data.module.magic = 1; }), HasSubstr("right number"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.abi_version = 0; }), HasSubstr("ABI version is 0"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.abi_version = 77; }, Code::failed_precondition),
              HasSubstr("ABI 77"));
  for (std::uint32_t size : {0U, 8U, 127U, std::uint32_t{sizeof(chi_module)} - 8, std::uint32_t{sizeof(chi_module)} + 1,
                             4104U, 4294967288U}) {
    EXPECT_THAT(problem([&](Library& l) { l.data.module.size = size; }), HasSubstr("size cannot be")) << size;
  }
}

TEST(ModuleTableTest, NamesAndVersionsAreChecked) {
  EXPECT_THAT(problem([](Library& l) { l.data.module.name = nullptr; }), HasSubstr("its name"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.name = reinterpret_cast<const char*>(0x1234); }),
              HasSubstr("its name"));
  EXPECT_THAT(problem([](Library& l) { std::strcpy(l.data.name, "../kv"); }), HasSubstr("its name"));
  EXPECT_THAT(problem([](Library& l) { std::strcpy(l.data.version, "1.2"); }), HasSubstr("its version"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.state_oldest = 4; }), HasSubstr("state versions 4 to 3"));
  EXPECT_THAT(problem([](Library& l) {
                std::memset(l.data.last, 'x', sizeof(l.data.last));  // no end before the readable part's
                l.data.module.name = l.data.last;
              }),
              HasSubstr("its name"));
}

TEST(ModuleTableTest, FunctionsMustBeCodeOfTheLibrary) {
  EXPECT_THAT(problem([](Library& l) { l.data.module.create = nullptr; }), HasSubstr("create, destroy"));
  EXPECT_THAT(problem([](Library& l) {
                l.data.module.restore = reinterpret_cast<decltype(l.data.module.restore)>(l.data.name);
              }),
              HasSubstr("create, destroy"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[1].run = nullptr; }), HasSubstr("'get' is no function"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[1].run = l.function<chi_thunk>(64); }),
              HasSubstr("'get' is no function"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[1].merge = reinterpret_cast<chi_merge>(8); }),
              HasSubstr("'get' has a merge"));
}

TEST(ModuleTableTest, MethodsMustLieInTheLibrary) {
  EXPECT_THAT(problem([](Library& l) { l.data.module.method_count = 0; }), HasSubstr("0 methods"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.method_count = 4294967295U; }), HasSubstr("4294967295 methods"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.method_count = 1000; }), HasSubstr("do not lie in the library"));
  EXPECT_THAT(problem([](Library& l) { l.data.module.methods = nullptr; }), HasSubstr("do not lie in the library"));
  EXPECT_THAT(problem([](Library& l) {
                l.data.module.methods = reinterpret_cast<chi_method*>(reinterpret_cast<char*>(l.data.methods) + 1);
              }),
              HasSubstr("do not lie in the library"));
  for (std::uint32_t size : {0U, 8U, std::uint32_t{sizeof(chi_method)} + 4, 8192U}) {
    EXPECT_THAT(problem([&](Library& l) { l.data.module.method_size = size; }), HasSubstr("record cannot have"))
        << size;
  }
}

TEST(ModuleTableTest, IdsAndNamesAreUniqueAndInRange) {
  EXPECT_THAT(problem([](Library& l) { l.data.methods[0].id = 0; }), HasSubstr("'put' has the id 0"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[0].id = 1024; }), HasSubstr("'put' has the id 1024"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[2].id = 10; }), HasSubstr("'count' has the id 10 of another"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[2].name = l.data.first; }), HasSubstr("'put' is there twice"));
  EXPECT_THAT(problem([](Library& l) { std::strcpy(l.data.first, "a b"); }), HasSubstr("method number 0"));
}

TEST(ModuleTableTest, SchemasFlagsAndRoutesAreChecked) {
  EXPECT_THAT(problem([](Library& l) { l.data.methods[0].request_schema = nullptr; }),
              HasSubstr("the request of 'put'"));
  EXPECT_THAT(problem([](Library& l) { std::strcpy(l.data.schema, "(key:strin"); }), HasSubstr("schema"));
  EXPECT_THAT(problem([](Library& l) { std::strcpy(l.data.schema, "u32"); }), HasSubstr("is no struct"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[0].flags = 0x80; }), HasSubstr("unknown flags"));
  EXPECT_THAT(problem([](Library& l) { l.data.methods[0].route = 9; }), HasSubstr("unknown route 9"));
  EXPECT_THAT(problem([](Library& l) {
                l.data.methods[0].route = CHI_ROUTE_HASH;
                l.data.methods[0].route_field = 2;
              }),
              HasSubstr("routed by a field"));
}

TEST(ModuleTableTest, RandomDamageIsNeverBelievedAndNeverHurts) {
  SeededRandom random(7);
  for (int round = 0; round < 20'000; ++round) {
    Library library;
    auto* bytes = reinterpret_cast<unsigned char*>(&library.data);
    for (std::uint64_t i = 0, count = 1 + random.next() % 8; i < count; ++i) {
      bytes[random.next() % sizeof(library.data)] = static_cast<unsigned char>(random.next());
    }
    auto table = library.read();
    if (!table) continue;
    for (const chi_method& method : table->methods) {
      if (method.run == nullptr) continue;
      auto at = reinterpret_cast<std::uintptr_t>(method.run) - reinterpret_cast<std::uintptr_t>(library.code);
      ASSERT_LT(at, sizeof(library.code)) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace chi::runtime
