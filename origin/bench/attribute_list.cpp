// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/attribute_list.hpp"

#include <algorithm>

#include "origin/base/text.hpp"

namespace origin::bench {

std::optional<std::string_view> attribute(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const size_t equals = list.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const bool found = trimmed(list.substr(0, equals)) == name;
    list.remove_prefix(equals + 1);
    const bool quoted = list.starts_with('"');
    if (quoted) list.remove_prefix(1);
    const size_t end = std::min(list.find(quoted ? '"' : ','), list.size());
    if (found) return quoted ? list.substr(0, end) : trimmed(list.substr(0, end));
    list.remove_prefix(end);
    list.remove_prefix(std::min(list.find(','), list.size()));
    if (!list.empty()) list.remove_prefix(1);
  }
  return std::nullopt;
}

bool is_yes(std::string_view list, std::string_view name) {
  return attribute(list, name) == "YES";
}

bool take_playlist_line(std::string_view& rest, std::string_view& line) {
  while (!rest.empty()) {
    line = take_until(rest, '\n');
    if (line.ends_with('\r')) line = trimmed(line.substr(0, line.size() - 1));
    if (!line.empty()) return true;
  }
  return false;
}

bool take_tag(std::string_view& line, std::string_view tag) {
  if (!line.starts_with(tag)) return false;
  const std::string_view rest = line.substr(tag.size());
  if (!rest.empty() && rest.front() != ':') return false;
  line = rest.substr(std::min<size_t>(1, rest.size()));
  return true;
}

}  // namespace origin::bench
