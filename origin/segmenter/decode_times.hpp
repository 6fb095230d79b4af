// SPDX-License-Identifier: LGPL-2.1-or-later
// Decode times for frames that come in decoding order with presentation times alone, as out of Matroska and
// RTP. Pure; used by one thread at a time.
#pragma once

#include <cstddef>
#include <vector>

#include "origin/base/time.hpp"

namespace origin::segmenter {

class DecodeTimes {
 public:
  // `depth`: so many frames are decoded before one that is shown before them. It grows where they are more.
  explicit DecodeTimes(size_t depth) : depth_(depth) {}

  // Of the next frame: the presentation time that is `depth` places before its own in the order in which
  // frames are shown, so that decode times are as far apart as frames are, and never later than presentation
  // times. `frame`: about how long a frame lasts.
  Duration next(Duration pts, Duration frame);

 private:
  bool continues(Duration pts, Duration frame) const;

  const size_t depth_;
  Duration last_{};
  std::vector<Duration> shown_;  // presentation times that are no decode times yet, in order
};

}  // namespace origin::segmenter
