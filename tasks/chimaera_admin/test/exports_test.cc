// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What a built module lets the world see: its table, and nothing that would keep it in memory or mix it with others.
#include <chimaera/abi.h>
#include <dlfcn.h>
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace chi {
namespace {

struct Symbol {
  std::string name;
  unsigned char binding;
};

template <class T>
T at(const std::string& file, std::size_t offset) {
  T out;
  EXPECT_LE(offset + sizeof out, file.size());
  std::memcpy(&out, file.data() + offset, sizeof out);
  return out;
}

// The dynamic symbols that the library defines.
std::vector<Symbol> exported_symbols(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  auto header = at<Elf64_Ehdr>(file, 0);
  auto section = [&](std::size_t i) { return at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr)); };
  std::vector<Symbol> out;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr symbols = section(i);
    if (symbols.sh_type != SHT_DYNSYM) continue;
    Elf64_Shdr names = section(symbols.sh_link);
    for (std::size_t offset = 0; offset < symbols.sh_size; offset += sizeof(Elf64_Sym)) {
      auto symbol = at<Elf64_Sym>(file, symbols.sh_offset + offset);
      if (symbol.st_shndx == SHN_UNDEF) continue;
      out.push_back({file.c_str() + names.sh_offset + symbol.st_name, static_cast<unsigned char>(symbol.st_info >> 4)});
    }
  }
  return out;
}

TEST(Exports, AModuleExportsItsTableAlone) {
  std::vector<Symbol> symbols = exported_symbols(ADMIN_LIBRARY);
  ASSERT_EQ(symbols.size(), 1u) << "the second is " << symbols.at(1).name;
  EXPECT_EQ(symbols[0].name, CHI_MODULE_SYMBOL);
  EXPECT_EQ(symbols[0].binding, STB_GLOBAL);  // not STB_GNU_UNIQUE, which dlclose cannot unload
}

bool is_mapped(const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  const std::string text{std::istreambuf_iterator<char>(maps), {}};
  return text.find(path) != std::string::npos;
}

TEST(Exports, ClosingUnloadsIt) {
  void* library = dlopen(ADMIN_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  EXPECT_NE(dlsym(library, CHI_MODULE_SYMBOL), nullptr);
  EXPECT_TRUE(is_mapped(ADMIN_LIBRARY));
  dlclose(library);
  EXPECT_FALSE(is_mapped(ADMIN_LIBRARY));
}

}  // namespace
}  // namespace chi
