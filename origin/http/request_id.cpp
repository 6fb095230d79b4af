// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/request_id.hpp"

namespace origin::http {

namespace {

void append_hex(std::string& text, uint64_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 0xf];
}

}  // namespace

void RequestIds::append_next(std::string& text, UtcTime now) {
  const auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  const uint64_t a = random_(), b = random_();
  append_hex(text, ms >> 16, 8);
  text += '-';
  append_hex(text, ms, 4);
  text += "-7";
  append_hex(text, a, 3);
  text += '-';
  append_hex(text, 0x8000 | (a >> 12 & 0x3fff), 4);
  text += '-';
  append_hex(text, b, 12);
}

}  // namespace origin::http
