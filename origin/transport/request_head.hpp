// SPDX-License-Identifier: LGPL-2.1-or-later
// A request head as the guard understood it: views into the connection's buffer, valid until the call
// returns. parse_request_head is a pure function. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace origin::transport {

struct HeaderField {
  std::string_view name;   // as sent; compare without regard to case
  std::string_view value;  // without surrounding white space
};

struct RequestHead {
  std::string_view bytes;   // the whole head with its final empty line
  std::string_view method;  // "GET"
  std::string_view target;  // "/live/index.m3u8?_HLS_msn=3"; "*" for OPTIONS *; may lack an empty path
  std::string_view
      path;  // target up to '?', undecoded; its escapes are well-formed and hide no NUL, "." or ".."
  std::string_view query;  // after '?', undecoded; empty if none
  int minor_version = 1;   // of HTTP/1.x: 0 or 1
  bool has_body = false;   // Content-Length > 0 or chunked
  bool chunked = false;
  uint64_t content_length = 0;    // of a body that is not chunked
  bool expects_continue = false;  // Expect: 100-continue
  bool keep_alive = true;
  const HeaderField* fields = nullptr;
  size_t field_count = 0;

  // First field of that name (lower case), or an empty view.
  std::string_view field(std::string_view lower_case_name) const;
};

struct HeadLimits {
  uint32_t max_head_bytes = 16 * 1024;
  uint32_t max_target_bytes = 4 * 1024;
};

// Why a request is refused.
struct HeadError {
  int status = 400;
  std::string reason;  // one line of ASCII, for a person
};

enum class HeadState : uint8_t { kIncomplete, kComplete, kBad };

// Reads the head that `bytes` begins with. `fields` is where the field views go; its size is the limit on
// their number. `scanned` is 0 for the first call on a head and carries how far the search for the end has
// come, so that a head that comes byte by byte is looked at once. `head` is set on kComplete (of `error`, on
// kBad).
HeadState parse_request_head(std::string_view bytes, const HeadLimits& limits, std::span<HeaderField> fields,
                             size_t& scanned, RequestHead& head, HeadError& error);

// RFC 9110 5.6.2: names of methods and fields.
bool is_token(std::string_view text);
// Equal but for the case of ASCII letters. `lower_case` is lower case already.
bool equals_ignoring_case(std::string_view text, std::string_view lower_case);

}  // namespace origin::transport
