// SPDX-License-Identifier: LGPL-2.1-or-later
// Coded frames of one track in, CMAF chunks of a presentation out: segmenter -> packager -> timeline ->
// store. One streaming thread pushes; the timekeeper takes a turn when the source has stopped.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "origin/channel/presentation.hpp"
#include "origin/channel/track_warnings.hpp"
#include "origin/media/format.hpp"
#include "origin/media/sample.hpp"
#include "origin/segmenter/frame_lengths.hpp"
#include "origin/segmenter/segmenter.hpp"
#include "origin/segmenter/timestamper.hpp"

namespace origin::channel {

class TrackWriter {
 public:
  // The presentation gets to know it as the writer of that track.
  static std::shared_ptr<TrackWriter> start(std::shared_ptr<Presentation> presentation,
                                            Presentation::TrackId id, const Clock& clock);

  // What the next samples carry. `out_of_band` is the codec's configuration as far as the caller has one.
  // Takes effect at the next access point. format.timescale and format.config are ours to fill in.
  void set_format(media::Format format, Bytes out_of_band);
  // Likewise, of a format that lacks nothing but a timescale of ours.
  void set_complete_format(media::Format format);
  // Whether the source makes keyframes where it is asked to.
  void set_keyframes_on_request(bool on_request) { keyframes_on_request_ = on_request; }

  // The next frame, times in running time. Memory of `data` is held until its chunk is written.
  // Errors: kInvalid (no format so far, and this is none that the codec allows; the stream may go on after
  // it. Later ones that cannot be are left out with a warning), kEnded, kLimit (memory; only where nothing
  // may be lost).
  Status push(const Bytes& data, const segmenter::RawTimes& times);
  // Whether a sync sample should come as soon as it can: others are left out until then, or another track has
  // begun anew and this one is to join it. On the pushing thread.
  bool needs_sync() const { return waits_for_sync_ || is_to_join_; }
  // What follows does not continue what came before.
  void discontinuity();
  // The source is late: its segment ends with what has come, and the next one begins with what follows, be it
  // no access point. Any thread; no effect while it is being written to.
  void end_overdue_segment();
  // Writes what is pending and ends the track. Idempotent.
  void end();

 private:
  TrackWriter(std::shared_ptr<Presentation> presentation, Presentation::TrackId id, const Clock& clock);
  struct PendingFormat {
    media::Format format;
    Bytes out_of_band;
    bool is_complete = false;
  };

  struct Frame {
    Bytes data;
    segmenter::RawTimes times;
    UtcTime arrived{};
    media::Access access = media::Access::kNone;
  };

  segmenter::RawTimes with_length(segmenter::RawTimes raw, const Bytes& data) const;
  Result<bool> take_format(const Bytes& data);
  Status refuse_format(const Error& error);
  Status apply_format(media::Format format, const Bytes& first_frame);
  bool leads_to_entry(const Frame& frame) const;
  bool is_interrupted_before(const Frame& frame) const;
  void take_epoch(segmenter::Break before);
  bool is_behind_discontinuity(const segmenter::Timed& timed, const Presentation::Terms& terms) const;
  Status leave_out();
  bool begin_in_time(segmenter::Timed& timed) const;
  void note_captions(const Frame& frame);
  Status release_entry();
  bool keyframe_is_late_for(const Frame& frame) const;
  Status settle_late(const Frame& follower);
  Status release_late();
  Status write(const Frame& frame);
  segmenter::Anchor agree_on_anchor(const Frame& frame, segmenter::Anchor newest);
  Status cut(const segmenter::Timed& timed, media::Access access, bool force);
  void note_start(const segmenter::Timed& timed, media::Access access);
  Status open_segment(const segmenter::Timed& timed);
  Status settle_held(int64_t end);
  void release_held(int64_t end);
  Status end_early();
  void note_early_end(segmenter::Cut cut);
  Status close_segment();
  // Writes what is pending. `last`: of its segment, as far as can be told.
  Status flush_chunk(bool last);
  Status finish_segment();
  void note_frame_rate();
  void learn_cadence(const segmenter::Decision& decision);
  Duration time_of(int64_t ticks) const { return from_ticks(ticks, format_.timescale); }

  const std::shared_ptr<Presentation> presentation_;
  const Presentation::TrackId id_;
  const Clock& clock_;
  TrackWarnings warnings_;
  // Who writes: the streaming thread, or the timekeeper if nobody does. Recursive, since those who listen to
  // the presentation are called meanwhile.
  std::recursive_mutex turn_;
  std::optional<PendingFormat> next_format_;
  media::Format format_;
  bool has_format_ = false;
  bool has_captions_ = false;
  bool keyframes_on_request_ = true;
  bool cadence_noted_ = false;
  bool frame_rate_noted_ = false;
  bool waits_for_sync_ = false;
  bool is_to_join_ = false;
  bool ended_ = false;
  std::optional<segmenter::Timestamper> timestamper_;
  std::optional<segmenter::Segmenter> segmenter_;
  Duration publisher_offset_{};  // that the time line goes by
  Duration max_segment_{};       // that the target duration allows, as of the newest sample
  uint64_t epoch_ = 0;
  std::optional<uint64_t> segment_;  // number of the open segment
  bool segment_has_chunk_ = false;
  bool ended_early_ = false;      // the last segment ended before its successor began
  bool awaits_keyframe_ = false;  // since it was overdue: its encoder makes one when asked
  int64_t resume_at_ = 0;         // ticks: what comes before it is dropped, for want of memory
  uint32_t chunk_number_ = 0;
  // An access point that something new begins with, until what it leads to turns out to follow.
  std::optional<Frame> entry_;
  // Frames behind the end of a segment, until it is known whether a keyframe follows that makes them
  // needless.
  std::vector<Frame> late_;
  std::vector<media::Sample> pending_;
  int64_t pending_start_ = 0;  // places on the time line, ticks
  int64_t pending_end_ = 0;
  segmenter::FrameLengths frame_lengths_;  // of this format
  std::optional<media::Sample> held_;      // the newest sample: its successor says how long it lasts
  segmenter::Timed held_time_;
};

}  // namespace origin::channel
