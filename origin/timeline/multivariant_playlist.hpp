// SPDX-License-Identifier: LGPL-2.1-or-later
// HLS multivariant playlist (RFC 8216bis 4.4.6). Pure, any thread.
#pragma once

#include <span>
#include <string>

#include "origin/timeline/model.hpp"

namespace origin::timeline {

// Every video track is a variant, once for each group of audio tracks of one codec; without video, each
// codec's audio tracks are variants of their own. Each variant's attributes are of that variant alone.
std::string render_multivariant_playlist(std::span<const TrackInfo> tracks);

}  // namespace origin::timeline
