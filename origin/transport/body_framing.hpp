// SPDX-License-Identifier: LGPL-2.1-or-later
// Follows a request body to its end, so that the next head is found and nothing unchecked reaches libsoup.
// Not thread-safe; a value of its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "origin/transport/request_head.hpp"

namespace origin::transport {

class BodyFraming {
 public:
  BodyFraming() = default;  // no body
  explicit BodyFraming(const RequestHead& head);

  bool complete() const { return state_ == State::kComplete; }
  // Why the body is not one (RFC 9112 7.1); null while it is.
  const char* error() const { return error_; }

  // From now on a sink gets the content alone, without the framing of chunks.
  void unwrap() { unwraps_ = true; }

  // Takes bytes of the body off the front of `input` and returns how many. If `sink` is given, what libsoup
  // is to read is appended to it, at most about `room` bytes: chunks with fresh framing, without extensions
  // and trailers, which this libsoup reads wrongly.
  size_t feed(std::string_view input, size_t room, std::string* sink);

 private:
  enum class State : uint8_t { kLength, kSize, kExtension, kSizeEnd, kData, kDataEnd, kTrailer, kComplete };

  size_t feed_data(std::string_view input, size_t room, std::string* sink);
  void feed_framing(char c, std::string* sink);
  void size_byte(char c);
  void end_of_size(std::string* sink);
  void trailer_byte(char c, std::string* sink);
  void reject(const char* reason) { error_ = reason; }

  State state_ = State::kComplete;
  bool unwraps_ = false;
  bool saw_cr_ = false;
  uint8_t digits_ = 0;       // of the chunk size
  uint16_t line_bytes_ = 0;  // of an extension or a trailer line
  uint32_t trailer_bytes_ = 0;
  uint64_t remaining_ = 0;  // of the body, or of the chunk
  const char* error_ = nullptr;
};

}  // namespace origin::transport
