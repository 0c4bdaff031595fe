// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The header check, on a real library that was damaged.
#include "runtime/elf_check.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/file.h"
#include "base/random.h"

namespace chi::runtime {
namespace {

using testing::HasSubstr;

std::string library() { return *read_file(std::string(CHI_TESTDATA) + "/good.so", 16 << 20); }

template <class T>
void put(std::string& file, std::size_t at, T value) {
  file.replace(at, sizeof(value), reinterpret_cast<const char*>(&value), sizeof(value));
}

TEST(ElfCheck, AcceptsALibrary) {
  Status status = check_elf(library());
  EXPECT_TRUE(status) << status.error().to_string();
}

TEST(ElfCheck, RefusesOtherMachinesAndKinds) {
  std::string other = library();
  put(other, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_RISCV});
  EXPECT_THAT(check_elf(other).error().text, HasSubstr("another kind of machine"));
  other = library();
  other[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(check_elf(other).error().text, HasSubstr("another kind of machine"));
  other = library();
  put(other, offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL});
  EXPECT_THAT(check_elf(other).error().text, HasSubstr("-shared"));
}

TEST(ElfCheck, RefusesEveryLengthThatLosesWhatIsMapped) {
  std::string whole = library();
  std::size_t needed = whole.size();
  while (needed > 0 && check_elf(std::string_view(whole).substr(0, needed - 1)).ok()) --needed;
  EXPECT_GT(needed, 4096U);
  for (std::size_t size = 0; size < needed; ++size) {
    ASSERT_FALSE(check_elf(std::string_view(whole).substr(0, size))) << size;
  }
}

TEST(ElfCheck, RefusesSegmentsThatMakeNoSense) {
  std::string file = library();
  put(file, offsetof(Elf64_Ehdr, e_phoff), ~std::uint64_t{0});
  EXPECT_EQ(check_elf(file).code(), Code::invalid_argument);
  file = library();
  put(file, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{65535});
  EXPECT_EQ(check_elf(file).code(), Code::invalid_argument);
  constexpr std::size_t kFirstSegment = sizeof(Elf64_Ehdr);
  for (std::size_t field :
       {offsetof(Elf64_Phdr, p_offset), offsetof(Elf64_Phdr, p_vaddr), offsetof(Elf64_Phdr, p_filesz),
        offsetof(Elf64_Phdr, p_memsz), offsetof(Elf64_Phdr, p_align)}) {
    file = library();
    put(file, kFirstSegment + field, std::uint64_t{0x7fffffffffffffff});
    EXPECT_EQ(check_elf(file).code(), Code::invalid_argument) << field;
  }
}

TEST(ElfCheck, RandomDamageDoesNoHarm) {
  std::string whole = library();
  SeededRandom random(3);
  for (int round = 0; round < 5000; ++round) {
    std::string file = whole.substr(0, round % 4 == 0 ? random.next() % whole.size() : whole.size());
    // Most damage goes where the check looks: the headers at the front and the section headers at the end.
    for (int i = 0; i < 16 && !file.empty(); ++i) {
      std::size_t reach = i % 2 == 0 ? std::min<std::size_t>(file.size(), 1024) : file.size();
      file[(i % 4 == 1 ? file.size() - 1 - random.next() % std::min<std::size_t>(file.size(), 2048)
                       : random.next() % reach)] = static_cast<char>(random.next());
    }
    static_cast<void>(check_elf(file));
  }
}

}  // namespace
}  // namespace chi::runtime
