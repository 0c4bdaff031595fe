// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The calls of a test as lines of JSON: noted, written, read.
//
//   {"at_ns":1000,"pool":"words","method":"add","query":"container:0","request":{"word":"a"},"code":"ok","reply":{...}}
//
// `code` is the answer's; of `ok` there is `reply`, or, of several containers, `replies` or `merged`, and `failures`.
#pragma once

#include <chimaera/result.h>
#include <chimaera/test_pool.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "codec/json.h"
#include "runtime/message.h"
#include "runtime/module_library.h"

namespace chi::test_kit {

class Recording {
 public:
  explicit Recording(std::uint64_t start_ns) : start_ns_(start_ns) {}

  // Gives the entry's number. A pool or method that there is not makes an entry without a request.
  std::size_t begin(std::uint64_t now_ns, const std::string& pool, const chi_method* method, const CallOptions& options,
                    const chi_message& request);
  void end(std::size_t entry, const runtime::Answer& answer);

  bool complete() const noexcept { return open_ == 0; }
  std::string text() const;

 private:
  struct Entry {
    Json line;
    std::string reply_schema;
  };
  const std::uint64_t start_ns_;
  std::vector<Entry> entries_;
  std::size_t open_ = 0;
};

// How a call ended: the part of its line from `code` on.
Json answer_json(const std::string& reply_schema, const runtime::Answer& answer);

// Whether two of those say the same; fields that only `now` has were appended since.
bool same_answer(const Json& recorded, const Json& now);

struct RecordedCall {
  std::uint64_t at_ns = 0;
  std::string pool;
  std::string method;
  CallOptions options;
  Json request;
  Json answer;
};

// Fails with invalid_argument, naming line and fault.
Result<std::vector<RecordedCall>> parse_recording(const std::string& text, const std::string& path);

}  // namespace chi::test_kit
