// SPDX-License-Identifier: LGPL-2.1-or-later
// How long the frames of one format have been, in ticks. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::segmenter {

struct FrameLengths {
  int64_t count = 0;
  int64_t longest = 0;
  int64_t shortest = 0;
  int64_t sum = 0;

  void add(int64_t duration) {
    ++count;
    sum += duration;
    longest = std::max(longest, duration);
    shortest = shortest ? std::min(shortest, duration) : duration;
  }
  // Those of a variable rate may well turn out twice as long.
  int64_t to_expect() const { return longest - shortest > shortest / 2 ? 2 * longest : longest; }
  // Frames in a thousand seconds, on average. 0: not known yet.
  uint32_t millihertz(uint32_t timescale) const {
    return sum > 0 ? static_cast<uint32_t>(scale_round(count * timescale, 1000, sum)) : 0;
  }
};

}  // namespace origin::segmenter
