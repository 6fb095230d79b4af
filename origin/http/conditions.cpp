// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/conditions.hpp"

#include <libsoup/soup.h>

#include <string>

#include "origin/base/text.hpp"

namespace origin::http {

namespace {

struct EntityTag {
  bool weak = false;
  std::string_view opaque;  // with its quotes
};

// Takes one entity-tag (RFC 9110 8.8.3) off the front of `rest`.
std::optional<EntityTag> take_entity_tag(std::string_view& rest) {
  EntityTag tag;
  if (rest.starts_with("W/")) {
    tag.weak = true;
    rest.remove_prefix(2);
  }
  const size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
  if (end == std::string_view::npos) return std::nullopt;
  tag.opaque = rest.substr(0, end + 1);
  rest.remove_prefix(end + 1);
  return tag;
}

// Whether the list has the tag, or is "*". Reads as far as the list is well formed.
bool list_names(std::string_view list, std::string_view etag, bool weak_comparison) {
  if (trimmed(list) == "*") return true;
  if (etag.empty()) return false;
  for (;;) {
    while (!list.empty() && (list.front() == ',' || list.front() == ' ' || list.front() == '\t')) {
      list.remove_prefix(1);
    }
    const auto tag = take_entity_tag(list);
    if (!tag) return false;
    if (tag->opaque == etag && (weak_comparison || !tag->weak)) return true;
  }
}

std::chrono::sys_seconds whole_seconds(UtcTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

// Whether the representation is newer than the date in `field`; nullopt if that cannot be told.
std::optional<bool> modified_since(std::string_view field, const Validators& validators) {
  if (field.empty() || validators.last_modified == UtcTime{}) return std::nullopt;
  const auto date = parse_http_date(field);
  if (!date) return std::nullopt;
  return whole_seconds(validators.last_modified) > *date;
}

}  // namespace

Verdict judge(const Conditions& conditions, const Validators& validators) {
  if (!conditions.if_match.empty()) {
    if (!list_names(conditions.if_match, validators.etag, false)) return Verdict::kFailed;
  } else if (modified_since(conditions.if_unmodified_since, validators).value_or(false)) {
    return Verdict::kFailed;
  }
  if (!conditions.if_none_match.empty()) {
    if (list_names(conditions.if_none_match, validators.etag, true)) return Verdict::kNotModified;
  } else if (!modified_since(conditions.if_modified_since, validators).value_or(true)) {
    return Verdict::kNotModified;
  }
  return Verdict::kProceed;
}

bool range_applies(std::string_view if_range, const Validators& validators, UtcTime now) {
  if (if_range.empty()) return true;
  if (if_range.starts_with('"') || if_range.starts_with("W/")) {
    const auto tag = take_entity_tag(if_range);
    return tag && !tag->weak && if_range.empty() && tag->opaque == validators.etag;
  }
  if (validators.last_modified == UtcTime{}) return false;
  const auto date = parse_http_date(if_range);
  // RFC 9110 8.8.2.2: a date is a strong validator only once its second is over.
  return date && *date == whole_seconds(validators.last_modified) && now - validators.last_modified >= 1s;
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  const std::string terminated(text);
  GDateTime* date = soup_date_time_new_from_http_string(terminated.c_str());
  if (!date) return std::nullopt;
  const auto seconds = std::chrono::sys_seconds(std::chrono::seconds(g_date_time_to_unix(date)));
  g_date_time_unref(date);
  return seconds;
}

}  // namespace origin::http
