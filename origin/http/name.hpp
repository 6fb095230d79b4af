// SPDX-License-Identifier: LGPL-2.1-or-later
// From a request path to a name in the store and back. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "origin/base/result.hpp"

namespace origin::http {

// "/live/a%20b" -> "live/a b". `path` is undecoded and has no query. Nothing is normalised: what could mean
// something else to a proxy than to us is refused. Errors: kInvalid (no leading slash, bad escape, encoded
// slash, control character, dot segment, not UTF-8).
Result<std::string> parse_name(std::string_view path);

// "a b" -> "a%20b": one path segment.
std::string encode_segment(const std::string& segment);

// Names that are the server's own: what is missing there may come with a new version, not with the next
// segment.
bool is_reserved(std::string_view name);

// "_ingest/live/video.cmfv" -> "live/video.cmfv": where media is pushed to. Nothing for other names.
std::optional<std::string_view> pushed_name(std::string_view name);

// "live/video_0/index.m3u8" -> "live"; all of it if there is no slash.
std::string_view first_component(std::string_view name);

}  // namespace origin::http
