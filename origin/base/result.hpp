// SPDX-License-Identifier: LGPL-2.1-or-later
// A value or an Error. No exception crosses a room.
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace origin {

enum class ErrorCode {
  kInvalid,       // the caller's input is wrong; the message names the value and what would be right
  kNotFound,      // no such name
  kExists,        // the name is taken
  kPrecondition,  // what the caller made a condition is not so
  kLimit,         // a named limit is reached
  kQuota,         // what somebody was given to fill is full
  kTooLarge,      // more than a named limit of size
  kEnded,         // the thing has ended or is spent
  kUnsupported,   // understood, but not something this build or object can do
  kUnavailable,   // not now; trying again later makes sense
  kIo,            // the operating system said no
};

struct Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;  // one line, for a person
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // REQUIRES: ok().
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  // REQUIRES: !ok().
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    assert(!ok_);
    return error_;
  }

 private:
  Error error_;
  bool ok_ = true;
};

using Status = Result<void>;

}  // namespace origin
