// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements loaded_image.h.
#include "runtime/loaded_image.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>

namespace chi::runtime {

namespace {

struct Search {
  ElfW(Addr) base;
  const void* dynamic;
  std::vector<LoadedImage::Segment> segments;
};

// dl_iterate_phdr knows a library by its base only; its dynamic section tells it from others of the same base (0).
bool is_wanted(const dl_phdr_info& info, const Search& search) {
  if (info.dlpi_addr != search.base) return false;
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type == PT_DYNAMIC)
      return info.dlpi_addr + header.p_vaddr == reinterpret_cast<ElfW(Addr)>(search.dynamic);
  }
  return false;
}

int visit(dl_phdr_info* info, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (!is_wanted(*info, search)) return 0;
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    search.segments.push_back(
        {begin, begin + header.p_memsz, (header.p_flags & PF_R) != 0, (header.p_flags & PF_X) != 0});
  }
  return 1;
}

}  // namespace

LoadedImage LoadedImage::of(void* handle) {
  link_map* map = nullptr;
  Search search{};
  if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&map)) == 0 && map != nullptr) {
    search.base = map->l_addr;
    search.dynamic = map->l_ld;
    dl_iterate_phdr(visit, &search);
  }
  return LoadedImage(std::move(search.segments));
}

const LoadedImage::Segment* LoadedImage::segment_of(std::uintptr_t address) const noexcept {
  auto found = std::find_if(segments_.begin(), segments_.end(),
                            [&](const Segment& s) { return address >= s.begin && address < s.end; });
  return found == segments_.end() ? nullptr : &*found;
}

bool LoadedImage::holds(const void* data, std::size_t size, std::size_t alignment) const noexcept {
  auto address = reinterpret_cast<std::uintptr_t>(data);
  const Segment* segment = segment_of(address);
  return segment != nullptr && segment->readable && size <= segment->end - address && address % alignment == 0;
}

bool LoadedImage::holds_code(std::uintptr_t function) const noexcept {
  const Segment* segment = segment_of(function);
  return segment != nullptr && segment->executable;
}

std::optional<std::string_view> LoadedImage::text(const char* data, std::size_t longest) const noexcept {
  auto address = reinterpret_cast<std::uintptr_t>(data);
  const Segment* segment = segment_of(address);
  if (segment == nullptr || !segment->readable) return std::nullopt;
  std::size_t most = std::min<std::size_t>(segment->end - address, longest + 1);
  const void* end = std::memchr(data, 0, most);
  if (end == nullptr) return std::nullopt;
  return std::string_view(data, static_cast<std::size_t>(static_cast<const char*>(end) - data));
}

}  // namespace chi::runtime
