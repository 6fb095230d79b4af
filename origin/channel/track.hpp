// SPDX-License-Identifier: LGPL-2.1-or-later
// One track of a presentation: its window and its names in the store. Guarded by the presentation's lock;
// each change notes in a Publication what is to be done once the lock is gone.
#pragma once

#include <optional>
#include <string>

#include "origin/channel/options.hpp"
#include "origin/channel/publication.hpp"
#include "origin/store/store.hpp"
#include "origin/timeline/window.hpp"

namespace origin::channel {

class Track {
 public:
  Track(const Options& options, std::string name, store::Store& store);

  const std::string& name() const { return info_.name; }
  timeline::TrackInfo& info() { return info_; }
  const timeline::TrackInfo& info() const { return info_; }
  const timeline::Window& window() const { return window_; }

  // Whether times are UTC; before the first segment.
  void set_has_dates(bool has_dates) { window_.set_has_dates(has_dates); }
  // A publisher begins to write (again), under media names of its own.
  void start_run(const std::string& run_id, Publication& publication);
  bool active() const { return active_; }
  // Whether it has anything in the store.
  bool offered() const { return offered_; }
  void deactivate() { active_ = false; }

  // The init segment of what follows; put under a name made of its hash.
  void set_init(const Bytes& init, UtcTime now, Publication& publication);
  bool has_init() const { return !stretch_->init_uri.empty(); }
  // What follows needs another one than the newest segment that is listed.
  bool changes_init() const {
    const timeline::Segment* last = window_.last();
    return last && last->stretch->init_uri != stretch_->init_uri;
  }

  void set_target_duration(uint32_t seconds);
  // The longest part that there will be; the first value stays (RFC 8216bis 6.2.1). Returns it.
  Duration settle_part_target(Duration wanted);
  Duration part_target() const { return part_target_; }
  void set_part_hold_back(Duration hold_back) { part_hold_back_ = hold_back; }

  struct Start {
    Duration time{};  // its place
    Duration due{};   // see segmenter::Timed; what boundaries are compared with
    uint64_t epoch = 0;
    Duration tolerance{};  // this much before a boundary counts as at it
    Duration offset{};     // what all these are more than running time
  };
  // Opens the next segment and returns its number. `first_sequence` counts for a track that never had a
  // segment. `withheld`: nothing of it is in the store before it is closed, as it may be dropped.
  uint64_t open_segment(const Start& start, uint64_t first_sequence, bool withheld, Publication& publication);
  bool withholds() const { return withheld_; }
  // Drops the open segment, whose number is free again. REQUIRES: withholds().
  void drop_withheld();
  // Adds a part to the open segment. `chunk` has been admitted by the store. `last`: the next part is
  // expected to be of the next segment.
  void add_part(const Bytes& chunk, const timeline::Part& part, bool last, UtcTime now,
                Publication& publication);
  // The next segment will not stand alone: neither playlist says so any more.
  void renounce_independence();
  // Closes the open segment and lets the oldest leave the window. A segment without parts vanishes. No-op if
  // none is open.
  void close_segment(Duration offset, UtcTime now, Publication& publication);
  void add_gap(Duration start, Duration duration, uint64_t epoch, Publication& publication);
  // Its segments have other discontinuities than they were written with; nothing of it is published.
  void relist(std::vector<timeline::SegmentRef> segments) { window_.relist(std::move(segments)); }
  // The track has ended (EXT-X-ENDLIST).
  void end(Publication& publication);

  // Whether what a playlist says has changed since publish_playlist().
  bool changed() const { return changed_; }
  // Publishes the current window, if there is a target duration and a whole segment. `reports` are about the
  // others.
  void publish_playlist(UtcTime now, std::vector<timeline::RenditionReport> reports,
                        Publication& publication);
  // About this one, for the others.
  timeline::RenditionReport report() const;
  // Whether drop_oldest() may be called: a track without a publisher may lose everything.
  bool may_drop_oldest() const;
  // Lets the oldest segment go for want of memory.
  void drop_oldest(Publication& publication);
  // Takes everything out of the store at once: nobody writes the track any more, and its time is over.
  void withdraw(Publication& publication);

  bool playlist_published() const { return revision_ > 0; }
  std::string playlist_name() const { return prefix_ + "index.m3u8"; }

 private:
  store::Headers media_headers(const std::string& uri, UtcTime now) const;
  store::TopicRef make_playlist_topic() const;
  void begin_stretch(std::string run, std::string init_uri);
  void retire(const timeline::Segment& segment, std::optional<Duration> ttl, Publication& publication);
  void retire_parts(const timeline::Segment& segment, std::optional<Duration> ttl, Publication& publication);
  void measure();
  void slide(Publication& publication);
  store::TopicRef make_growing(const std::string& uri) const;
  store::Object part_object(const Bytes& chunk, const std::string& uri, UtcTime now) const;
  void publish_withheld(UtcTime now, Publication& publication);
  std::string next_part_uri() const;
  void hint(Publication& publication);
  void drop_hint(Publication& publication);
  store::Position position() const;
  store::Ahead ahead() const;
  const std::string& newest_init_uri() const;

  const Options& options_;
  store::Store& store_;
  timeline::TrackInfo info_;
  const std::string prefix_;  // "live/video_0/"
  timeline::Window window_;
  store::TopicRef playlist_;
  store::TopicRef growing_;  // the open segment
  store::TopicRef hinted_;   // the part to come; null if none is to come, or parts are not listed
  Body growing_body_;
  bool last_part_ = false;  // the open segment seems to be complete
  bool withheld_ = false;
  std::shared_ptr<const timeline::Stretch> stretch_;  // of the segments to come
  bool active_ = false;
  bool offered_ = false;  // playlist_ is in the store
  uint64_t revision_ = 0;
  uint32_t target_duration_ = 0;
  Duration part_target_{};
  Duration part_hold_back_{};
  bool changed_ = false;
};

}  // namespace origin::channel
