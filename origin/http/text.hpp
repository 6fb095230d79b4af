// SPDX-License-Identifier: LGPL-2.1-or-later
// Small pieces of the grammar that HTTP fields share (RFC 9110 5.6). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace origin::http {

// Without optional white space (RFC 9110 5.6.3) around it.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes what stands before the next `separator` off `rest`, trimmed; the separator goes too.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trimmed(taken);
}

// The text as a number; nullopt if it is anything but digits. Saturates instead of overflowing.
inline std::optional<uint64_t> parse_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<uint64_t>(c - '0');
    number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
  }
  return number;
}

}  // namespace origin::http
