// SPDX-License-Identifier: LGPL-2.1-or-later
// Small pieces of the grammar that many formats share (RFC 9110 5.6, RFC 3986, RFC 5646). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace origin {

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

// Subtags of up to eight letters and digits between hyphens, the first of two or more letters (RFC 5646 2.1).
inline bool is_language_tag(std::string_view tag) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  size_t length = 0;
  bool first = true;
  for (const char c : tag) {
    if (c == '-' && (first ? length < 2 : length == 0)) return false;
    if (c != '-' && !is_letter(c) && (first || c < '0' || c > '9')) return false;
    first &= c != '-';
    length = c == '-' ? 0 : length + 1;
    if (length > 8) return false;
  }
  return length >= (first ? 2u : 1u);
}

inline std::string to_hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes)
    text.append({"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 0xf]});
  return text;
}

// Of a hexadecimal digit; -1 if it is none.
inline int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Whether a segment of a decoded path is "." or "..". A backslash separates too, since some take it for a
// slash.
inline bool has_dot_segment(std::string_view path) {
  for (;;) {
    const size_t end = path.find_first_of("/\\");
    const std::string_view segment = path.substr(0, end);
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

}  // namespace origin
