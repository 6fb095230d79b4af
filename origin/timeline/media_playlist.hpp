// SPDX-License-Identifier: LGPL-2.1-or-later
// HLS media playlists (RFC 8216bis) from snapshots. Pure functions, any thread.
#pragma once

#include <string>

#include "origin/timeline/model.hpp"

namespace origin::timeline {

// The playlist as a list of slices: the text of old segments is shared with every other version.
Body render_media_playlist(const MediaSnapshot& snapshot);

// Appends a segment's tags and URI. `previous` is the segment listed before it, null if it is the first there
// ever was.
void append_segment_text(std::string& text, const Segment& segment, const Segment* previous, bool has_dates);

}  // namespace origin::timeline
