// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/request_id.hpp"

namespace origin::http {

namespace {

constexpr size_t kLength = 36;

char* write_hex(char* at, uint64_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[value >> shift & 0xf];
  return at;
}

}  // namespace

void RequestIds::append_next(std::string& text, UtcTime now) {
  const auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  const uint64_t a = random_(), b = random_();
  char id[kLength];
  char* at = write_hex(id, ms >> 16, 8);
  *at++ = '-';
  at = write_hex(at, ms, 4);
  *at++ = '-';
  at = write_hex(at, 0x7000 | (a & 0xfff), 4);
  *at++ = '-';
  at = write_hex(at, 0x8000 | (a >> 12 & 0x3fff), 4);
  *at++ = '-';
  write_hex(at, b, 12);
  text.append(id, kLength);
}

}  // namespace origin::http
