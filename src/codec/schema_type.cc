// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Schema text may come from a module's table, which may be damaged: each limit here is one on memory, stack or time.
#include "codec/schema_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "base/text.h"
#include "codec/binary_text.h"

namespace chi {

namespace {

using Kind = SchemaType::Kind;

constexpr std::array<std::string_view, 14> kScalars{"u8",  "u16", "u32", "u64",  "i8",     "i16",   "i32",
                                                    "i64", "f32", "f64", "bool", "string", "bytes", "buffer"};
constexpr std::array<std::size_t, 14> kScalarSizes{1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 1, 4, 4, 4};
constexpr std::size_t kEnvelope = 6;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxMembers = 1024;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<SchemaType> parse() {
    SchemaType type;
    if (parse_type(type, 1) && at_ != text_.size()) fail("expected the end");
    if (!problem_.empty()) {
      return Error{Code::invalid_argument, fmt::format("bad schema at byte {}: {}", at_, problem_), {}};
    }
    return type;
  }

 private:
  bool parse_type(SchemaType& out, std::uint32_t depth) {
    if (depth > kMaxSchemaDepth) return fail("nested too deeply");
    bool good = false;
    if (take('(')) {
      good = parse_fields(out, depth);
    } else if (take('[')) {
      good = parse_elements(out, depth);
    } else if (take('{')) {
      good = parse_map(out, depth);
    } else if (text_.substr(at_).starts_with("enum(")) {
      at_ += 5;
      good = parse_enum(out);
    } else {
      good = parse_scalar(out.kind, out.least);
    }
    while (good && take('?')) good = wrap_optional(out);
    return good;
  }

  bool parse_scalar(Kind& kind, std::size_t& least) {
    const std::string_view name = word();
    const auto found = std::find(kScalars.begin(), kScalars.end(), name);
    if (found == kScalars.end()) return fail("expected a type");
    const auto index = static_cast<std::size_t>(found - kScalars.begin());
    kind = static_cast<Kind>(index);
    least = kScalarSizes[index];
    return true;
  }

  bool parse_fields(SchemaType& out, std::uint32_t depth) {
    out.kind = Kind::aggregate;
    out.least = kEnvelope;
    if (take(')')) return true;
    do {
      const std::string_view name = word();
      if (name.empty()) return fail("expected the name of a field");
      if (std::find(out.names.begin(), out.names.end(), name) != out.names.end()) return fail("two fields of one name");
      if (out.names.size() == kMaxMembers) return fail("too many fields");
      out.names.emplace_back(name);
      if (!expect(':') || !parse_child(out, depth)) return false;
    } while (take(','));
    if (is_digit(out.names[0][0]) && !make_tuple(out)) return false;
    return expect(')');
  }

  bool make_tuple(SchemaType& out) {
    out.kind = Kind::tuple;
    out.least = 0;
    for (std::size_t i = 0; i < out.names.size(); ++i) {
      if (out.names[i] != std::to_string(i)) return fail("the elements of a tuple are named 0, 1, 2 ...");
      out.least = add(out.least, out.of[i].least);
    }
    out.names.clear();
    return true;
  }

  bool parse_elements(SchemaType& out, std::uint32_t depth) {
    out.kind = Kind::list;
    out.least = 4;
    if (!parse_child(out, depth)) return false;
    if (take('*')) {
      std::int64_t count = 0;
      if (!number(count, 1, std::numeric_limits<std::uint32_t>::max())) return false;
      out.kind = Kind::array;
      out.count = static_cast<std::uint32_t>(count);
      out.least = multiply(out.of[0].least, out.count);
    }
    return expect(']');
  }

  bool parse_map(SchemaType& out, std::uint32_t depth) {
    out.kind = Kind::map;
    out.least = 4;
    return parse_child(out, depth) && expect(':') && parse_child(out, depth) && expect('}');
  }

  bool parse_enum(SchemaType& out) {
    if (!parse_scalar(out.number, out.least)) return false;
    out.kind = Kind::enumeration;
    if (out.number > Kind::i64) return fail("an enum's values are integers");
    while (take('|')) {
      const std::string_view name = word();
      std::int64_t value = 0;
      if (name.empty() || is_digit(name[0])) return fail("expected the name of a value");
      constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
      if (!expect('=') || !number(value, kLeast, std::numeric_limits<std::int64_t>::max())) return false;
      if (out.names.size() == kMaxMembers) return fail("too many values");
      out.names.emplace_back(name);
      out.values.push_back(value);
    }
    return expect(')');
  }

  bool parse_child(SchemaType& out, std::uint32_t depth) {
    SchemaType child;
    if (!parse_type(child, depth + 1)) return false;
    out.depth = std::max(out.depth, child.depth + 1);
    if (out.depth > kMaxSchemaDepth) return fail("nested too deeply");
    out.of.push_back(std::move(child));
    return true;
  }

  bool wrap_optional(SchemaType& type) {
    SchemaType outer;
    outer.kind = Kind::optional;
    outer.least = 1;
    outer.depth = type.depth + 1;
    if (outer.depth > kMaxSchemaDepth) return fail("nested too deeply");
    outer.of.push_back(std::move(type));
    type = std::move(outer);
    return true;
  }

  // What stands between the grammar's signs; so a name may be in any alphabet. Empty when it is not printable.
  std::string_view word() {
    const std::string_view rest = text_.substr(at_);
    const std::string_view found = rest.substr(0, rest.find_first_of("(){}[]:,|=?*"));
    const bool printable = std::all_of(found.begin(), found.end(), [](unsigned char c) { return c > ' ' && c != 127; });
    if (found.size() > kMaxNameBytes || !printable || !is_utf8(found)) return {};
    at_ += found.size();
    return found;
  }

  bool number(std::int64_t& out, std::int64_t least, std::int64_t most) {
    const char* first = text_.data() + at_;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), out);
    if (error != std::errc{} || out < least || out > most) return fail("expected a number in range");
    at_ += static_cast<std::size_t>(end - first);
    return true;
  }

  bool take(char sign) {
    if (at_ == text_.size() || text_[at_] != sign) return false;
    ++at_;
    return true;
  }
  bool expect(char sign) { return take(sign) || fail(fmt::format("expected '{}'", sign)); }

  bool fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  // No message is larger than 4 GiB, so larger sums need not be exact; nor may they overflow.
  static std::size_t add(std::size_t a, std::size_t b) { return std::min(a + b, kLargest); }
  static std::size_t multiply(std::size_t a, std::uint32_t n) { return a > kLargest / n ? kLargest : a * n; }
  static constexpr std::size_t kLargest = std::size_t{1} << 33;

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace

Result<SchemaType> parse_schema(std::string_view text) {
  if (text.size() > kMaxSchemaText) {
    return Error{
        Code::invalid_argument, fmt::format("bad schema: {} bytes, at most {}", text.size(), kMaxSchemaText), {}};
  }
  return Parser(text).parse();
}

std::string SchemaType::describe() const {
  if (kind < Kind::enumeration) return std::string(kScalars[static_cast<std::size_t>(kind)]);
  switch (kind) {
    case Kind::enumeration:
      return "one of " + list_of(names);
    case Kind::optional:
      return "optional " + of[0].describe();
    case Kind::list:
      return "list of " + of[0].describe();
    case Kind::array:
      return fmt::format("{} of {}", count, of[0].describe());
    case Kind::map:
      return fmt::format("map of {} to {}", of[0].describe(), of[1].describe());
    case Kind::tuple:
      return fmt::format("tuple of {}", of.size());
    default:
      return names.empty() ? "object without fields" : fmt::format("object with {}", list_of(names));
  }
}

}  // namespace chi
