// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the segments of a presentation end, and how their numbers go with it. Slot n of the grid lasts from n
// to n + 1 segment durations; segment n belongs there. Pure: times and numbers in, boundaries out. Not thread
// safe.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "origin/base/time.hpp"

namespace origin::segmenter {

// Where a segment ends whose number is greater than the slot that it begins in: as late as `longest` allows,
// so that numbers and slots come together again, but not later than where they do.
Duration stretched_end(Duration start, int64_t number, Duration segment_duration, Duration longest);

class Grid {
 public:
  explicit Grid(Duration segment_duration) : segment_duration_(segment_duration) {}

  int64_t slot(Duration time) const { return floor_div(time.count(), segment_duration_.count()); }
  // Number of the segment that holds that time, as far as begin() has said.
  int64_t number_at(Duration time) const;
  // The first boundary strictly after a time.
  Duration next(Duration time) const;
  // Where the slot ends that a time lies in, whatever is planned.
  Duration slot_end(Duration time) const { return segment_duration_ * (slot(time) + 1); }

  // An encoder's input has come to `time`: keyframes were asked for at the boundaries up to there, which stay
  // where they are.
  void settle(Duration time);
  // What was settled later than `now` was on another time line: a clock has jumped.
  void settle_only(Duration now) { settled_ = std::min(settled_, now); }
  // A segment of that number begins. If the number is ahead of its slot (a cut between boundaries counts one
  // more), this and those that follow are stretched up to `longest` until the two agree. All tracks that are
  // ahead follow, at the same times; who says the same again changes nothing. No effect if `longest` is no
  // longer than a segment.
  void begin(Duration start, int64_t number, Duration longest);

 private:
  bool is_planned(Duration time) const;

  const Duration segment_duration_;
  Duration settled_ = Duration::min();
  // The segments from `start_` on, the first of which has `number_`, end there; then the plain grid goes on.
  Duration start_{};
  int64_t number_ = 0;
  std::vector<Duration> ends_;
};

}  // namespace origin::segmenter
