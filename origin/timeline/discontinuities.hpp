// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a presentation that is written track by track, faster than it is played, is discontinuous.
#pragma once

#include <vector>

#include "origin/timeline/model.hpp"

namespace origin::timeline {

// Gives the segments of all tracks, each in order of time, the discontinuities of all: at the first segment
// that begins at that time or behind it (RFC 8216bis 6.2.4). Which track was written first makes no
// difference.
void align_discontinuities(std::vector<std::vector<SegmentRef>>& tracks);

}  // namespace origin::timeline
