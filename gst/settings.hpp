// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's properties as a value. A copy belongs to whoever took it.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include <algorithm>
#include <optional>
#include <string>

#include "origin/base/ref.hpp"

namespace gst {

enum class Sync { kAuto, kTrue, kFalse };

constexpr guint64 kDefaultPartDuration = 500 * GST_MSECOND;

struct Settings {
  std::string presentation = "live";
  std::string host = "127.0.0.1";
  guint port = 8080;
  std::string location;  // of a server to publish to instead; empty: none
  std::string api_key;
  origin::Ref<OriginServer> origin;
  guint64 memory_limit = guint64{1} << 30;  // bytes
  OriginPlaylistType playlist_type = ORIGIN_PLAYLIST_TYPE_LIVE;
  guint64 segment_duration = 2 * GST_SECOND;
  std::optional<guint64> part_duration;  // as it was set
  guint target_duration = 0;             // seconds
  guint64 window = 60 * GST_SECOND;
  gint64 retention = 3600 * GST_SECOND;
  gint64 linger = 0;
  guint64 idle_pad_timeout = 10 * GST_SECOND;
  bool send_keyframe_requests = true;
  Sync sync = Sync::kAuto;
  bool quiet = false;

  // No part is longer than its segment: who shortens segments need not think of parts.
  guint64 effective_part_duration() const {
    return part_duration.value_or(std::min(kDefaultPartDuration, segment_duration));
  }
  // Whether data of a pad waits for its time.
  bool paced(bool live_input) const {
    if (sync != Sync::kAuto) return sync == Sync::kTrue;
    return playlist_type == ORIGIN_PLAYLIST_TYPE_LIVE && !live_input;
  }
  // Whether times lie on the UTC grid: a presentation that is written faster than the clock starts at 0.
  bool wall_clock(bool live_input) const {
    if (playlist_type == ORIGIN_PLAYLIST_TYPE_VOD) return false;
    return playlist_type == ORIGIN_PLAYLIST_TYPE_LIVE || live_input || paced(live_input);
  }
};

}  // namespace gst
