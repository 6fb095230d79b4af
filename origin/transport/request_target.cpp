// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/request_target.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "origin/base/text.hpp"

namespace origin::transport {

namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// RFC 3986 3.3 and 3.4 leave out a few visible characters that browsers and players send as they are; a
// fragment is never sent.
constexpr std::array<bool, 256> make_target_table() {
  std::array<bool, 256> table{};
  for (int c = ' ' + 1; c < 0x7f; ++c) table[c] = true;
  for (const unsigned char c : {'#', '"', '<', '>', '\\'}) table[c] = false;
  return table;
}
constexpr std::array<bool, 256> kTargetBytes = make_target_table();

bool is_target_byte(char c) {
  return kTargetBytes[static_cast<unsigned char>(c)];
}

// Every '%' begins an escape, and none is NUL.
const char* wrong_escape(std::string_view text) {
  for (size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 3)) {
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
      return "has a '%' that is not followed by two hex digits";
    }
    if (text[i + 1] == '0' && text[i + 2] == '0') return "has an escaped NUL";
  }
  return nullptr;
}

// Whether a segment is "." or ".." once escapes, which are well-formed, are decoded; also where an escaped
// slash makes the segment.
bool climbs(std::string_view path) {
  if (path.find('%') == std::string_view::npos) return has_dot_segment(path);
  std::string decoded;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      decoded += static_cast<char>(hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]));
      i += 2;
    } else {
      decoded += path[i];
    }
  }
  return has_dot_segment(decoded);
}

bool fail(HeadError& error, std::string reason) {
  error = {400, std::move(reason)};
  return false;
}

// "80" or nothing after a colon.
bool is_port(std::string_view text) {
  if (text.size() > 5) return false;
  int port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    port = port * 10 + (c - '0');
  }
  return port <= 65535;
}

bool is_ipv6_literal(std::string_view text) {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof(copy)) return false;
  std::memcpy(copy, text.data(), text.size());
  in6_addr address;
  return inet_pton(AF_INET6, copy, &address) == 1;
}

bool origin_form(std::string_view target, RequestHead& head, HeadError& error) {
  if (!std::ranges::all_of(target, is_target_byte)) {
    return fail(error, "the request target has a character that must be percent-encoded");
  }
  if (const char* wrong = wrong_escape(target))
    return fail(error, std::string("the request target ") + wrong);
  const size_t question = target.find('?');
  head.target = target;
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  if (climbs(head.path)) return fail(error, "the path has a '.' or '..' segment; names are absolute here");
  return true;
}

}  // namespace

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6_literal(text.substr(1, end - 1))) return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
  }
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (name.empty() || name.size() > 255) return false;
  if (!std::ranges::all_of(name,
                           [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; })) {
    return false;
  }
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

bool parse_target(std::string_view target, RequestHead& head, HeadError& error) {
  if (target.starts_with('/')) return origin_form(target, head, error);
  if (target == "*") {
    if (head.method != "OPTIONS") return fail(error, "the target '*' is for OPTIONS only");
    head.target = head.path = target;
    return true;
  }
  constexpr std::string_view kScheme = "http://";
  if (target.size() <= kScheme.size() || !equals_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    return fail(error, "the request target begins neither with '/' nor with 'http://'");
  }
  // RFC 9112 3.2.2: a server must take absolute-form.
  const std::string_view rest = target.substr(kScheme.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (!is_authority(rest.substr(0, end))) {
    return fail(error, "the authority of the request target is not a host name with an optional port");
  }
  if (!origin_form(rest.substr(end), head, error)) return false;
  // RFC 9110 4.2.3: an empty path is "/".
  if (head.path.empty()) head.path = "/";
  return true;
}

}  // namespace origin::transport
