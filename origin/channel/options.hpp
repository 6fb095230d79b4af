// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/timeline/model.hpp"

namespace origin::channel {

// What a presentation is made with.
struct Options {
  std::string name;  // first component of every name of this presentation
  timeline::PlaylistType type = timeline::PlaylistType::kLive;
  Duration segment_duration = 2s;
  Duration part_duration = 500ms;  // 0: no parts
  uint32_t target_duration = 0;    // seconds; 0: derived
  Duration window = 60s;           // of a live presentation; 0: everything
  // How long it stays served after its end or after its publisher left; negative: until removed.
  Duration retention = 1h;
  // Paced by the clock: times lie on the UTC grid. Else they start at 0.
  bool wall_clock = true;
  // What is left out at its beginning nobody would have seen: a first segment may be dropped that begins
  // between two boundaries.
  bool live_source = true;
  // Tracks to wait for before the multivariant playlist is offered.
  uint32_t expected_tracks = 0;
  // Longest wait for the first keyframe after a boundary before the first playlist, where requests are not
  // honoured.
  Duration gop_limit = 30s;
};

// Whether its playlists list parts, for players that stay close to the live edge.
inline bool has_parts(const Options& options) {
  return options.part_duration > Duration::zero() && options.wall_clock &&
         options.type != timeline::PlaylistType::kVod;
}

// "live", "event", "vod".
std::string_view name_of(timeline::PlaylistType type);

// kInvalid with the value and what would be right.
Status validate(const Options& options);

// A name that can be the first component of a URL path and collides with no route (design: HTTP interface).
Status validate_name(const std::string& name);

}  // namespace origin::channel
