// SPDX-License-Identifier: LGPL-2.1-or-later
// A presentation: tracks on one time line, published under one name. Any thread. One lock; what a change
// means for the store and the observer is carried out after it is released.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/clock.hpp"
#include "origin/base/mutex.hpp"
#include "origin/channel/options.hpp"
#include "origin/channel/relay.hpp"
#include "origin/channel/spent_numbers.hpp"
#include "origin/channel/track.hpp"
#include "origin/segmenter/grid.hpp"
#include "origin/segmenter/timestamper.hpp"

namespace origin::channel {

enum class State : uint8_t {
  kStarting,  // a publisher is there, nothing is listed yet
  kLive,
  kEnded,    // ENDLIST; kept for the retention time
  kStopped,  // the publisher left without ending it, and may come back
  kRemoved,  // taken out of the origin
};

// For status documents.
struct TrackStatus {
  timeline::TrackInfo info;
  std::string codec;
  bool active = true;  // has a publisher
  bool has_data = false;
  bool ended = false;
  size_t segments = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  uint64_t discontinuities = 0;
  uint64_t gaps = 0;
  uint64_t dropped = 0;
  uint64_t parts = 0;  // of this run; chunks, if there are no parts
  uint64_t bytes = 0;
  Duration live_edge{};
  bool late = false;  // its source has sent nothing for one and a half target durations
};
struct PresentationStatus {
  State state = State::kStarting;
  UtcTime started{};
  uint32_t target_duration = 0;
  std::vector<TrackStatus> tracks;
  std::vector<std::string> warnings;
};

class TrackWriter;

class Presentation {
 public:
  using TrackId = size_t;

  // The store and the clock outlive it.
  Presentation(Options options, store::Store& store, const Clock& clock,
               std::shared_ptr<const SpentNumbers> spent_numbers);
  ~Presentation();

  const Options& options() const { return options_; }
  State state() const;
  bool has_publisher() const;

  // A publisher takes over: a new run. Errors: kExists if one is at it already.
  Status start_run(std::shared_ptr<Observer> observer);
  // Before the first run: takes the place of a presentation that cannot be resumed with these options.
  // Numbers go on, so that players that know it find no number twice.
  void succeed(const Presentation& predecessor);
  // The publisher leaves. What is not ended stays as it is and may be taken over again; a VOD presentation
  // that has not ended vanishes.
  void leave();

  // All that is written from now on goes there as well; before the first track.
  void set_relay(std::shared_ptr<Relay> relay);
  // Says otherwise what Options::wall_clock said. False: too late, a track has its format.
  bool set_wall_clock(bool wall_clock);
  // From now on it stays.
  void fix_wall_clock();
  // Says otherwise what Options::live_source said, for the segments that begin from now on.
  void set_live_source(bool live_source);
  // Maps running time 0 to UTC. A value that differs by more than half a part from the one in force is a new
  // anchor with a discontinuity; a smaller difference is ignored once media has been written.
  void set_anchor(Duration utc_at_zero);

  // Its playlist can be asked for from now on. kExists if this run has a track of that name, unless that
  // ended without data; kInvalid for a name that cannot be in a URL.
  Result<TrackId> add_track(const std::string& name);
  // Who is told when the track's segment has to end.
  void attach_writer(TrackId id, std::weak_ptr<TrackWriter> writer);

  // ---- For who asks encoders for keyframes. `track`: none if it is not known yet ----
  // What presentation time is more than running time, for a frame that comes at `running_time`: another track
  // may have jumped, or this one is about to.
  Duration offset_at(std::optional<TrackId> track, Duration running_time) const;
  // The first boundary strictly after a presentation time. Boundaries up to there do not change any more.
  Duration next_boundary(std::optional<TrackId> track, Duration time);
  // ----

  // ---- For the track's writer, on its streaming thread ----
  // What it goes by from sample to sample.
  struct Terms {
    segmenter::Anchor anchor;
    segmenter::Anchor
        begin;  // what a track begins with: without a clock, it may come to the others' jumps later
    Duration publisher_offset{};  // the last set_anchor() that took effect
    Duration max_segment{};       // longest that the target duration allows; 0: not limited
    // The last discontinuity that a track came to, and when.
    uint64_t newest_epoch = 0;
    Duration newest_epoch_start{};
  };
  Terms terms() const;
  // A writer found a jump, and would anchor anew. Returns the newest anchor: that one, or what another writer
  // was faster with.
  segmenter::Anchor propose_anchor(const segmenter::Anchor& anchor);
  // A discontinuity of `epoch`'s track on an unchanged time line; returns the epoch of what follows.
  uint64_t next_epoch(uint64_t epoch);

  void update_track(TrackId id, const std::function<void(timeline::TrackInfo&)>& change);
  void set_init(TrackId id, const Bytes& init, std::string codec_name);
  // The longest part that the track will have; `wanted` unless the track has had parts before. 0: no parts.
  Duration settle_part_target(TrackId id, Duration wanted);
  struct Opened {
    uint64_t sequence = 0;
    uint64_t epoch = 0;  // that of the start, or that of another track's discontinuity at the same time
    std::optional<Duration> end;  // where it is to end instead of at the next boundary of the grid
  };
  // Opens the next segment. Errors: kUnavailable if the time it starts at was given to a gap already; kEnded
  // when the track or presentation has ended or the publisher has left.
  Result<Opened> open_segment(TrackId id, Track::Start start);
  // Adds a chunk to the segment `sequence`; `last`: none will follow, as far as can be told. Errors: kEnded
  // if that segment was closed meanwhile; kLimit if memory is short and the presentation may not lose
  // anything.
  Status add_chunk(TrackId id, uint64_t sequence, const Bytes& chunk, const timeline::Part& part, bool last);
  // The segment to come does not stand alone. Said before the one that it follows is closed: who waits for
  // the first playlist reads it only once.
  void note_dependent(TrackId id);
  void close_segment(TrackId id, uint64_t sequence);
  // What is known of a video track's keyframes once its first boundary has passed.
  struct Cadence {
    bool on_grid = true;  // a keyframe came where it was asked for
    Duration longest_gop{};
    Duration longest_frame{};
  };
  void note_cadence(TrackId id, Cadence cadence);
  void note_dropped(TrackId id);
  // Dropped for want of a keyframe; warns of it once in a run.
  void note_undecodable(TrackId id);
  void warn(TrackId id, const std::string& message, const std::string& hint);
  void end_track(TrackId id);
  // ----

  // Marks holes, offers what waited for a deadline. Called by the timekeeper, every kTick.
  void tick();
  // Takes it out of the origin if it has no publisher: every name leaves the store. Returns when that is
  // done, whoever did it. False if there is a publisher.
  bool remove();
  // remove(), if the retention time of an ended or left presentation is over. False if it is not.
  bool remove_if_expired();

  PresentationStatus status() const;

 private:
  struct Slot;
  Duration initial_offset() const REQUIRES_LOCK(mutex_);
  uint64_t current_epoch(const Track::Start& start) const REQUIRES_LOCK(mutex_);
  // Covers a hole up to `until` with gaps; returns the epoch of what follows (a new one if the hole is too
  // long).
  uint64_t fill_gap(Slot& slot, Duration until, uint64_t epoch, Publication& publication)
      REQUIRES_LOCK(mutex_);
  void bridge_jump(Slot& slot, Publication& publication) REQUIRES_LOCK(mutex_);
  bool appears(const Slot& slot) const REQUIRES_LOCK(mutex_);
  Opened begin_segment(Slot& slot, Track::Start start, Publication& publication) REQUIRES_LOCK(mutex_);
  Duration shortest_gap() const;
  Duration gap_end(Duration from) const REQUIRES_LOCK(mutex_);
  // Whether the track is, or would be with nothing listed `from_now`, without a new segment for too long.
  bool in_outage(const Slot& slot, Duration from_now = {}) const REQUIRES_LOCK(mutex_);
  void end_overdue_segments() EXCLUDES_LOCK(mutex_);
  void mark_outage(Slot& slot, Publication& publication) REQUIRES_LOCK(mutex_);
  bool awaited(const Slot& slot) const REQUIRES_LOCK(mutex_);
  bool left_behind(const Slot& slot) const REQUIRES_LOCK(mutex_);
  void carry_out(Publication publication) EXCLUDES_LOCK(mutex_);
  void wait_until_idle() EXCLUDES_LOCK(mutex_);
  void settle_target(Publication& publication) REQUIRES_LOCK(mutex_);
  void fix_target(uint32_t seconds, Publication& publication) REQUIRES_LOCK(mutex_);
  void offer(Publication& publication) REQUIRES_LOCK(mutex_);
  // The media playlists that have changed.
  void publish_playlists(Publication& publication) REQUIRES_LOCK(mutex_);
  std::vector<timeline::RenditionReport> reports_for(const Slot& slot) const REQUIRES_LOCK(mutex_);
  std::vector<timeline::TrackInfo> advertised() const REQUIRES_LOCK(mutex_);
  bool complete_enough() const REQUIRES_LOCK(mutex_);
  // Ends the presentation if all its tracks have ended; else lets go on what waited for one of them.
  void finish_if_done(Publication& publication) REQUIRES_LOCK(mutex_);
  void align_tracks() REQUIRES_LOCK(mutex_);
  bool make_room();
  // With what to do about it.
  Error out_of_memory(Error error) const;
  void add_warning(const std::string& message, const std::string& hint, Publication& publication)
      REQUIRES_LOCK(mutex_);
  Duration max_segment() const REQUIRES_LOCK(mutex_);
  bool live_rules() const { return options_.type != timeline::PlaylistType::kVod; }
  bool on_wall_clock() const { return options_.wall_clock && live_rules(); }
  // ---- Numbers: presentation_numbers.cpp ----
  uint64_t next_sequence() const;
  // Number of the slot that a segment beginning then belongs to.
  uint64_t slot_number(const Track::Start& start) const REQUIRES_LOCK(mutex_);
  // Decides what this run's numbers begin with, at its first segment.
  void begin_counting(const Track::Start& start) REQUIRES_LOCK(mutex_);
  void recall() REQUIRES_LOCK(mutex_);
  // What a process that follows this one has to know besides the time of day.
  SpentNumbers::Numbers to_remember() const REQUIRES_LOCK(mutex_);
  void remember();
  // Number of a track's first segment.
  uint64_t first_sequence(const Track::Start& start) const REQUIRES_LOCK(mutex_);
  std::optional<Duration> plan_end(Slot& slot, const Track::Start& start, uint64_t sequence)
      REQUIRES_LOCK(mutex_);
  Duration longest_stretch() const REQUIRES_LOCK(mutex_);
  bool is_behind_others(const Slot& slot) const REQUIRES_LOCK(mutex_);
  bool all_known() const REQUIRES_LOCK(mutex_);
  // Whether a track's first segment is not listed before it is known what follows.
  bool may_withhold(const Slot& slot, const Track::Start& start) const REQUIRES_LOCK(mutex_);
  // It is dropped or listed: what follows begins at `next` (null: nothing does).
  void settle_withheld(Slot& slot, const Track::Start* next, Publication& publication) REQUIRES_LOCK(mutex_);
  void list_open_segment(Slot& slot, Publication& publication) REQUIRES_LOCK(mutex_);
  // ----

  // Constant but for live_source, and wall_clock until a track has its format.
  Options options_;
  store::Store& store_;
  const Clock& clock_;
  const std::shared_ptr<const SpentNumbers> spent_numbers_;
  std::shared_ptr<Relay> relay_;  // constant once there are tracks
  std::once_flag names_removed_;
  mutable Mutex mutex_;
  std::condition_variable_any idle_;  // no publication is being carried out
  int carrying_out_ GUARDED_BY(mutex_) = 0;
  State state_ GUARDED_BY(mutex_) = State::kStopped;
  std::shared_ptr<Observer> observer_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Slot>> slots_ GUARDED_BY(mutex_);
  std::string run_id_ GUARDED_BY(mutex_);
  UtcTime started_ GUARDED_BY(mutex_){};
  MonotonicTime run_started_ GUARDED_BY(mutex_){};
  MonotonicTime left_ GUARDED_BY(mutex_){};
  std::optional<MonotonicTime> first_segment_ GUARDED_BY(mutex_);
  segmenter::Anchor anchor_ GUARDED_BY(mutex_);
  uint64_t run_epoch_ GUARDED_BY(mutex_) = 0;  // that the run began with
  // What the publisher said last that took effect; jumps of the source have moved anchor_ since.
  Duration publisher_offset_ GUARDED_BY(mutex_){};
  uint64_t newest_epoch_ GUARDED_BY(mutex_) = 0;  // that a segment began with
  Duration newest_epoch_start_ GUARDED_BY(mutex_){};
  segmenter::Grid grid_ GUARDED_BY(mutex_);
  uint64_t least_sequence_ GUARDED_BY(mutex_) = 0;  // that the first segment may have
  std::optional<uint64_t> first_sequence_ GUARDED_BY(mutex_);
  SpentNumbers::Numbers remembered_ GUARDED_BY(mutex_);  // by the file
  bool remembering_ GUARDED_BY(mutex_) = false;          // somebody writes it
  bool forgetful_ GUARDED_BY(mutex_) = false;            // it could not be written, which was logged
  uint64_t offset_from_grid_ GUARDED_BY(mutex_) = 0;     // what all numbers are more than the grid's
  bool wall_clock_fixed_ GUARDED_BY(mutex_) = false;
  bool media_written_ GUARDED_BY(mutex_) = false;  // in this run
  uint32_t target_duration_ GUARDED_BY(mutex_) = 0;
  Duration part_hold_back_ GUARDED_BY(mutex_){};  // 0 until the first playlist
  store::TopicRef multivariant_ GUARDED_BY(mutex_);
  std::vector<timeline::TrackInfo> listed_
      GUARDED_BY(mutex_);  // what the multivariant playlist was made from
  uint64_t multivariant_version_ GUARDED_BY(mutex_) = 0;
  bool short_of_memory_ GUARDED_BY(mutex_) = false;       // has been warned of
  bool offered_ GUARDED_BY(mutex_) = false;               // in this run
  std::vector<std::string> warnings_ GUARDED_BY(mutex_);  // the newest ones
};

}  // namespace origin::channel
