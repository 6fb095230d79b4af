// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/timestamper.hpp"

#include <algorithm>

namespace origin::segmenter {

namespace {

// Where neither the format nor the sample nor its predecessor says how long a frame lasts.
constexpr Duration kAssumedFrame = 40ms;
// Audio that may pile up: the first frames of a transport stream are that far off.
constexpr Duration kMostOverlap = 100ms;
// Ticks that two times may differ by through rounding alone.
constexpr int64_t kRounding = 2;
// Frames of a constant rate are given times in whole milliseconds by some containers.
constexpr Duration kJitter = 2ms;
// So many frames at one distance are a constant rate.
constexpr int kSteady = 8;

}  // namespace

Timestamper::Timestamper(Config config, Anchor anchor) : config_(config), anchor_(anchor) {}

Timestamper::Timestamper(Config config, const Timestamper& before)
    : config_(config),
      anchor_(before.anchor_),
      started_(before.started_),
      in_new_format_(true),
      anchor_changed_(before.anchor_changed_),
      was_reset_(before.was_reset_),
      last_raw_dts_(before.last_raw_dts_),
      last_raw_end_(before.last_raw_end_),
      lag_(before.lag_),
      least_lag_(before.least_lag_) {
  // Of the last sample, what counts is where it ends.
  const auto rescaled = [&](int64_t ticks) {
    return to_ticks(from_ticks(ticks, before.config_.timescale), config_.timescale);
  };
  last_.duration = rescaled(before.last_.duration);
  last_.place = rescaled(before.last_.end()) - last_.duration;
  last_.dts = rescaled(before.last_.dts + before.last_.duration) - last_.duration;
  last_.pts = last_.place;
}

int64_t Timestamper::ticks(Duration running_time) const {
  // The offset is rounded to whole ticks on its own, so that a track's frames keep their exact distances.
  return to_ticks(running_time, config_.timescale) + to_ticks(anchor_.offset, config_.timescale);
}

Timed Timestamper::next(const RawTimes& raw, UtcTime now, const Anchor& behind_jump) {
  const Resolved times = resolve(raw, decode_times_);
  const Break before = classify(times, now);
  if (before == Break::kDiscontinuity) anchor_ = behind_jump;
  const int64_t duration = duration_of(raw);
  // A source whose clock is fast makes more audio than time goes by.
  if (before == Break::kNone && started_ && config_.audio &&
      last_.end() - ticks(times.pts) > to_ticks(kMostOverlap, config_.timescale)) {
    last_raw_dts_ = times.dts;
    last_raw_end_ = times.dts + from_ticks(duration, config_.timescale);
    return {.before = Break::kOverlap};
  }
  const bool is_first = !started_ || in_new_format_ || before == Break::kDiscontinuity;
  Timed timed = is_first ? first(times, duration) : follow(times, duration);
  timed.before = before;

  started_ = true;
  if (raw.closed_group) group_ = times;
  in_new_format_ = anchor_changed_ = was_reset_ = end_is_held_ = false;
  last_ = timed;
  last_raw_dts_ = times.dts;
  last_raw_end_ = times.dts + from_ticks(duration, config_.timescale);
  lag_ = lag_of(times, now, anchor_.offset);
  least_lag_ = before == Break::kDiscontinuity ? lag_ : std::min(least_lag_, lag_);
  return timed;
}

// Where the time line stands: the end of the last sample.
Duration Timestamper::end() const {
  return from_ticks(last_.end(), config_.timescale);
}

Timestamper::Resolved Timestamper::resolve(const RawTimes& raw, DecodeTimes& decode_times) const {
  if (config_.audio && raw.pts) return {*raw.pts, *raw.pts};
  if (raw.pts && raw.dts) return behind_pause({*raw.pts, *raw.dts}, raw.closed_group);
  if (raw.dts) return {*raw.dts, *raw.dts};
  if (!raw.pts) return {last_raw_end_, last_raw_end_};
  return {*raw.pts, decode_times.next(*raw.pts, from_ticks(duration_of(raw), config_.timescale))};
}

// Encoders that reorder give decode times that they have taken from frames before: behind a pause, the first
// one would be decoded before it and shown after it. What is decoded behind a closed group's first picture is
// so for the time line, too.
Timestamper::Resolved Timestamper::behind_pause(Resolved times, bool closed_group) const {
  if (!started_ || reorder_delay_ == 0 || config_.audio) return times;
  const Duration regular = times.pts - from_ticks(reorder_delay_, config_.timescale);
  if (closed_group && regular - times.dts > 2 * kJitter) times.dts = regular;
  if (!closed_group && group_ && times.pts > group_->pts) times.dts = std::max(times.dts, group_->dts);
  return times;
}

Break Timestamper::before(const RawTimes& raw, UtcTime now) const {
  DecodeTimes decode_times = decode_times_;
  return classify(resolve(raw, decode_times), now);
}

Break Timestamper::classify(const Resolved& times, UtcTime now) const {
  if (!started_) return Break::kNone;
  if (anchor_changed_) return Break::kDiscontinuity;
  // Audio frames that overlap are laid end to end; their time line may not run ahead of their clock for long.
  const Duration overlap = config_.audio ? end() - (times.dts + anchor_.offset) : Duration::zero();
  const bool backward =
      times.dts < last_raw_dts_ - config_.reach.backward || overlap > config_.reach.backward;
  const bool hole = too_far_apart(times.dts);
  const bool leaps = config_.reach.wall_clock && times.dts - last_raw_end_ > config_.forward_tolerance;
  const bool fits_in = config_.reach.holds(times.pts + anchor_.offset, end(), now) &&
                       !(leaps && is_early(times, now, anchor_.offset));
  const bool forward = hole || (leaps && !fits_in);
  if (!backward && !forward && !was_reset_) return Break::kNone;
  return hole && fits_in && !was_reset_ ? Break::kHole : Break::kDiscontinuity;
}

Duration Timestamper::lag_of(const Resolved& times, UtcTime now, Duration offset) const {
  return now.time_since_epoch() - (times.pts + offset);
}

// From the future, and earlier than a source that sends in bursts has sent any.
bool Timestamper::is_early(const Resolved& times, UtcTime now, Duration offset) const {
  const Duration least = std::min(least_lag_ - config_.forward_tolerance, Duration::zero());
  return config_.reach.wall_clock && lag_of(times, now, offset) < least;
}

bool Timestamper::too_far_apart(Duration dts) const {
  // Frames that are longer than that by nature may come half a frame late.
  const Duration frame = from_ticks(config_.nominal_duration, config_.timescale);
  return dts - last_raw_dts_ > std::max(config_.hole_threshold, frame * 3 / 2);
}

bool Timestamper::fits(const Resolved& times, Duration offset, UtcTime now) const {
  return config_.reach.holds(times.dts + offset, end(), now) && !is_early(times, now, offset);
}

Anchor Timestamper::anchor_for(const RawTimes& raw, UtcTime now, const Anchor& newest) const {
  DecodeTimes decode_times = decode_times_;
  const Resolved times = resolve(raw, decode_times);
  const Duration dts = times.dts;
  if (anchor_changed_ && fits(times, anchor_.offset, now)) return anchor_;
  // Others have another one without a jump, for a new format.
  const bool is_of_a_jump = newest.epoch >= anchor_.epoch && newest.offset != anchor_.offset;
  if (is_of_a_jump && fits(times, newest.offset, now)) return newest;
  Duration start = end();
  if (config_.reach.wall_clock)
    start = std::max(start, now.time_since_epoch() - std::max(lag_, Duration::zero()));
  return {std::max(anchor_.epoch, newest.epoch) + 1, start - dts};
}

int64_t Timestamper::duration_of(const RawTimes& raw) const {
  if (config_.nominal_duration > 0) return config_.nominal_duration;
  if (raw.duration && *raw.duration > Duration::zero()) {
    return std::max<int64_t>(1, to_ticks(std::min(*raw.duration, config_.hole_threshold), config_.timescale));
  }
  if (started_ && last_.duration > 0) return last_.duration - last_.early;
  return to_ticks(kAssumedFrame, config_.timescale);
}

Timed Timestamper::first(const Resolved& times, int64_t duration) {
  // tfdt cannot be negative: what lies before the start of a time line that begins at 0 is moved there.
  const int64_t pts = std::max<int64_t>(0, ticks(times.pts));
  int64_t place = pts;
  int64_t decode_from = 0;
  if (started_) {
    decode_from = last_.dts + last_.duration;
    // The offset of a new anchor is rounded on its own: that must not open a seam. Nor do samples overlap.
    const int64_t expected = last_.end();
    if (place <= expected + kRounding) place = expected;
  }
  steady_samples_ = 0;
  if (config_.audio) return {place, place, place, duration, Break::kNone, true};
  reorder_delay_ = std::max<int64_t>(0, pts - ticks(times.dts));
  return {std::max(pts, place), decode_time(place, decode_from), place, duration};
}

Timed Timestamper::follow_audio(const Resolved& times, int64_t duration) const {
  // Jitter below one frame is not audible as such, but a hole or overlap would be: frames stay contiguous.
  const int64_t expected = last_.end();
  int64_t place = ticks(times.pts);
  if (place < expected + last_.duration) place = expected;
  Timed timed{place, place, place, duration, Break::kNone, true};
  if (end_is_held_ && place - expected <= to_ticks(kMostEarly, config_.timescale))
    timed.begin_earlier(place - expected);
  return timed;
}

Timed Timestamper::follow(const Resolved& times, int64_t duration) {
  if (config_.audio) return follow_audio(times, duration);
  const int64_t jitter = to_ticks(kJitter, config_.timescale);
  const int64_t expected = last_.end();
  int64_t place = std::max(ticks(times.dts) + reorder_delay_, last_.place + 1);
  steady_samples_ = std::abs(place - expected) <= jitter ? steady_samples_ + 1 : 0;
  const bool steady = config_.nominal_duration > 0 && steady_samples_ >= kSteady;
  const int64_t pts = std::max<int64_t>(0, ticks(times.pts));
  // What was taken for the end is out already: a frame that comes later than that begins there, rather than
  // after a hole, unless others are to be shown before it.
  const bool in_turn =
      std::abs(pts - place) <= jitter && place - expected <= to_ticks(kMostEarly, config_.timescale);
  Timed timed{pts, decode_time(place, last_.dts + 1), place, duration, Break::kNone, steady};
  if (end_is_held_ && (place <= expected + jitter || in_turn)) {
    if (in_turn) timed.begin_earlier(std::max<int64_t>(0, place - expected));
    timed.place = expected;
    timed.dts = decode_time(expected, last_.dts + 1);
    timed.pts = std::max(in_turn ? std::min(timed.pts, expected) : pts, timed.dts);
  }
  return timed;
}

// What a decoder would get before the time line begins at 0, or while it is still at what came before a
// discontinuity, is given the first ticks that are free: composition offsets stay positive, since FFmpeg
// shows video late by the lowest offset if that is negative, and decode times increase.
int64_t Timestamper::decode_time(int64_t place, int64_t earliest) const {
  return std::max(place - reorder_delay_, earliest);
}

void Timestamper::shift_anchor(uint64_t epoch, Duration by) {
  anchor_ = {epoch, anchor_.offset + by};
  anchor_changed_ = started_;
}

void Timestamper::reset() {
  was_reset_ = started_;
}

}  // namespace origin::segmenter
