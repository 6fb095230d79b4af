// SPDX-License-Identifier: LGPL-2.1-or-later
// HLS media playlists (RFC 8216bis) from snapshots. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>

#include "origin/timeline/model.hpp"

namespace origin::timeline {

// The playlist as a list of slices: the text of old segments is shared with every other version.
Body render_media_playlist(const MediaSnapshot& snapshot);

enum class Skip : uint8_t { kSegments, kSegmentsAndDateRanges };  // _HLS_skip=YES, v2
// The playlist without the segments that a client has seen long ago (RFC 8216bis 6.2.5.1). Nothing if there
// are none. Shares the text of old segments as well.
std::optional<Body> render_delta(const MediaSnapshot& snapshot, Skip skip);

// Appends a segment's tags and URI. `previous` is the segment listed before it, null if it is the first there
// ever was.
void append_segment_text(std::string& text, const Segment& segment, const Segment* previous, bool has_dates);

}  // namespace origin::timeline
