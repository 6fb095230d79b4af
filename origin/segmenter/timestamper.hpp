// SPDX-License-Identifier: LGPL-2.1-or-later
// Running times of one track in, contiguous absolute ticks out (design: timing rules). Pure: no clock of its
// own, no I/O. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "origin/base/time.hpp"
#include "origin/segmenter/decode_times.hpp"

namespace origin::segmenter {

// Maps running time to the presentation's time line. `epoch` counts discontinuities of the presentation.
struct Anchor {
  uint64_t epoch = 0;
  Duration offset{};  // presentation time = running time + offset (UTC since 1970 on the grid)

  bool operator==(const Anchor&) const = default;
};

// Where on the time line a track's next frame may lie.
struct Reach {
  // On the UTC grid: times are compared with the wall clock, which tells a hole from a jump.
  bool wall_clock = true;
  Duration backward = 500ms;  // a sample this much before the end of the last one is behind a jump
  Duration future = 2s;       // wall_clock: so is one that is later than now by more than this
  Duration still = 10s;       // without a clock: or one later than the end of the last one by that much

  bool holds(Duration time, Duration end, UtcTime now) const {
    if (time < end - backward) return false;
    return time <= (wall_clock ? now.time_since_epoch() + future : end + still);
  }
};

// By so much a frame may be shown too early rather than leave a hole.
inline constexpr Duration kMostEarly = 1s;

struct RawTimes {
  std::optional<Duration> pts;  // running time
  std::optional<Duration> dts;
  std::optional<Duration> duration;
  // It begins a closed group of pictures: nothing that comes later is shown before it.
  bool closed_group = false;
};

enum class Break : uint8_t {
  kNone,           // follows the previous sample
  kHole,           // time passed without data: same time line, the previous sample ends with its own duration
  kDiscontinuity,  // the time line was re-anchored
  kOverlap,        // too much audio has piled up: this one is to be left out
};

struct Timed {
  int64_t pts = 0;  // ticks
  int64_t dts = 0;  // ticks, not negative; greater than the previous sample's
  // Ticks; the decode time, moved so that a run's first sample stands at its presentation time: where a
  // closed group of pictures begins, it is the presentation time. What segments and parts are measured in.
  int64_t place = 0;
  int64_t duration = 0;  // ticks; what this sample lasts as far as is known before its successor
  Break before = Break::kNone;
  bool steady = false;  // samples have come at the distance of `duration` for a while
  // Ticks by which it begins before the time that its source gave it: at an end that was foretold. Part of
  // its duration.
  int64_t early = 0;

  // Presentation time that its source gave it, which boundaries are compared with.
  int64_t due() const { return pts + early; }
  // This much before a boundary counts as at it: half a frame.
  int64_t tolerance() const { return (duration - early) / 2; }
  int64_t end() const { return place + duration; }
  // No picture that comes after it is shown before it.
  bool in_turn() const { return pts - place <= tolerance(); }
  void begin_earlier(int64_t by) {
    place -= by;
    pts -= by;
    dts -= by;
    duration += by;
    early += by;
  }
};

class Timestamper {
 public:
  struct Config {
    uint32_t timescale = 90'000;
    bool audio = false;
    Reach reach;
    Duration hole_threshold = 2s;  // two samples further apart are not stretched together
    Duration forward_tolerance =
        500ms;  // on the wall clock: this much later is a jump if it leads beyond reach, or to the future
    int64_t nominal_duration = 0;  // ticks of one frame if the format says so, else 0
    size_t reorder_depth = 0;      // see DecodeTimes; 0: frames are shown in the order of decoding
  };
  Timestamper(Config config, Anchor anchor);
  // The track goes on in another format.
  Timestamper(Config config, const Timestamper& before);

  // The next sample's times. `now` is UTC, only looked at with wall_clock. `behind_jump` is what the sample
  // is mapped with if it begins a new time line: anchor_for(), as agreed on with the presentation's other
  // tracks.
  Timed next(const RawTimes& raw, UtcTime now, const Anchor& behind_jump);
  // What next() would find before that sample; kNone where it depends on the sample itself (kOverlap).
  Break before(const RawTimes& raw, UtcTime now) const;
  // What that sample is best mapped with if it begins a new time line: what the publisher's clock says, or
  // `newest`, the presentation's newest anchor, where the sample fits in with it, since another track may
  // have come to the same jump; else a new one.
  Anchor anchor_for(const RawTimes& raw, UtcTime now, const Anchor& newest) const;

  // The publisher's clock is anchored anew, and what this track's source has jumped by stays: from the next
  // sample on, times are later by that much, unless the sample does not fit in with it.
  void shift_anchor(uint64_t epoch, Duration by);
  // The last sample has been published with its duration: what follows at about its end begins there.
  void hold_end() { end_is_held_ = true; }
  // The next sample does not continue what came before (a flush or seek): it starts a new epoch.
  void reset();
  // The anchor in use; after a jump it is the newest one or a new one with the epoch counted up.
  const Anchor& anchor() const { return anchor_; }

 private:
  struct Resolved {
    Duration pts;
    Duration dts;
  };
  Resolved resolve(const RawTimes& raw, DecodeTimes& decode_times) const;
  Resolved behind_pause(Resolved times, bool closed_group) const;
  Break classify(const Resolved& times, UtcTime now) const;
  int64_t duration_of(const RawTimes& raw) const;
  bool too_far_apart(Duration dts) const;
  bool fits(const Resolved& times, Duration offset, UtcTime now) const;
  Duration lag_of(const Resolved& times, UtcTime now, Duration offset) const;
  bool is_early(const Resolved& times, UtcTime now, Duration offset) const;
  Timed first(const Resolved& times, int64_t duration);
  Timed follow(const Resolved& times, int64_t duration);
  Timed follow_audio(const Resolved& times, int64_t duration) const;
  int64_t decode_time(int64_t place, int64_t earliest) const;
  int64_t ticks(Duration running_time) const;
  Duration end() const;

  const Config config_;
  Anchor anchor_;
  bool started_ = false;
  bool in_new_format_ = false;  // no sample has come in it
  bool anchor_changed_ = false;
  bool was_reset_ = false;
  bool end_is_held_ = false;
  int steady_samples_ = 0;
  int64_t reorder_delay_ = 0;      // ticks from the first sample's decode time to its presentation time
  std::optional<Resolved> group_;  // what the last closed group of pictures began with
  DecodeTimes decode_times_{config_.reorder_depth};  // of samples that come without
  Timed last_;
  Duration last_raw_dts_{};
  Duration last_raw_end_{};
  Duration lag_{};  // how long after its presentation time the last sample came (wall_clock)
  Duration least_lag_ = Duration::max();  // of the samples since the time line was anchored
};

}  // namespace origin::segmenter
