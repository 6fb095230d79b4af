// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/segmenter.hpp"

#include <algorithm>
#include <utility>

namespace origin::segmenter {

namespace {

// Keyframes at so many boundaries in a row are no coincidence.
constexpr int kKept = 2;
// Ticks by which the end of a sample may be off through rounding alone.
constexpr int64_t kRounding = 2;
// Percent of the part target that parts have at the least (RFC 8216bis 4.4.3.7).
constexpr int64_t kLeastFilled = 85;

}  // namespace

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
  segment_start_ = sample.place;
  start_part(sample, sample.place);
  // A frame that begins less than half its length before a boundary belongs behind it.
  next_boundary_ =
      boundary_tick(slot(sample.due + sample.tolerance(), config_.timescale, config_.segment_duration) + 1);
}

bool Segmenter::at_boundary(const SampleTime& sample) const {
  return sample.entry && sample.due + sample.tolerance() >= next_boundary_;
}

// Where a sample would last beyond the part's target, and what is there without it fills enough of that. Else
// it stays, and the next part begins while it lasts.
bool Segmenter::overfills_part(const SampleTime& sample, int64_t end) const {
  const int64_t part = to_ticks(config_.part_duration, config_.timescale);
  const bool filled = (sample.place - part_start_) * 100 >= part * kLeastFilled;
  return part > 0 && sample.place > part_first_ && filled && end - part_start_ > part;
}

// Where a part ends that a sample follows, which lasts until `end`: there, or at its target if its last
// sample lasts beyond that, and the next part has room for the rest.
int64_t Segmenter::end_of_part(const SampleTime& sample, int64_t end) const {
  const int64_t part = to_ticks(config_.part_duration, config_.timescale);
  if (sample.place - part_start_ <= part + kRounding) return sample.place;
  const int64_t target = part_start_ + (sample.place - part_start_) / part * part;
  return end - target <= part ? target : sample.place;
}

void Segmenter::start_part(const SampleTime& sample, int64_t start) {
  part_start_ = start;
  part_first_ = sample.place;
}

// What has to end before a sample, for it would not fit in any more.
Cut Segmenter::cut_for_length(const SampleTime& sample, int64_t end) {
  if (max_segment_ > 0 && sample.place > segment_start_ && end - segment_start_ > max_segment_) {
    start_segment(sample);
    return Cut::kSegment;
  }
  // Closed before it would exceed the part target (RFC 8216bis 4.4.3.7: Part Target Duration).
  if (!overfills_part(sample, end)) return Cut::kNone;
  start_part(sample, end_of_part(sample, end));
  return Cut::kPart;
}

// A sample turned out longer than it said.
Cut Segmenter::settle(int64_t end) {
  return started_ ? cut_for_length(newest_, end - kRounding) : Cut::kNone;
}

std::optional<int64_t> Segmenter::latest_end() const {
  if (!started_ || max_segment_ == 0) return std::nullopt;
  return segment_start_ + max_segment_;
}

// Encoders make the keyframe that they are asked for at or after the time, never before it.
bool Segmenter::may_be_entry(const SampleTime& sample) const {
  return !config_.video || keeps_early_ || sample.due >= next_boundary_ - kRounding;
}

bool Segmenter::keyframe_expected(const SampleTime& sample, bool on_request) const {
  if (!config_.video) return true;
  if (!may_be_entry(sample) || boundaries_kept_ < kKept) return false;
  // A group of pictures that lasts a little longer than a segment comes later each time.
  return on_request || std::abs(sample.place - last_entry_ - last_gop_) <= sample.tolerance();
}

SampleTime Segmenter::successor() const {
  SampleTime next = newest_;
  next.duration -= std::exchange(next.early, 0);
  next.due = next.place = newest_.place + newest_.duration;
  return next;
}

bool Segmenter::is_due() const {
  SampleTime next = successor();
  next.entry = may_be_entry(next);
  return at_boundary(next);
}

Cut Segmenter::expected(bool on_request) const {
  SampleTime next = successor();
  next.entry = keyframe_expected(next, on_request);
  if (at_boundary(next)) return Cut::kSegment;
  // Whatever comes next may be a keyframe, which ends the segment: who has the part is told what follows it.
  next.entry = config_.video && !on_request;
  if (at_boundary(next)) return Cut::kNone;
  return overfills_part(next, next.place + next.duration) ? Cut::kPart : Cut::kNone;
}

void Segmenter::end_early(Cut cut) {
  ended_early_ = cut;
}

Decision Segmenter::next(const SampleTime& sample, bool force) {
  const Decision decision = decide(sample, force);
  if (decision.before == Cut::kSegment) {
    const bool kept = decision.reason == CutReason::kBoundary && decision.lateness < 2 * sample.tolerance();
    boundaries_kept_ = kept ? boundaries_kept_ + 1 : 0;
    keeps_early_ = kept && decision.lateness < -kRounding;
    start_segment(sample);
  }
  ended_early_ = Cut::kNone;
  newest_ = sample;
  return decision;
}

Decision Segmenter::decide(const SampleTime& sample, bool force) {
  if (force) seen_entry_ = false;
  if (sample.entry) {
    last_gop_ = seen_entry_ ? sample.place - last_entry_ : 0;
    longest_gop_ = std::max(longest_gop_, last_gop_);
    last_entry_ = sample.place;
    seen_entry_ = true;
  }
  if (!started_ || force) {
    return {Cut::kSegment, std::exchange(started_, true) ? CutReason::kForced : CutReason::kStart, 0};
  }
  const int64_t lateness = sample.due - next_boundary_;
  const bool as_expected = at_boundary(sample) && lateness < 2 * sample.tolerance();
  if (ended_early_ == Cut::kSegment && !as_expected) return {Cut::kSegment, CutReason::kMissed, 0};
  if (at_boundary(sample))
    return {Cut::kSegment, CutReason::kBoundary, lateness, newest_.due < next_boundary_};
  if (ended_early_ == Cut::kPart) start_part(sample, sample.place);
  return {cut_for_length(sample, sample.place + sample.duration), CutReason::kTarget, 0};
}

}  // namespace origin::segmenter
