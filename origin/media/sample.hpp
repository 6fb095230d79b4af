// SPDX-License-Identifier: LGPL-2.1-or-later
// One coded frame, as CMAF stores it.
#pragma once

#include <cstdint>

#include "origin/base/bytes.hpp"
#include "origin/media/access.hpp"

namespace origin::media {

struct Sample {
  Bytes data;       // length-prefixed NAL units, a temporal unit without delimiter, a raw audio frame, …
  int64_t pts = 0;  // ticks of the track's timescale, absolute (since 1970 on the UTC grid, since 0 for VOD)
  int64_t dts = 0;  // ditto; may lie after pts (ISO/IEC 14496-12 8.6.1.3, version 1 offsets are signed)
  uint32_t duration = 0;  // ticks, in decode time: the next sample's dts is dts + duration
  Access access = Access::kNone;
};

}  // namespace origin::media
