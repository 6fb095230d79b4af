// SPDX-License-Identifier: LGPL-2.1-or-later
// Every limit of pushed media, with its default. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::channel {

struct IngestLimits {
  // A publisher of whom nothing comes for so long has gone; longer than segments that are pushed one by one.
  Duration publisher_timeout = 30s;
  // A header that is not needed for so long is to be pushed again.
  Duration header_timeout = 600s;
  uint32_t max_publishing_points = 1'000;
  uint32_t max_pushed_tracks = 64;   // of one publishing point
  size_t max_cmaf_header = 1 << 20;  // bytes of a CMAF header, or of what stands before a chunk's payload
  size_t max_cmaf_chunk = 64 << 20;  // bytes of a CMAF chunk
};

}  // namespace origin::channel
