// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/body_framing.hpp"

#include <algorithm>
#include <charconv>

#include "origin/base/text.hpp"

namespace origin::transport {

namespace {

constexpr uint8_t kMaxSizeDigits = 15;  // keeps a chunk size within 60 bits
constexpr uint16_t kMaxExtensionBytes = 1024;
constexpr uint32_t kMaxTrailerBytes = 8 * 1024;

}  // namespace

BodyFraming::BodyFraming(const RequestHead& head) {
  if (head.chunked) {
    state_ = State::kSize;
  } else if (head.content_length > 0) {
    state_ = State::kLength;
    remaining_ = head.content_length;
  }
}

size_t BodyFraming::feed(std::string_view input, size_t room, std::string* sink) {
  const size_t limit = sink ? sink->size() + room : 0;
  size_t used = 0;
  while (used < input.size() && state_ != State::kComplete && !error_) {
    if (sink && sink->size() >= limit) break;
    if (state_ == State::kLength || state_ == State::kData) {
      used += feed_data(input.substr(used), sink ? limit - sink->size() : input.size(), sink);
    } else {
      feed_framing(input[used++], sink);
    }
  }
  return used;
}

size_t BodyFraming::feed_data(std::string_view input, size_t room, std::string* sink) {
  const auto size = static_cast<size_t>(std::min<uint64_t>({input.size(), room, remaining_}));
  if (sink) sink->append(input.substr(0, size));
  remaining_ -= size;
  if (remaining_ == 0) state_ = state_ == State::kLength ? State::kComplete : State::kDataEnd;
  return size;
}

// Line ends are CRLF and nothing else: a bare LF or CR here is how requests are smuggled.
void BodyFraming::feed_framing(char c, std::string* sink) {
  switch (state_) {
    case State::kSize:
      return size_byte(c);
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeEnd;
      } else if (c == '\n' || c == '\0') {
        reject("a chunk extension has a bare LF or a NUL");
      } else if (++line_bytes_ > kMaxExtensionBytes) {
        reject("a chunk extension is longer than 1024 bytes");
      }
      return;
    case State::kSizeEnd:
      return c == '\n' ? end_of_size(sink) : reject("the chunk size does not end with CRLF");
    case State::kDataEnd:
      if (c != (saw_cr_ ? '\n' : '\r')) return reject("a chunk does not end with CRLF where its size says");
      if (saw_cr_) {
        state_ = State::kSize;
        digits_ = 0;
        if (sink && !unwraps_) sink->append("\r\n");
      }
      saw_cr_ = !saw_cr_;
      return;
    default:
      return trailer_byte(c, sink);
  }
}

void BodyFraming::size_byte(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) {
    if (digits_ == kMaxSizeDigits) return reject("a chunk size has too many digits");
    remaining_ = remaining_ * 16 + static_cast<uint64_t>(digit);
    ++digits_;
  } else if (digits_ == 0) {
    reject("a chunk does not begin with its size in hexadecimal digits");
  } else if (c == '\r') {
    state_ = State::kSizeEnd;
  } else if (c == ';' || c == ' ' || c == '\t') {
    state_ = State::kExtension;
    line_bytes_ = 0;
  } else {
    reject("a chunk size is not a hexadecimal number");
  }
}

void BodyFraming::end_of_size(std::string* sink) {
  if (remaining_ == 0) {
    state_ = State::kTrailer;
    line_bytes_ = 0;
    return;
  }
  state_ = State::kData;
  if (!sink || unwraps_) return;
  char line[20];
  char* end = std::to_chars(line, line + 16, remaining_, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  sink->append(line, static_cast<size_t>(end - line));
}

void BodyFraming::trailer_byte(char c, std::string* sink) {
  if (++trailer_bytes_ > kMaxTrailerBytes)
    return reject("the trailer of a chunked body is longer than 8192 bytes");
  if (saw_cr_) {
    if (c != '\n') return reject("a trailer line has a bare CR");
    saw_cr_ = false;
    if (line_bytes_ == 0) {
      state_ = State::kComplete;
      if (sink && !unwraps_) sink->append("0\r\n\r\n");
    }
    line_bytes_ = 0;
  } else if (c == '\r') {
    saw_cr_ = true;
  } else if (c == '\n' || c == '\0') {
    reject("a trailer line has a bare LF or a NUL");
  } else {
    ++line_bytes_;
  }
}

}  // namespace origin::transport
