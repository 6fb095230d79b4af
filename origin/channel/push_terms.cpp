// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/push_terms.hpp"

#include <glib.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::channel {

namespace {

constexpr double kMostSeconds = 1e7;
constexpr size_t kLongestText = 64;
constexpr uint64_t kMostBitrate = 1'000'000'000'000;

Error wrong(const std::string& name, const std::string& value, const char* right) {
  return {ErrorCode::kInvalid, name + "=" + value + " is wrong; it takes " + right};
}

Status set(Duration& duration, const std::string& name, const std::string& value) {
  char* end = nullptr;
  const double seconds = g_ascii_strtod(value.c_str(), &end);
  const bool good = !value.empty() && *end == '\0' && seconds >= 0 && seconds <= kMostSeconds;
  if (!good) return wrong(name, value, "seconds, such as 2 or 0.5");
  duration = std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
  return {};
}

Status set(uint32_t& number, const std::string& name, const std::string& value) {
  const std::optional<uint64_t> seconds = parse_number(value);
  if (!seconds || *seconds > kMostSeconds) return wrong(name, value, "whole seconds, such as 4");
  number = static_cast<uint32_t>(*seconds);
  return {};
}

Status set(timeline::PlaylistType& type, const std::string& name, const std::string& value) {
  for (const auto known :
       {timeline::PlaylistType::kLive, timeline::PlaylistType::kEvent, timeline::PlaylistType::kVod}) {
    if (name_of(known) != value) continue;
    type = known;
    return {};
  }
  return wrong(name, value, "live, event or vod");
}

Status set(bool& flag, const std::string& name, const std::string& value) {
  if (value != "true" && value != "false") return wrong(name, value, "true or false");
  flag = value == "true";
  return {};
}

Status set(std::string& text, const std::string& name, const std::string& value) {
  if (value.empty() || value.size() > kLongestText ||
      !g_utf8_validate_len(value.data(), value.size(), nullptr))
    return wrong(name, "…", "1 to 64 bytes of UTF-8");
  text = value;
  return {};
}

Status set_language(std::string& language, const std::string& name, const std::string& value) {
  if (!is_language_tag(value)) return wrong(name, value, "a BCP 47 tag such as en, de or pt-BR");
  language = value;
  return {};
}

Status set_bitrate(uint64_t& bitrate, const std::string& name, const std::string& value) {
  const std::optional<uint64_t> number = parse_number(value);
  if (!number || *number > kMostBitrate) return wrong(name, value, "bits per second, such as 2500000");
  bitrate = *number;
  return {};
}

// Not in the middle of a character.
std::string shortened(const std::string& text) {
  const char* end = nullptr;
  g_utf8_validate_len(text.data(), std::min(text.size(), kLongestText), &end);
  return std::string(text.data(), end);
}

Status set(PushTerms& terms, const std::string& name, const std::string& value) {
  Options& options = terms.options;
  if (name == "segment_duration") return set(options.segment_duration, name, value);
  if (name == "part_duration") return set(options.part_duration, name, value);
  if (name == "window") return set(options.window, name, value);
  if (name == "target_duration") return set(options.target_duration, name, value);
  if (name == "playlist_type") return set(options.type, name, value);
  if (name == "publisher") return set(terms.publisher, name, value);
  if (name == "aligned") return set(terms.aligned, name, value);
  if (name == "times") {
    terms.in_utc = value == "utc";
    return terms.in_utc ? Status() : wrong(name, value, "utc");
  }
  if (name == "language") return set_language(terms.language, name, value);
  if (name == "label") return set(terms.label, name, value);
  if (name == "default") return set(terms.is_default, name, value);
  if (name == "bitrate") return set_bitrate(terms.bitrate, name, value);
  return {};
}

bool is_number(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

// What the names of a track's segments have in common, "stream0" of "chunk-stream0-00001": all but the words
// for what they are, and the number.
std::string common_part(std::string_view stem, bool is_segment) {
  constexpr std::array<std::string_view, 6> kWords = {"init", "header", "chunk", "seg", "segment", "media"};
  constexpr std::string_view kSeparators = "-_.";
  const std::string_view stem_was = stem;
  const size_t last = stem.find_last_of(kSeparators);
  std::string_view number;
  if (is_segment && last != std::string_view::npos && is_number(stem.substr(last + 1))) {
    number = stem.substr(last + 1);
    stem = stem.substr(0, last);
  }
  std::string common;
  char separator = '-';
  while (!stem.empty()) {
    const size_t end = std::min(stem.find_first_of(kSeparators), stem.size());
    const std::string_view word = stem.substr(0, end);
    if (std::ranges::find(kWords, word) == kWords.end()) {
      if (!common.empty()) common += separator;
      common += word;
    }
    if (end < stem.size()) separator = stem[end];
    stem.remove_prefix(std::min(end + 1, stem.size()));
  }
  // "init-0" is of what "chunk-0-00001" is of.
  const bool is_header = stem_was.starts_with("init") || stem_was.starts_with("header");
  return common.empty() && is_header ? std::string(number) : common;
}

// `path`: below the presentation. `is_file`: whether others are of the same track.
std::string track_in(std::string_view path, bool& is_file) {
  constexpr std::string_view kStreams = "Streams(";
  if (const size_t folder = path.find('/'); folder != std::string_view::npos) {
    is_file = folder + 1 < path.size();
    return std::string(path.substr(0, folder));
  }
  const bool is_named = path.starts_with(kStreams) && path.ends_with(')');
  if (is_named) path = path.substr(kStreams.size(), path.size() - kStreams.size() - 1);
  const size_t dot = std::min(path.rfind('.'), path.size());
  const std::string_view stem = path.substr(0, dot), extension = path.substr(dot);
  const bool is_segment = extension == ".m4s" || extension == ".m4v" || extension == ".m4a";
  const bool is_header = extension == ".mp4";
  const bool is_whole = is_named || !(is_segment || is_header);
  const std::string track = is_whole ? std::string(stem) : common_part(stem, is_segment);
  is_file = is_segment || track != stem;
  return track;
}

}  // namespace

Result<PushedName> parse_pushed_name(std::string_view name) {
  const std::string_view rest = name.substr(std::min(name.find('/'), name.size()));
  PushedName parsed{.presentation = std::string(name.substr(0, name.size() - rest.size())), .track = {}};
  if (Status valid = validate_name(parsed.presentation); !valid)
    return Error{ErrorCode::kInvalid, "presentation " + valid.error().message};
  if (rest.size() <= 1) return parsed;
  parsed.is_manifest = rest.ends_with(".mpd") || rest.ends_with(".m3u8");
  parsed.is_file = parsed.is_manifest;
  if (parsed.is_manifest) return parsed;
  parsed.track = track_in(rest.substr(1), parsed.is_file);
  if (Status valid = validate_name(parsed.track); !valid)
    return Error{ErrorCode::kInvalid,
                 "track " + valid.error().message + " (of '" + std::string(rest.substr(1)) + "')"};
  return parsed;
}

Result<PushTerms> parse_push_terms(const std::string& presentation, std::string_view query) {
  PushTerms terms;
  terms.options.name = presentation;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    const GCharPtr text(g_uri_unescape_segment(value.data(), value.data() + value.size(), nullptr));
    // Not the value: it may be somebody's token.
    if (!text) return wrong(std::string(name), "…", "text with valid escapes");
    if (Status status = set(terms, std::string(name), text.get()); !status) return status.error();
  }
  terms.options.wall_clock = terms.options.type != timeline::PlaylistType::kVod;
  if (Status valid = validate(terms.options); !valid) return valid.error();
  return terms;
}

std::string push_query(const Options& options) {
  const auto seconds = [](Duration duration) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    return std::string(g_ascii_formatd(text, sizeof text, "%.9g", to_seconds(duration)));
  };
  return "playlist_type=" + std::string(name_of(options.type)) +
         "&segment_duration=" + seconds(options.segment_duration) +
         "&part_duration=" + seconds(options.part_duration) + "&window=" + seconds(options.window) +
         "&target_duration=" + std::to_string(options.target_duration) +
         (options.wall_clock ? "&times=utc" : "");
}

std::string push_query(const timeline::TrackInfo& track) {
  const auto escaped = [](const std::string& text) {
    return std::string(GCharPtr(g_uri_escape_string(text.c_str(), nullptr, FALSE)).get());
  };
  std::string query = "default=" + std::string(track.is_default ? "true" : "false") +
                      "&bitrate=" + std::to_string(track.declared_bandwidth);
  if (!track.language.empty()) query += "&language=" + escaped(track.language);
  if (!shortened(track.label).empty()) query += "&label=" + escaped(shortened(track.label));
  return query;
}

}  // namespace origin::channel
