// SPDX-License-Identifier: LGPL-2.1-or-later
// A presentation whose media is pushed over HTTP, track by track (DASH-IF Live Media Ingest 1.2, interface
// 1). Any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "origin/base/clock.hpp"
#include "origin/base/mutex.hpp"
#include "origin/channel/directory.hpp"
#include "origin/channel/ingest_limits.hpp"
#include "origin/channel/pushed_track.hpp"

namespace origin::channel {

// Where a chunk lies, in media time.
struct ChunkTimes {
  Duration begin{};
  Duration end{};
  // What UTC is more than media time by its producer (ISO/IEC 14496-12 8.16.5).
  std::optional<Duration> utc_at_zero;
};

class PublishingPoint {
 public:
  // All that is given outlives it.
  PublishingPoint(std::string name, Directory& directory, store::Store& store, const Clock& clock)
      : name_(std::move(name)),
        directory_(directory),
        store_(store),
        clock_(clock),
        newest_push_(clock.monotonic()) {}
  ~PublishingPoint();

  const std::string& name() const { return name_; }
  // Made if there is none of that name; null if that were more than so many. It lives as long as the point.
  PushedTrack* obtain_track(const std::string& name, size_t most);
  // Null if there is none.
  PushedTrack* find_track(const std::string& name);
  // Ends all tracks, and with them the presentation.
  void end();
  // Leaves the presentation to whoever comes next, where nothing has come for so long.
  void leave_if_idle(const IngestLimits& limits);
  // Whether it has no presentation, and nothing has come for so long.
  bool is_unused(Duration timeout) const;

  // ---- For its tracks ----
  // Something has come. The run that it is of: a writer of another one is of no use any more.
  uint64_t note_push();
  bool is_current(uint64_t run) const;
  // Opens the presentation, if it is not, and a track of it. `chunk` is the first one, and may say how media
  // times are mapped to UTC. Errors: kExists (another publisher is at it), kInvalid.
  struct Joined {
    std::shared_ptr<Presentation> presentation;
    Presentation::TrackId id = 0;
    uint64_t run = 0;
  };
  Result<Joined> join(const std::string& track, const PushTerms& terms, const ChunkTimes& chunk);
  const Clock& clock() const { return clock_; }
  store::Store& store() const { return store_; }
  // ----

 private:
  std::vector<PushedTrack*> tracks() const;
  Duration utc_at_zero(const ChunkTimes& chunk, bool in_utc) const;

  const std::string name_;
  Directory& directory_;
  store::Store& store_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<PushedTrack>, std::less<>> tracks_ GUARDED_BY(mutex_);
  mutable Mutex turn_;                                            // who opens or leaves the presentation
  std::shared_ptr<Presentation> presentation_ GUARDED_BY(turn_);  // null between runs
  uint64_t run_ GUARDED_BY(turn_) = 0;
  MonotonicTime newest_push_ GUARDED_BY(turn_);
};

}  // namespace origin::channel
