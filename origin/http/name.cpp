// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/name.hpp"

#include <algorithm>
#include <iterator>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::http {

namespace {

Error invalid(const char* why) {
  return {ErrorCode::kInvalid, std::string("bad path: ") + why};
}

bool is_control(unsigned char c) {
  return c < 0x20 || c == 0x7f;
}

}  // namespace

Result<std::string> parse_name(std::string_view path) {
  if (path.empty() || path.front() != '/') return invalid("it must begin with a slash");
  std::string name;
  name.reserve(path.size());
  for (size_t i = 1; i < path.size(); ++i) {
    char c = path[i];
    if (c == '%') {
      const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
      const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid("a percent sign without two hexadecimal digits");
      c = static_cast<char>(high * 16 + low);
      // A proxy that decodes it sees another path than one that does not.
      if (c == '/') return invalid("an encoded slash");
      i += 2;
    }
    if (c == '\\') return invalid("a backslash");
    if (is_control(static_cast<unsigned char>(c))) return invalid("a control character");
    name.push_back(c);
  }
  if (has_dot_segment(name)) return invalid("a dot segment");
  if (!g_utf8_validate_len(name.data(), name.size(), nullptr)) return invalid("it is not UTF-8");
  return name;
}

std::string encode_segment(const std::string& segment) {
  return GCharPtr(g_uri_escape_string(segment.c_str(), nullptr, FALSE)).get();
}

bool is_reserved(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"", "api", "healthz", "metrics", "time", "topics"};
  const std::string_view component = first_component(name);
  if (component.starts_with('_') || component.starts_with('.')) return true;
  return std::find(std::begin(kReserved), std::end(kReserved), component) != std::end(kReserved);
}

std::optional<std::string_view> pushed_name(std::string_view name) {
  constexpr std::string_view kFolder = "_ingest/";
  if (!name.starts_with(kFolder)) return std::nullopt;
  return name.substr(kFolder.size());
}

std::string_view first_component(std::string_view name) {
  return name.substr(0, name.find('/'));
}

}  // namespace origin::http
