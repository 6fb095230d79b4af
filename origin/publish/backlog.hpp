// SPDX-License-Identifier: LGPL-2.1-or-later
// What all tracks of a presentation have to send, up to a limit: streaming threads put in, the sender takes
// out. Any thread; nobody waits but in wait_…().
#pragma once

#include <condition_variable>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/base/result.hpp"
#include "origin/publish/track_buffer.hpp"

namespace origin::publish {

class Backlog {
 public:
  using TrackId = uint32_t;

  // `arrival`: what was sent so long ago on a connection that goes on has arrived.
  Backlog(uint64_t max_bytes, Duration arrival) : max_bytes_(max_bytes), arrival_(arrival) {}

  // ---- For who has the media ----
  // Errors: kInvalid, kExists.
  Result<TrackId> add_track(const std::string& name);
  void describe(TrackId track, std::string query);
  void add_header(TrackId track, const Bytes& bytes);
  void add_chunk(TrackId track, const Bytes& bytes, bool starts_segment);
  void end(TrackId track);
  // Nothing follows of any track, but they have not ended.
  void close();
  // Until less than half of the limit is unsent, or nothing is taken any more. False: not within the timeout.
  bool wait_for_room(Duration timeout);
  // Until all tracks are confirmed. Errors: kUnavailable (they are not within the timeout), what
  // they were refused for.
  Status wait_until_confirmed(Duration timeout);

  // ---- For the sender ----
  struct TrackState {
    bool wants_connection = false;  // has a header, and is not confirmed
    bool is_confirmed = false;
    bool has_next = false;
    bool is_held = false;  // for other tracks: has_next may become true without anything new
  };
  // In the order of their numbers.
  std::vector<TrackState> tracks(MonotonicTime now) const;
  std::string name(TrackId track) const;
  std::string query(TrackId track) const;
  Piece next(TrackId track, MonotonicTime now);
  void rewind(TrackId track);
  void forget_sent(TrackId track, MonotonicTime then);
  // All of the track has arrived.
  void confirm(TrackId track);
  // Nothing is kept any more.
  void refuse(Error error);
  // The first loss of each track since all of it was sent; once.
  struct Drop {
    std::string track;
    TrackBuffer::Loss loss;
  };
  std::vector<Drop> take_drops();
  // ----

  struct Totals {
    uint64_t sent = 0;
    uint64_t buffered = 0;
    uint64_t unsent = 0;
    TrackBuffer::Loss lost;
  };
  Totals totals() const;

 private:
  struct Track {
    std::string name;
    std::string query;
    TrackBuffer buffer;
    bool is_confirmed = false;
    bool is_losing = false;  // has lost something, and not sent all since then
  };

  bool is_open(TrackId track) const REQUIRES_LOCK(mutex_);
  bool is_held(const Track& track, MonotonicTime now) const REQUIRES_LOCK(mutex_);
  void count(Track& track, const TrackBuffer::Loss& loss) REQUIRES_LOCK(mutex_);
  void make_room(Body& released) REQUIRES_LOCK(mutex_);
  bool has_room() const REQUIRES_LOCK(mutex_);
  bool is_settled() const REQUIRES_LOCK(mutex_);

  const uint64_t max_bytes_;
  const Duration arrival_;
  mutable Mutex mutex_;
  std::condition_variable_any settled_;
  std::condition_variable_any room_;
  std::deque<Track> tracks_ GUARDED_BY(mutex_);
  std::optional<Error> refusal_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  std::vector<Drop> drops_ GUARDED_BY(mutex_);
  uint64_t sent_ GUARDED_BY(mutex_) = 0;
  TrackBuffer::Loss lost_ GUARDED_BY(mutex_);
};

}  // namespace origin::publish
