// SPDX-License-Identifier: LGPL-2.1-or-later
// What a push says besides its media: where it belongs, by its name, and how its presentation is to be, by
// its query. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/channel/options.hpp"

namespace origin::channel {

struct PushedName {
  std::string presentation;
  std::string track;  // empty: of none in particular
  bool is_manifest = false;
  bool is_file = false;  // one of several that a track is made of, or a manifest
};

// A name below the publishing points (DASH-IF Live Media Ingest 1.2, 6.2). Of the track "video" are
// "live/Streams(video.cmfv)", "live/video.cmfv", "live/video/1.m4s" and, since encoders name segments so,
// "live/init-video.mp4" and "live/chunk-video-00001.m4s". Errors: kInvalid for what cannot be in a URL.
Result<PushedName> parse_pushed_name(std::string_view name);

struct PushTerms {
  Options options;
  // Who pushes again what it does not know to have come says who it was.
  std::string publisher;
  // Keyframes lie on the grid of UTC: segments can end without a look at what follows.
  bool aligned = false;
  // Decode times are the time of day, however long ago.
  bool in_utc = false;
  // Of the track; see timeline::TrackInfo.
  std::string language;
  std::string label;
  bool is_default = false;
  uint64_t bitrate = 0;
};

// segment_duration, part_duration, window (seconds, with decimals), target_duration (whole seconds),
// playlist_type (live, event, vod), publisher, aligned (true, false), times (utc), and of the track language
// (BCP 47), label, default (true, false), bitrate (bit/s); what is not there has its default, and others are
// none of ours. Errors: kInvalid, naming the value and what would be right.
Result<PushTerms> parse_push_terms(const std::string& presentation, std::string_view query);

// The queries that say so, of all that a receiver does not know otherwise: of the presentation, and of a
// track.
std::string push_query(const Options& options);
std::string push_query(const timeline::TrackInfo& track);

}  // namespace origin::channel
