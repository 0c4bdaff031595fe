// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Words that only the process that made them has: a fork's child finds them all zero, by whatever call it was forked.
// To look costs a load; the kernel does the rest (MADV_WIPEONFORK, Linux 4.14).
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>

namespace chi {

class ProcessWords {
 public:
  using Word = std::atomic<std::uint64_t>;

  // Zero, to begin with. Throws std::bad_alloc.
  ProcessWords() : page_(map()) {
    if (!page_) throw std::bad_alloc();
  }
  ~ProcessWords() { ::munmap(page_, kBytes); }
  ProcessWords(const ProcessWords&) = delete;
  ProcessWords& operator=(const ProcessWords&) = delete;

  // `index` below 512.
  Word& operator[](std::size_t index) const noexcept { return page_[index]; }

  // Whether there can be any here; else errno says why.
  static bool possible() noexcept {
    Word* page = map();
    if (page) ::munmap(page, kBytes);
    return page != nullptr;
  }

 private:
  static constexpr std::size_t kBytes = 4096;
  static_assert(sizeof(Word) == sizeof(std::uint64_t) && Word::is_always_lock_free);

  static Word* map() noexcept {
    void* page = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return nullptr;
    if (::madvise(page, kBytes, MADV_WIPEONFORK) == 0) return static_cast<Word*>(page);
    const int error = errno;
    ::munmap(page, kBytes);
    errno = error;
    return nullptr;
  }

  Word* page_;
};

}  // namespace chi
