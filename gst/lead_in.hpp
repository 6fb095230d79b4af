// SPDX-License-Identifier: LGPL-2.1-or-later
// Pictures before the start of a segment, which are there to decode what follows: an edit list or an accurate
// seek begins between two keyframes. They cannot be hidden, but they can go by in no time: they share the
// time of the first picture that is to be seen, and everything after it is on time. A value; streaming thread
// only.
#pragma once

#include <cstdint>

namespace gst {

class LeadIn {
 public:
  // Running times in nanoseconds: where the segment starts, the first picture, which lies before that, and
  // how long a picture lasts.
  LeadIn(int64_t start, int64_t first, int64_t frame)
      : start_(start), length_(start - first), frame_(frame) {}

  // Where a time goes; times keep their order.
  int64_t moved(int64_t time) const {
    const int64_t from_start = time - start_;
    if (from_start >= frame_) return time;
    const int64_t half = frame_ / 2;
    if (from_start >= 0) return start_ + half + from_start / 2;
    return start_ + half + from_start * half / length_;
  }

 private:
  int64_t start_;
  int64_t length_;
  int64_t frame_;
};

}  // namespace gst
