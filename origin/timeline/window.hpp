// SPDX-License-Identifier: LGPL-2.1-or-later
// The sliding window of one track: segments come in at the end and leave at the front; each change gives a
// new immutable snapshot that shares what did not change. Not thread safe; the owner locks.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "origin/timeline/bandwidth.hpp"
#include "origin/timeline/model.hpp"

namespace origin::timeline {

class Window {
 public:
  struct Config {
    PlaylistType type = PlaylistType::kLive;
    Duration segment_duration = 2s;
    Duration length{};  // of a live window; 0: everything stays
    bool has_dates = true;
    // Counts that many bytes of memory until what it returned is gone: for what grows with the window. Null:
    // nobody counts.
    std::function<std::shared_ptr<void>(size_t)> charge;
  };
  explicit Window(Config config);

  // Before the first segment.
  void set_has_dates(bool has_dates) { config_.has_dates = has_dates; }
  // Fixed before the first snapshot is published (RFC 8216bis 6.2.1), in seconds.
  void set_target_duration(uint32_t seconds) { target_duration_ = seconds; }

  // Opens the next segment. REQUIRES: none is open. sequence > last_sequence().
  void open(Segment segment);
  bool is_open() const { return open_ != nullptr; }
  const Segment* open_segment() const { return open_.get(); }
  void add_part(Part part);
  // Closes the open segment with the sum of its parts as duration and returns it.
  SegmentRef close();
  // Forgets the open segment; its number is free again.
  void discard() { open_ = nullptr; }
  // A segment's worth of time without media (EXT-X-GAP). REQUIRES: none is open.
  void add_gap(Segment segment);
  // A segment is to come that does not stand alone.
  void renounce_independence() { independent_segments_ = false; }
  // Whether all segments so far stand alone.
  bool independent_segments() const { return independent_segments_; }
  void end() { ended_ = true; }
  void go_on() { ended_ = false; }
  bool ended() const { return ended_; }

  // All whole segments, and the same ones in other words. REQUIRES: nothing has left.
  std::vector<SegmentRef> segments() const;
  void relist(std::vector<SegmentRef> segments);

  // Takes out what has slid out of the window; never below three target durations (RFC 8216bis 6.2.2).
  std::vector<SegmentRef> trim();
  // Whether the oldest segment may go for want of memory: better a window that is too short than no new
  // media.
  bool may_drop_oldest() const;
  // REQUIRES: there is one.
  SegmentRef drop_oldest() { return pop_front(); }
  // Whether a listed segment needs that init segment.
  bool needs_init(const std::string& uri) const;

  std::optional<uint64_t> last_sequence() const { return last_sequence_; }
  std::optional<Duration> end_time() const { return end_time_; }
  uint64_t last_epoch() const { return last_epoch_; }
  // Whole segments listed now.
  size_t size() const;
  Duration duration() const { return duration_; }
  uint64_t bytes() const { return bytes_; }
  const Segment* first() const;
  const Segment* last() const;
  // Longest segment so far, gaps included.
  Duration longest() const { return longest_; }
  uint64_t gaps() const { return gaps_; }
  uint64_t discontinuities() const { return discontinuities_; }
  const BandwidthMeter& bandwidth() const { return bandwidth_; }

  // Segments whose parts are not to be listed any more, since the last call; with those parts.
  std::vector<SegmentRef> take_unlisted_parts() { return std::exchange(unlisted_parts_, {}); }

  // To be completed by what the window does not know.
  std::shared_ptr<MediaSnapshot> snapshot() const;

 private:
  void append(SegmentRef segment);
  void forget_old_parts();
  void fold_tail();
  SegmentRef pop_front();
  Duration minimum() const;
  bool outlasts_minimum() const;

  Config config_;
  uint32_t target_duration_ = 0;
  std::vector<std::shared_ptr<const Block>> blocks_;
  size_t first_in_block_ = 0;
  std::vector<SegmentRef> tail_;
  std::shared_ptr<Segment> open_;
  bool ended_ = false;
  bool independent_segments_ = true;
  std::optional<uint64_t> last_sequence_;
  std::optional<Duration> end_time_;
  uint64_t last_epoch_ = 0;
  SegmentRef removed_;  // the last segment that left
  std::vector<SegmentRef> unlisted_parts_;
  Duration duration_{};
  Duration longest_{};
  uint64_t bytes_ = 0;
  uint64_t gaps_ = 0;
  uint64_t discontinuities_ = 0;
  BandwidthMeter bandwidth_;
};

}  // namespace origin::timeline
