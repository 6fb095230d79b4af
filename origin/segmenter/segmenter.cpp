// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/segmenter.hpp"

#include <algorithm>

namespace origin::segmenter {

int64_t Segmenter::slot(int64_t ticks, uint32_t timescale, Duration segment_duration) {
  const __int128 scaled = static_cast<__int128>(ticks) * kNanosecondsPerSecond;
  const __int128 divisor = static_cast<__int128>(segment_duration.count()) * timescale;
  const __int128 quotient = scaled / divisor;
  return static_cast<int64_t>(scaled % divisor < 0 ? quotient - 1 : quotient);
}

int64_t Segmenter::boundary_tick(int64_t slot) const {
  return to_ticks(config_.segment_duration * slot, config_.timescale);
}

void Segmenter::start_segment(const SampleTime& sample) {
  segment_start_ = part_start_ = sample.place;
  // A frame that begins less than half its length before a boundary belongs behind it.
  const int64_t tolerance = sample.duration / 2;
  next_boundary_ =
      boundary_tick(slot(sample.pts + tolerance, config_.timescale, config_.segment_duration) + 1);
}

bool Segmenter::at_boundary(const SampleTime& sample) const {
  return sample.sync && sample.pts + sample.duration / 2 >= next_boundary_;
}

// What has to end before a sample, for it would not fit in any more.
Cut Segmenter::cut_for_length(const SampleTime& sample, int64_t end) {
  if (max_segment_ > 0 && sample.place > segment_start_ && end - segment_start_ > max_segment_) {
    start_segment(sample);
    return Cut::kSegment;
  }
  // Closed before it would exceed the part target (RFC 8216bis 4.4.3.7: Part Target Duration).
  const int64_t part = to_ticks(config_.part_duration, config_.timescale);
  if (part > 0 && sample.place > part_start_ && end - part_start_ > part) {
    part_start_ = sample.place;
    return Cut::kPart;
  }
  return Cut::kNone;
}

Cut Segmenter::settle(int64_t end) {
  return started_ ? cut_for_length(newest_, end) : Cut::kNone;
}

Decision Segmenter::next(const SampleTime& sample, bool force) {
  newest_ = sample;
  if (force) seen_sync_ = false;
  if (sample.sync) {
    if (seen_sync_) longest_gop_ = std::max(longest_gop_, sample.place - last_sync_);
    last_sync_ = sample.place;
    seen_sync_ = true;
  }

  Decision decision;
  if (!started_ || force) {
    decision = {Cut::kSegment, started_ ? CutReason::kForced : CutReason::kStart, 0};
    started_ = true;
  } else if (at_boundary(sample)) {
    decision = {Cut::kSegment, CutReason::kBoundary, sample.pts - next_boundary_};
  } else {
    return {cut_for_length(sample, sample.place + sample.duration), CutReason::kTarget, 0};
  }
  start_segment(sample);
  return decision;
}

}  // namespace origin::segmenter
