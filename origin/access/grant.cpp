// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/grant.hpp"

#include <algorithm>

#include "origin/base/text.hpp"

namespace origin::access {

namespace {

struct Role {
  std::string_view name;
  Rights rights;
};

constexpr Role kRoles[] = {
    {"read", {Right::kRead}},
    {"write", {Right::kWrite}},
    {"readwrite", {Right::kRead, Right::kWrite}},
    {"publish", {Right::kPublish, Right::kWrite}},
    {"subscribe", {Right::kSubscribe}},
    {"admin", {Right::kRead, Right::kWrite, Right::kPublish, Right::kSubscribe, Right::kAdmin}},
};

}  // namespace

Result<Rights> rights_of(std::string_view role) {
  std::string known;
  for (const Role& one : kRoles) {
    if (one.name == role) return one.rights;
    known += (known.empty() ? "" : ", ") + std::string(one.name);
  }
  return Error{ErrorCode::kInvalid, "'" + std::string(role) + "' is no role; there are " + known};
}

Result<PathPrefix> PathPrefix::parse(std::string_view path) {
  const auto wrong = [&](const char* right) {
    return Error{ErrorCode::kInvalid, "'" + std::string(path) + "' is no path: " + right};
  };
  if (!path.starts_with('/')) return wrong("it begins with a slash, like /live/");
  std::string_view text = path.substr(1);
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.starts_with('/') || text.ends_with('/') || text.find("//") != std::string_view::npos)
    return wrong("it has no empty segments");
  if (has_dot_segment(text)) return wrong("it has no segments '.' or '..'");
  PathPrefix prefix;
  prefix.text_ = text;
  return prefix;
}

bool PathPrefix::covers(std::string_view name) const {
  if (text_.empty()) return true;
  return name.starts_with(text_) && (name.size() == text_.size() || name[text_.size()] == '/');
}

bool covers(const PathPrefixes& prefixes, std::string_view name) {
  return std::ranges::any_of(prefixes, [name](const PathPrefix& prefix) { return prefix.covers(name); });
}

bool Grant::allows(Right right, std::string_view name) const {
  return rights.has(right) && covers(paths, name) && covers(limits, name);
}

std::optional<std::string> Grant::out_of_time(UtcTime now) const {
  if (now >= expires) return "expired at " + format_rfc3339(expires);
  if (now < not_before) return "does not count before " + format_rfc3339(not_before);
  return std::nullopt;
}

}  // namespace origin::access
