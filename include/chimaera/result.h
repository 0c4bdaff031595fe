// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The one error type of the project and the type that carries it.
//
// An Error is a value: it may be copied, compared by code, printed, and crosses process boundaries as bytes. Its text
// says what went wrong and what to do about it; `where` says which part of which container or program found it.
// Nothing here throws, except Result<T>::value() on an error (BadResult), which is meant for tests and examples.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace chi {

// Codes are wire format: never renumbered, only appended.
enum class Code : std::uint16_t {
  ok = 0,
  cancelled = 1,          // the caller, or its session, went away or asked for it
  invalid_argument = 2,   // the request can never succeed as it is
  deadline_exceeded = 3,  // not finished in time; whether it took effect is unknown
  not_found = 4,          // no such pool, method, module, container or key
  already_exists = 5,
  permission_denied = 6,
  resource_exhausted = 7,   // a configured limit or the machine's was reached; retry later or raise it
  failed_precondition = 8,  // the system's state forbids it; retrying alone will not help
  aborted = 9,              // lost a race; retry the whole operation
  unavailable = 10,         // the daemon or owner cannot be reached now; retry
  internal = 11,            // a bug in a handler or in the runtime; the text names it
  unimplemented = 12,       // the method or feature is not in this version
  data_loss = 13,           // bytes are damaged beyond repair
  wrong_owner = 14,         // the container lives elsewhere, or in another epoch
  stale = 15,               // the call id is below the trim point: it was done before
};

// The code's stable name, such as "not_found"; "unknown" for a number that this version does not know.
std::string_view code_name(Code code) noexcept;

struct [[nodiscard]] Error {
  Code code = Code::internal;
  std::string text;
  std::string where;

  // "not_found: no pool named 'x'; `chimaera pool list` shows all (in admin/0)"
  std::string to_string() const;
};

class BadResult : public std::exception {
 public:
  explicit BadResult(const Error& error) : text_(error.to_string()) {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// A value or an Error, never neither. Not thread-safe; a plain value type.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: so that handlers can `return reply;`
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: so that callers `return error;`
  Result(Code code, std::string text) : Result(Error{code, std::move(text), {}}) {}

  bool ok() const noexcept { return held_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }
  Code code() const noexcept { return ok() ? Code::ok : error().code; }

  // Precondition: !ok().
  const Error& error() const& noexcept { return *std::get_if<1>(&held_); }
  Error&& error() && noexcept { return std::move(*std::get_if<1>(&held_)); }

  // Precondition: ok().
  T& operator*() & noexcept { return *std::get_if<0>(&held_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&held_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&held_)); }
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }

  // The value; throws BadResult when there is none.
  T& value() & {
    if (!ok()) throw BadResult(error());
    return **this;
  }
  T&& value() && {
    if (!ok()) throw BadResult(error());
    return std::move(**this);
  }
  T value_or(const T& fallback) const& { return ok() ? **this : fallback; }

 private:
  std::variant<T, Error> held_;  // no empty error beside a value: a reply costs what it is
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit, as above
  Result(Code code, std::string text) : error_(Error{code, std::move(text), {}}) {}

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  Code code() const noexcept { return ok() ? Code::ok : error_->code; }
  const Error& error() const& noexcept { return *error_; }
  Error&& error() && noexcept { return std::move(*error_); }
  void value() const {
    if (!ok()) throw BadResult(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

inline std::string_view code_name(Code code) noexcept {
  constexpr std::string_view kNames[] = {"ok",
                                         "cancelled",
                                         "invalid_argument",
                                         "deadline_exceeded",
                                         "not_found",
                                         "already_exists",
                                         "permission_denied",
                                         "resource_exhausted",
                                         "failed_precondition",
                                         "aborted",
                                         "unavailable",
                                         "internal",
                                         "unimplemented",
                                         "data_loss",
                                         "wrong_owner",
                                         "stale"};
  auto index = static_cast<std::size_t>(code);
  return index < std::size(kNames) ? kNames[index] : std::string_view("unknown");
}

inline std::string Error::to_string() const {
  std::string out(code_name(code));
  if (!text.empty()) out.append(": ").append(text);
  if (!where.empty()) out.append(" (in ").append(where).append(")");
  return out;
}

}  // namespace chi
