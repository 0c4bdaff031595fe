// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements elf_check.h. Every number of the file is checked before it is used; nothing is read but through read_at.
#include "runtime/elf_check.h"

#include <fmt/format.h>
#include <link.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

namespace chi::runtime {

namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kMachine = EM_AARCH64;
#else
#error "which e_machine has this processor?"
#endif
constexpr unsigned kClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned kMaxSegments = 128;
constexpr unsigned kMaxSections = 65535;
constexpr std::uint64_t kMaxMapped = std::uint64_t{1} << 31;

Status no_library(std::string_view why) { return {Code::invalid_argument, fmt::format("is {}", why)}; }
Status damaged(std::string_view why) {
  return {Code::invalid_argument, fmt::format("is a damaged library ({}); build or copy it again", why)};
}

bool inside(std::uint64_t offset, std::uint64_t size, std::uint64_t whole) {
  return offset <= whole && size <= whole - offset;
}

template <class T>
std::optional<T> read_at(std::string_view file, std::uint64_t offset) {
  if (!inside(offset, sizeof(T), file.size())) return std::nullopt;
  T out;
  std::memcpy(&out, file.data() + offset, sizeof(T));
  return out;
}

Status check_header(std::string_view file, Header& header) {
  if (!file.starts_with(std::string_view(ELFMAG, SELFMAG))) {
    if (file.starts_with("!<arch>")) return no_library("a static archive, not a shared library");
    return no_library(file.empty() ? "empty" : "no library: it does not begin as an ELF file does");
  }
  auto read = read_at<Header>(file, 0);
  if (!read) return damaged("it ends within its header");
  header = *read;
  constexpr unsigned kOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (header.e_ident[EI_CLASS] != kClass || header.e_ident[EI_DATA] != kOrder || header.e_machine != kMachine) {
    return no_library(fmt::format("a library for another kind of machine (ELF machine {}, this one is {})",
                                  unsigned{header.e_machine}, kMachine));
  }
  if (header.e_type != ET_DYN) return no_library("an ELF file, but no shared library (link it with -shared)");
  if (header.e_phentsize != sizeof(Segment) || header.e_phnum == 0 || header.e_phnum > kMaxSegments) {
    return damaged("its table of segments makes no sense");
  }
  if (!inside(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Segment), file.size())) {
    return damaged("it ends before its table of segments");
  }
  return {};
}

Status check_load(const Segment& segment, std::uint64_t mapped_to, std::size_t file_size) {
  if (!inside(segment.p_offset, segment.p_filesz, file_size)) return damaged("it is cut off");
  std::uint64_t align = segment.p_align == 0 ? 1 : segment.p_align;
  bool sound = segment.p_memsz >= segment.p_filesz && inside(segment.p_vaddr, segment.p_memsz, kMaxMapped) &&
               segment.p_vaddr >= mapped_to && std::has_single_bit(align) &&
               (segment.p_vaddr - segment.p_offset) % align == 0;
  return sound ? Status() : damaged("a segment makes no sense");
}

Status check_segments(std::string_view file, const Header& header) {
  std::uint64_t mapped_to = 0;
  bool code = false;
  std::vector<Segment> loads;
  std::optional<Segment> dynamic;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Segment segment = *read_at<Segment>(file, header.e_phoff + i * sizeof(Segment));
    if (segment.p_type == PT_LOAD) {
      if (Status status = check_load(segment, mapped_to, file.size()); !status) return status;
      mapped_to = segment.p_vaddr + segment.p_memsz;
      code = code || (segment.p_flags & PF_X) != 0;
      loads.push_back(segment);
    } else if (segment.p_type == PT_DYNAMIC) {
      dynamic = segment;
    } else if (segment.p_type == PT_GNU_STACK && (segment.p_flags & PF_X) != 0) {
      return {Code::failed_precondition, "asks for executable stacks; link it with -Wl,-z,noexecstack"};
    }
  }
  if (!code || !dynamic) return damaged("it has no code or nothing to link");
  for (const Segment& load : loads) {
    bool within =
        dynamic->p_vaddr >= load.p_vaddr && inside(dynamic->p_vaddr - load.p_vaddr, dynamic->p_memsz, load.p_filesz);
    if (within) return {};
  }
  return damaged("what is to be linked is outside of it");
}

// A symbol of binding STB_GNU_UNIQUE is the same one in all libraries of a process, RTLD_LOCAL or not: a new version of
// a module would share such variables with, and run such functions of, the old one. Stripped section headers hide
// them, so this is a guard against a forgotten flag, not against an enemy.
Status check_unique(std::string_view file, const Header& header) {
  if (header.e_shentsize != sizeof(Section)) return {};
  for (unsigned i = 0; i < header.e_shnum && i < kMaxSections; ++i) {
    auto section = read_at<Section>(file, header.e_shoff + std::uint64_t{i} * sizeof(Section));
    if (!section || section->sh_type != SHT_DYNSYM) continue;
    if (!inside(section->sh_offset, section->sh_size, file.size())) return damaged("its symbols are cut off");
    for (std::uint64_t at = 0; at + sizeof(Symbol) <= section->sh_size; at += sizeof(Symbol)) {
      Symbol symbol = *read_at<Symbol>(file, section->sh_offset + at);
      if (ELF64_ST_BIND(symbol.st_info) == STB_GNU_UNIQUE && symbol.st_shndx != SHN_UNDEF) {
        return {Code::failed_precondition,
                "has unique symbols, which tie it to other versions of itself; build it with chimaera_add_module, or "
                "with -fno-gnu-unique -fvisibility=hidden"};
      }
    }
  }
  return {};
}

}  // namespace

Status check_elf(std::string_view file) {
  Header header{};
  if (Status status = check_header(file, header); !status) return status;
  if (Status status = check_segments(file, header); !status) return status;
  return check_unique(file, header);
}

}  // namespace chi::runtime
