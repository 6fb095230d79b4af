// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/url.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "origin/base/text.hpp"

namespace origin::bench {

namespace {

Error wrong(std::string_view text, const char* why) {
  return {ErrorCode::kInvalid, "'" + std::string(text) + "' " + why};
}

bool has_bad_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c <= 0x20 || c == 0x7f; });
}

std::string_view without_fragment(std::string_view text) {
  return text.substr(0, text.find('#'));
}

// "mailto:" and "https:" have one, "a/b:c" has not.
bool has_scheme(std::string_view text) {
  const size_t colon = text.find(':');
  return colon != std::string_view::npos && colon < text.find_first_of("/?#");
}

// RFC 3986 5.2.4
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  for (;;) {
    const size_t end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == std::string_view::npos;
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
    }
    if (is_last && (segment == "." || segment == "..")) segments.emplace_back();
    if (is_last) break;
    path.remove_prefix(end + 1);
  }
  std::string result;
  for (const std::string_view segment : segments) result.append("/").append(segment);
  return result;
}

std::string normal_target(std::string_view target) {
  const size_t query = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, query);
  return (path.empty() ? "/" : without_dots(path)) + std::string(target.substr(query));
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  return port == "80" ? name : name + ":" + port;
}

Result<Url> parse_url(std::string_view text) {
  static constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return wrong(text,
                 "needs TLS, which is not supported: put a proxy in between, or give an http:// address");
  }
  if (!text.starts_with(kScheme))
    return wrong(text, "is no URL: give one like http://host:8080/live/index.m3u8");
  if (has_bad_character(text)) return wrong(text, "has a space or control character; escape it as %20");
  const std::string_view rest = without_fragment(text).substr(kScheme.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) {
    return wrong(text, "has a user name; give it with --header 'Authorization: …'");
  }
  Url url;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong(text, "has an IPv6 address without its ']'");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
  } else {
    const size_t colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    authority.remove_prefix(colon);
  }
  if (url.host.empty()) return wrong(text, "names no host");
  if (!authority.empty()) {
    const std::optional<uint64_t> port = parse_number(authority.substr(1));
    if (authority.front() != ':' || !port || *port < 1 || *port > 65535) {
      return wrong(text, "has a port that is not from 1 to 65535");
    }
    url.port = std::to_string(*port);
  }
  url.target = normal_target(rest.substr(end));
  return url;
}

Result<Url> resolve(const Url& base, std::string_view reference) {
  if (has_bad_character(reference)) return wrong(reference, "has a space or control character");
  if (has_scheme(reference)) return parse_url(reference);
  if (reference.starts_with("//")) return parse_url("http:" + std::string(reference));
  reference = without_fragment(reference);
  Url url = base;
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (reference.starts_with('/')) {
    url.target = normal_target(reference);
  } else if (reference.starts_with('?')) {
    url.target = std::string(base_path) + std::string(reference);
  } else if (!reference.empty()) {
    const std::string_view folder = base_path.substr(0, base_path.rfind('/') + 1);
    url.target = normal_target(std::string(folder) + std::string(reference));
  }
  return url;
}

std::string with_parameter(std::string_view target, std::string_view parameter) {
  const char separator = target.find('?') == std::string_view::npos ? '?' : '&';
  return std::string(target) + separator + std::string(parameter);
}

}  // namespace origin::bench
