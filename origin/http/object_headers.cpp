// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/object_headers.hpp"

#include <algorithm>
#include <string>

#include "origin/base/text.hpp"

namespace origin::http {

namespace {

using transport::equals_ignoring_case;
using transport::HeaderField;
using transport::RequestHead;

struct Extension {
  std::string_view extension;
  std::string_view content_type;
};
// RFC 8216 4, ISO/IEC 23009-1, RFC 4337, and what encoders push beside.
constexpr Extension kExtensions[] = {
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"mpd", "application/dash+xml"},
    {"m4s", "video/iso.segment"},
    {"cmfv", "video/mp4"},
    {"cmfa", "audio/mp4"},
    {"cmft", "application/mp4"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"m4a", "audio/mp4"},
    {"ts", "video/mp2t"},
    {"aac", "audio/aac"},
    {"mp3", "audio/mpeg"},
    {"vtt", "text/vtt"},
    {"ttml", "application/ttml+xml"},
    {"webm", "video/webm"},
    {"json", "application/json"},
    {"html", "text/html"},
    {"txt", "text/plain"},
    {"xml", "application/xml"},
    {"jpg", "image/jpeg"},
    {"png", "image/png"},
    {"webp", "image/webp"},
    {"key", "application/octet-stream"},
};

// What clients send that do not know what they send.
constexpr std::string_view kSaysNothing[] = {"", "application/octet-stream",
                                             "application/x-www-form-urlencoded"};

// Field names (or their beginnings, with a hyphen at the end) that a proxy or a server would act on, or that
// carry secrets.
constexpr std::string_view kDangerous[] = {
    "x-accel-",          "x-sendfile",
    "x-lighttpd-",       "x-litespeed-",
    "x-forwarded-",      "x-real-ip",
    "x-api-key",         "x-auth-",
    "x-csrf-",           "x-http-method-override",
    "x-method-override", "x-frame-",
    "x-content-type-",   "x-original-",
    "x-rewrite-",        "x-host",
    "x-request-id",      "x-amz-security-",
    "x-cache",           "x-varnish",
    "x-powered-by",
};

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lowered;
}

bool is_metadata(std::string_view field) {
  const std::string name = lower(field);
  if (name == "content-encoding" || name == "content-language" || name == "content-disposition") return true;
  if (name.starts_with("origin-meta-")) return true;
  return name.starts_with("x-") && std::none_of(std::begin(kDangerous), std::end(kDangerous), [&](auto bad) {
           return bad.ends_with('-') ? name.starts_with(bad) : name == bad;
         });
}

bool is_playlist(std::string_view content_type) {
  return content_type == content_type_of(".m3u8") || content_type == content_type_of(".mpd");
}

// max-age of a Cache-Control field (RFC 9111 5.2.2.1).
std::optional<uint64_t> max_age(std::string_view cache_control) {
  while (!cache_control.empty()) {
    std::string_view directive = take_until(cache_control, ',');
    const std::string_view name = take_until(directive, '=');
    if (equals_ignoring_case(name, "max-age")) return parse_number(trimmed(directive));
  }
  return std::nullopt;
}

Result<std::optional<Duration>> ttl_of(std::string_view query, std::string_view cache_control,
                                       const TtlBounds& bounds) {
  std::optional<Duration> ttl;
  while (!query.empty()) {
    std::string_view parameter = take_until(query, '&');
    if (take_until(parameter, '=') != "ttl_seconds") continue;
    const std::optional<uint64_t> seconds = parse_number(parameter);
    if (!seconds || *seconds < bounds.least || *seconds > bounds.most)
      return Error{ErrorCode::kInvalid, "ttl_seconds=" + std::string(parameter) +
                                            " is not a whole number of " + std::to_string(bounds.least) +
                                            " to " + std::to_string(bounds.most)};
    if (ttl) return Error{ErrorCode::kInvalid, "ttl_seconds is there twice"};
    ttl = std::chrono::seconds(*seconds);
  }
  if (ttl) return ttl;
  const std::optional<uint64_t> seconds = max_age(cache_control);
  if (seconds && *seconds > 0)
    ttl = std::chrono::seconds(std::clamp(*seconds, bounds.least, bounds.most));
  else if (bounds.usual > 0)
    ttl = std::chrono::seconds(bounds.usual);
  return ttl;
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  const size_t dot = name.find_last_of("./");
  if (dot == std::string_view::npos || name[dot] == '/') return {};
  const std::string extension = lower(name.substr(dot + 1));
  for (const Extension& known : kExtensions) {
    if (known.extension == extension) return known.content_type;
  }
  return {};
}

TtlBounds ttl_bounds(const Limits& limits, const NamespaceTerms& terms) {
  TtlBounds bounds;
  bounds.most = static_cast<uint64_t>(std::chrono::floor<std::chrono::seconds>(limits.max_ttl).count());
  if (terms.max_ttl > 0) bounds.most = std::min(bounds.most, terms.max_ttl);
  bounds.least = std::clamp<uint64_t>(terms.min_ttl, 1, bounds.most);
  // What may not be kept for longer is not kept for ever.
  bounds.usual = terms.default_ttl > 0 ? std::min(terms.default_ttl, bounds.most)
                 : terms.max_ttl > 0   ? bounds.most
                                       : 0;
  return bounds;
}

Result<ObjectTerms> object_terms(const RequestHead& head, std::string_view name, const TtlBounds& bounds) {
  const std::string_view persistence = head.field("origin-persistence");
  if (equals_ignoring_case(persistence, "durable"))
    return Error{ErrorCode::kUnsupported,
                 "Origin-Persistence: durable needs a tier to keep objects on, and there is none; "
                 "ephemeral ones are kept in memory"};
  if (!persistence.empty() && !equals_ignoring_case(persistence, "ephemeral"))
    return Error{ErrorCode::kInvalid,
                 "Origin-Persistence: " + std::string(persistence) + " is neither ephemeral nor durable"};
  ObjectTerms terms;
  const std::string_view sent_type = head.field("content-type"), known_type = content_type_of(name);
  const bool says_nothing =
      std::find(std::begin(kSaysNothing), std::end(kSaysNothing), lower(sent_type)) != std::end(kSaysNothing);
  if (!says_nothing || (known_type.empty() && !sent_type.empty())) {
    terms.headers.content_type = sent_type;
  } else if (!known_type.empty()) {
    terms.headers.content_type = known_type;
  }
  const std::string_view cache_control = head.field("cache-control");
  const Result<std::optional<Duration>> ttl = ttl_of(head.query, cache_control, bounds);
  if (!ttl) return ttl.error();
  terms.ttl = *ttl;
  if (!cache_control.empty()) {
    terms.headers.cache_control = cache_control;
  } else {
    // A playlist changes under its name; media, as a rule, does not.
    uint64_t seconds = is_playlist(terms.headers.content_type) ? 1 : 3600;
    if (terms.ttl) seconds = std::min(seconds, static_cast<uint64_t>(*terms.ttl / std::chrono::seconds(1)));
    terms.headers.cache_control = "public, max-age=" + std::to_string(seconds);
  }
  for (size_t i = 0; i < head.field_count; ++i) {
    const HeaderField& field = head.fields[i];
    if (is_metadata(field.name)) terms.headers.custom.emplace_back(field.name, field.value);
  }
  return terms;
}

}  // namespace origin::http
