// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The records of a container: a hash table of small entries, and for each record one block with key and value side by
// side, so that a lookup in a large table costs two cache misses. To the codec it is a map of strings. Not thread-safe.
#pragma once

#include <tsl/robin_set.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace kv {

// A key and its value in one block; a value may be replaced in place. Below 4 GiB each.
class StoredRecord {
 public:
  // Throws std::bad_alloc.
  StoredRecord(std::string_view key, std::string_view value);
  StoredRecord(const StoredRecord& other) : StoredRecord(other.key(), other.value()) {}
  StoredRecord(StoredRecord&&) noexcept = default;
  StoredRecord& operator=(StoredRecord other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }

  std::string_view key() const noexcept { return {block_->bytes(), block_->key_size}; }
  std::string_view value() const noexcept { return {block_->bytes() + block_->key_size, block_->value_size}; }

  // False, and nothing done, when the block does not fit the new value.
  bool replace(std::string_view value) const noexcept;

 private:
  struct Block {
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t capacity;  // for the value

    char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  };
  struct Free {
    void operator()(Block* block) const noexcept { std::free(block); }
  };
  std::unique_ptr<Block, Free> block_;
};

class Records {
  struct Hash {
    std::size_t operator()(std::string_view key) const noexcept;
    std::size_t operator()(const StoredRecord& record) const noexcept { return (*this)(record.key()); }
  };
  struct SameKey {
    using is_transparent = void;
    static std::string_view key_of(std::string_view key) noexcept { return key; }
    static std::string_view key_of(const StoredRecord& record) noexcept { return record.key(); }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return key_of(a) == key_of(b);
    }
  };
  using Table = tsl::robin_set<StoredRecord, Hash, SameKey, std::allocator<StoredRecord>, true>;

 public:
  using key_type = std::string;
  using mapped_type = std::string;
  using value_type = std::pair<std::string, std::string>;
  struct Entry {
    std::string_view first, second;
    const Entry* operator->() const noexcept { return this; }
  };
  class const_iterator {
   public:
    explicit const_iterator(Table::const_iterator at) : at_(at) {}
    Entry operator*() const { return {at_->key(), at_->value()}; }
    Entry operator->() const { return **this; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const const_iterator&) const = default;

   private:
    Table::const_iterator at_;
  };

  Records() = default;
  Records(std::initializer_list<std::pair<std::string_view, std::string_view>> records) {
    for (const auto& [key, value] : records) put(key, value);
  }

  const_iterator begin() const { return const_iterator(table_.begin()); }
  const_iterator end() const { return const_iterator(table_.end()); }
  std::size_t size() const noexcept { return table_.size(); }
  void clear() { table_.clear(); }
  void reserve(std::size_t records) { table_.reserve(records); }
  void emplace(const std::string& key, const std::string& value) { put(key, value); }

  // Null when there is no record of that key. Valid until the next change.
  const StoredRecord* find(std::string_view key) const {
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : &*found;
  }

  // Adds a record, or replaces its value. When memory runs out, std::bad_alloc, and nothing has changed.
  void put(std::string_view key, std::string_view value);
  bool erase(std::string_view key) { return table_.erase(key) != 0; }

 private:
  Table table_;
};

}  // namespace kv
