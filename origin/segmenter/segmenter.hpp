// SPDX-License-Identifier: LGPL-2.1-or-later
// Where to cut: samples of one track in, segment and part boundaries out. Pure; used by one thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "origin/base/time.hpp"

namespace origin::segmenter {

struct SampleTime {
  int64_t due = 0;       // ticks; see Timed::due()
  int64_t place = 0;     // ticks; see Timed::place
  int64_t duration = 0;  // ticks, as far as is known before the next sample
  bool entry = false;    // a segment may begin here
  int64_t early = 0;     // ticks; see Timed::early

  // This much before a boundary counts as at it: half a frame.
  int64_t tolerance() const { return (duration - early) / 2; }
};

enum class Cut : uint8_t { kNone, kPart, kSegment };

// Why a segment was cut, for warnings and for the target duration.
enum class CutReason : uint8_t {
  kStart,     // first sample of the track
  kBoundary,  // at the grid
  kForced,    // discontinuity, hole or new format
  kMissed,    // the segment before was closed early, and what came then was not what had been expected
  kTarget,    // no keyframe came before the target duration was used up: not independent
};

struct Decision {
  Cut before = Cut::kNone;  // cut in front of this sample
  CutReason reason = CutReason::kBoundary;
  // How far behind its grid boundary a kBoundary cut came, in ticks; negative within the tolerance.
  int64_t lateness = 0;
  bool first_behind = false;  // of a kBoundary cut: no sample lies between the boundary and this one
};

class Segmenter {
 public:
  struct Config {
    uint32_t timescale = 90'000;
    bool video = false;
    Duration segment_duration = 2s;
    Duration part_duration = 500ms;  // 0: a segment is one chunk
  };
  explicit Segmenter(Config config) : config_(config) {}

  // Decides what ends before `sample`. `force`: a discontinuity, hole or new format starts here.
  Decision next(const SampleTime& sample, bool force);
  // The newest sample turned out to last until `end`: decides what ends before it after all.
  Cut settle(int64_t end);
  // What will end with the newest sample, if the next one follows at its end and the source goes on as it
  // did. `on_request`: it makes keyframes where it is asked to; else they come at one distance, if at all.
  Cut expected(bool on_request) const;
  // Whether the segment ends with the newest sample if the next one follows at its end and the source makes
  // keyframes where it is asked to.
  bool is_due() const;
  // It was ended before the next sample came.
  void end_early(Cut cut);

  // The segment that has just begun ends there, in presentation time, and not at the next boundary of the
  // grid.
  void end_at(int64_t ticks) { next_boundary_ = ticks; }
  // Where the part that has just begun does so, in place.
  int64_t part_start() const { return part_start_; }
  // Longest segment that EXT-X-TARGETDURATION allows, in ticks; 0: not limited (yet).
  void set_max_segment(int64_t ticks) { max_segment_ = ticks; }
  // Where the newest sample ends at the latest if it is to stay in its segment, in place; none: anywhere.
  std::optional<int64_t> latest_end() const;
  // Longest distance between two keyframes seen so far, in ticks; 0 before the second one.
  int64_t longest_gop() const { return longest_gop_; }

  // Number of the grid slot that a time lies in: floor(time / segment-duration).
  static int64_t slot(int64_t ticks, uint32_t timescale, Duration segment_duration);

 private:
  int64_t boundary_tick(int64_t slot) const;
  void start_segment(const SampleTime& sample);
  SampleTime successor() const;
  bool at_boundary(const SampleTime& sample) const;
  bool may_be_entry(const SampleTime& sample) const;
  bool keyframe_expected(const SampleTime& sample, bool on_request) const;
  bool overfills_part(const SampleTime& sample, int64_t end) const;
  int64_t end_of_part(const SampleTime& sample, int64_t end) const;
  void start_part(const SampleTime& sample, int64_t start);
  Cut cut_for_length(const SampleTime& sample, int64_t end);
  Decision decide(const SampleTime& sample, bool force);

  const Config config_;
  bool started_ = false;
  int64_t segment_start_ = 0;  // place
  int64_t part_start_ = 0;     // place
  int64_t part_first_ = 0;     // place of its first sample, which the one before may last beyond its start
  int64_t next_boundary_ = 0;  // presentation time
  int64_t max_segment_ = 0;
  SampleTime newest_;
  Cut ended_early_ = Cut::kNone;
  int boundaries_kept_ = 0;   // the last ones, by a keyframe at just that frame
  bool keeps_early_ = false;  // by one before the boundary, within the tolerance
  int64_t last_entry_ = 0;
  int64_t last_gop_ = 0;  // distance of the last two keyframes, in ticks
  bool seen_entry_ = false;
  int64_t longest_gop_ = 0;
};

}  // namespace origin::segmenter
