// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/grid.hpp"

#include <algorithm>
#include <utility>

namespace origin::segmenter {

namespace {

// Segments of two tracks that begin this close to each other begin at the same time: frames are that long.
constexpr Duration kAlike = 50ms;
// So many ends are planned at a time; what is still ahead then is planned when it comes to that.
constexpr size_t kPlanned = 1000;

}  // namespace

Duration stretched_end(Duration start, int64_t number, Duration segment_duration, Duration longest) {
  return std::min(start + longest, segment_duration * (number + 1));
}

bool Grid::is_planned(Duration time) const {
  return !ends_.empty() && time >= start_ - kAlike && time < ends_.back();
}

int64_t Grid::number_at(Duration time) const {
  if (!is_planned(time)) return slot(time);
  return number_ + (std::upper_bound(ends_.begin(), ends_.end(), time) - ends_.begin());
}

Duration Grid::next(Duration time) const {
  return is_planned(time) ? *std::upper_bound(ends_.begin(), ends_.end(), time) : slot_end(time);
}

void Grid::settle(Duration time) {
  settled_ = std::max(settled_, time);
}

void Grid::begin(Duration start, int64_t number, Duration longest) {
  if (longest <= segment_duration_ || number <= std::max(slot(start), number_at(start))) return;
  std::vector<Duration> ends;
  Duration at = start;
  int64_t next_number = number;
  const auto end_at = [&](Duration end) {
    ends.push_back(end);
    at = end;
    ++next_number;
  };
  while (next_number > slot(at) && ends.size() < kPlanned) {
    const Duration planned = next(at);
    end_at(planned <= settled_ ? planned : stretched_end(at, next_number, segment_duration_, longest));
  }
  start_ = start;
  number_ = number;
  ends_ = std::move(ends);
}

}  // namespace origin::segmenter
