// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Implements json_text.h on the events of nlohmann's parser, whose own values would lose the first of two names.
#include "codec/json_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace chi {

namespace {

constexpr std::size_t kShownText = 200;

struct Refused {
  std::string what;
};

// Sees every event of one document; throws at the first that is not to be.
class Watch {
 public:
  bool operator()(int, Json::parse_event_t event, const Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
      case Json::parse_event_t::array_start:
        names_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
      case Json::parse_event_t::array_end:
        names_.pop_back();
        break;
      case Json::parse_event_t::key:
        if (!names_.back().insert(value.get<std::string>()).second) {
          throw Refused{fmt::format("has the field '{:.{}}' twice", value.get_ref<const std::string&>(), kShownText)};
        }
        break;
      case Json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  std::vector<std::set<std::string>> names_;  // of each object or array that is open
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  const auto refuse = [](std::string what) { return Error{Code::invalid_argument, std::move(what), {}}; };
  if (text.size() > kMaxJsonText) {
    return refuse(fmt::format("this JSON is larger than {} MiB: give large values by Python or C++, as bytes",
                              kMaxJsonText >> 20));
  }
  // The parser takes a NUL for the end, and would say nothing of what stands behind it.
  if (text.find('\0') != std::string_view::npos) return refuse("this is no JSON: it has a NUL");
  try {
    Json out = Json::parse(text, Watch(), false);
    if (!out.is_discarded()) return out;
  } catch (const Refused& refused) {
    return refuse("this JSON " + refused.what);
  }
  return refuse(fmt::format("this is no JSON: {:.{}}", text, kShownText));
}

}  // namespace chi
