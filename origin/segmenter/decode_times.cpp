// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/decode_times.hpp"

#include <algorithm>

namespace origin::segmenter {

namespace {

// A frame that leads by more, or is later by more, does not belong to the frames before it.
constexpr int kMostAhead = 20;
constexpr int kMostBehind = 20;
constexpr Duration kLeast = 1us;

}  // namespace

bool DecodeTimes::continues(Duration pts, Duration frame) const {
  return !shown_.empty() && pts <= shown_.back() + kMostAhead * frame &&
         pts >= shown_.front() - kMostBehind * frame;
}

Duration DecodeTimes::next(Duration pts, Duration frame) {
  if (depth_ == 0) return pts;
  if (!continues(pts, frame)) {
    shown_.clear();
    last_ = Duration::min() / 2;
    for (auto before = static_cast<int64_t>(depth_); before > 0; --before)
      shown_.push_back(pts - before * frame);
  }
  const bool comes_late = pts <= last_;
  shown_.insert(std::upper_bound(shown_.begin(), shown_.end(), pts), pts);
  // More are reordered than was known: from here on, decode times are those of one more frame before.
  if (comes_late) return last_ += kLeast;
  last_ = std::max(shown_.front(), last_ + kLeast);
  shown_.erase(shown_.begin());
  return last_;
}

}  // namespace origin::segmenter
