// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/backlog.hpp"

#include <algorithm>

#include "origin/publish/location.hpp"

namespace origin::publish {

namespace {

constexpr Duration kForEver = std::chrono::hours(24 * 365);  // as far as a wait goes that may be added to now

}  // namespace

Result<Backlog::TrackId> Backlog::add_track(const std::string& name) {
  if (Status valid = check_name("track", name); !valid) return valid.error();
  const MutexLock lock(mutex_);
  const auto found = std::ranges::find(tracks_, name, &Track::name);
  if (found == tracks_.end()) {
    tracks_.emplace_back().name = name;
    return static_cast<TrackId>(tracks_.size() - 1);
  }
  if (found->buffer.has_header() || !found->buffer.has_ended())
    return Error{ErrorCode::kExists, "there is a track '" + name + "' already"};
  // It ended without anything.
  found->buffer = {};
  return static_cast<TrackId>(found - tracks_.begin());
}

void Backlog::describe(TrackId track, std::string query) {
  const MutexLock lock(mutex_);
  if (track < tracks_.size()) tracks_[track].query = std::move(query);
}

std::string Backlog::query(TrackId track) const {
  const MutexLock lock(mutex_);
  return tracks_[track].query;
}

bool Backlog::is_open(TrackId track) const {
  return !closed_ && !refusal_ && track < tracks_.size() && !tracks_[track].buffer.has_ended();
}

void Backlog::add_header(TrackId track, const Bytes& bytes) {
  Body released;
  const MutexLock lock(mutex_);
  if (is_open(track)) tracks_[track].buffer.add_header(bytes, released);
}

void Backlog::add_chunk(TrackId track, const Bytes& bytes, bool starts_segment) {
  Body released;  // freed when the lock is, and not before
  const MutexLock lock(mutex_);
  if (!is_open(track)) return;
  Track& to = tracks_[track];
  if (!to.buffer.add_chunk(bytes, starts_segment)) return count(to, {bytes.size(), 1});
  make_room(released);
}

void Backlog::make_room(Body& released) {
  uint64_t kept = 0;
  for (const Track& track : tracks_) kept += track.buffer.bytes();
  while (kept > max_bytes_) {
    Track& largest =
        *std::ranges::max_element(tracks_, {}, [](const Track& track) { return track.buffer.bytes(); });
    kept -= largest.buffer.bytes();
    count(largest, largest.buffer.drop_oldest(released));
    kept += largest.buffer.bytes();
  }
}

void Backlog::count(Track& track, const TrackBuffer::Loss& loss) {
  if (loss.chunks == 0) return;
  lost_.bytes += loss.bytes;
  lost_.chunks += loss.chunks;
  if (!std::exchange(track.is_losing, true)) drops_.push_back({track.name, loss});
}

void Backlog::end(TrackId track) {
  const MutexLock lock(mutex_);
  if (is_open(track)) tracks_[track].buffer.end(true);
}

void Backlog::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  for (Track& track : tracks_) track.buffer.end(false);
  room_.notify_all();
}

bool Backlog::is_settled() const {
  return refusal_ || std::ranges::all_of(tracks_, [](const Track& track) {
           return track.is_confirmed || !track.buffer.has_header();
         });
}

bool Backlog::has_room() const {
  uint64_t unsent = 0;
  for (const Track& track : tracks_) unsent += track.buffer.unsent_bytes();
  return closed_ || refusal_ || unsent <= max_bytes_ / 2;
}

bool Backlog::wait_for_room(Duration timeout) {
  MutexLock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!has_room()) {
    if (room_.wait_until(mutex_, until) == std::cv_status::timeout) return has_room();
  }
  return true;
}

Status Backlog::wait_until_confirmed(Duration timeout) {
  MutexLock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + std::min<Duration>(timeout, kForEver);
  while (!is_settled()) {
    if (settled_.wait_until(mutex_, until) == std::cv_status::timeout) break;
  }
  if (refusal_) return *refusal_;
  if (is_settled()) return {};
  std::string names;
  for (const Track& track : tracks_) {
    if (track.is_confirmed || !track.buffer.has_header()) continue;
    names += (names.empty() ? "" : ", ") + track.name;
  }
  return Error{ErrorCode::kUnavailable, "the server has not confirmed all of " + names + " in time"};
}

// A presentation is over when all tracks that the server knows have ended: before one ends there, the others
// have to be known.
bool Backlog::is_held(const Track& track, MonotonicTime now) const {
  if (!track.buffer.is_at_end_of_track()) return false;
  return std::ranges::any_of(tracks_, [&](const Track& other) {
    const TrackBuffer& buffer = other.buffer;
    if (&other == &track || !buffer.has_media() || other.is_confirmed) return false;
    if (buffer.began()) return now - *buffer.began() < arrival_;
    // One that has lost all it had, and ended, makes itself known by nothing.
    return buffer.bytes() > 0 || !buffer.has_ended();
  });
}

std::vector<Backlog::TrackState> Backlog::tracks(MonotonicTime now) const {
  const MutexLock lock(mutex_);
  std::vector<TrackState> states;
  states.reserve(tracks_.size());
  for (const Track& track : tracks_) {
    const bool held = is_held(track, now);
    states.push_back({.wants_connection = track.buffer.has_header() && !track.is_confirmed && !refusal_,
                      .is_confirmed = track.is_confirmed,
                      .has_next = track.buffer.has_next() && !held,
                      .is_held = held});
  }
  return states;
}

std::string Backlog::name(TrackId track) const {
  const MutexLock lock(mutex_);
  return tracks_[track].name;
}

Piece Backlog::next(TrackId track, MonotonicTime now) {
  const MutexLock lock(mutex_);
  Track& from = tracks_[track];
  if (is_held(from, now)) return {};
  Piece piece = from.buffer.next(now);
  if (piece.kind == Piece::Kind::kChunk) {
    sent_ += piece.bytes.size();
    if (has_room()) room_.notify_all();
  }
  if (from.buffer.unsent_bytes() == 0 && !from.buffer.is_skipping()) from.is_losing = false;
  return piece;
}

void Backlog::rewind(TrackId track) {
  const MutexLock lock(mutex_);
  tracks_[track].buffer.rewind();
}

void Backlog::forget_sent(TrackId track, MonotonicTime then) {
  Body released;
  const MutexLock lock(mutex_);
  tracks_[track].buffer.forget_sent(then, released);
}

void Backlog::confirm(TrackId track) {
  Body released;
  const MutexLock lock(mutex_);
  tracks_[track].is_confirmed = true;
  tracks_[track].buffer.clear(released);
  settled_.notify_all();
  room_.notify_all();
}

void Backlog::refuse(Error error) {
  Body released;
  const MutexLock lock(mutex_);
  refusal_ = std::move(error);
  for (Track& track : tracks_) track.buffer.clear(released);
  settled_.notify_all();
  room_.notify_all();
}

std::vector<Backlog::Drop> Backlog::take_drops() {
  const MutexLock lock(mutex_);
  return std::exchange(drops_, {});
}

Backlog::Totals Backlog::totals() const {
  const MutexLock lock(mutex_);
  Totals totals{.sent = sent_, .lost = lost_};
  for (const Track& track : tracks_) {
    totals.buffered += track.buffer.bytes();
    totals.unsent += track.buffer.unsent_bytes();
  }
  return totals;
}

}  // namespace origin::publish
