// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/publishing_point.hpp"

namespace origin::channel {

namespace {

// Media times this near to the time of day are the time of day; a little ahead, as clocks are.
constexpr Duration kMostBehindUtc = 30s;
constexpr Duration kMostAheadOfUtc = 2s;

// Where the publisher says that they are, after an outage perhaps.
constexpr Duration kMostOffUtc = 1h;

bool is_near(Duration time, UtcTime now) {
  const Duration behind = now.time_since_epoch() - time;
  return behind >= -kMostAheadOfUtc && behind <= kMostBehindUtc;
}

}  // namespace

PublishingPoint::~PublishingPoint() {
  const MutexLock turn(turn_);
  if (presentation_) presentation_->leave();
}

PushedTrack* PublishingPoint::obtain_track(const std::string& name, size_t most) {
  const MutexLock lock(mutex_);
  if (!tracks_.contains(name) && tracks_.size() >= most) return nullptr;
  std::unique_ptr<PushedTrack>& track = tracks_[name];
  if (!track) track = std::make_unique<PushedTrack>(*this, name);
  return track.get();
}

PushedTrack* PublishingPoint::find_track(const std::string& name) {
  const MutexLock lock(mutex_);
  const auto found = tracks_.find(name);
  return found == tracks_.end() ? nullptr : found->second.get();
}

std::vector<PushedTrack*> PublishingPoint::tracks() const {
  const MutexLock lock(mutex_);
  std::vector<PushedTrack*> all;
  for (const auto& [name, track] : tracks_) all.push_back(track.get());
  return all;
}

void PublishingPoint::end() {
  for (PushedTrack* track : tracks()) track->end();
}

// A request that brings nothing is no publisher either.
void PublishingPoint::leave_if_idle(const IngestLimits& limits) {
  const MutexLock turn(turn_);
  if (!presentation_) return;
  // VOD is gone when its publisher is: who makes it may take its time.
  const bool is_vod = presentation_->options().type == timeline::PlaylistType::kVod;
  const Duration timeout = is_vod ? limits.header_timeout : limits.publisher_timeout;
  if (clock_.monotonic() - newest_push_ <= timeout) return;
  ++run_;
  std::exchange(presentation_, nullptr)->leave();
}

bool PublishingPoint::is_unused(Duration timeout) const {
  const MutexLock turn(turn_);
  return !presentation_ && clock_.monotonic() - newest_push_ > timeout;
}

uint64_t PublishingPoint::note_push() {
  const MutexLock turn(turn_);
  newest_push_ = clock_.monotonic();
  return run_;
}

bool PublishingPoint::is_current(uint64_t run) const {
  const MutexLock turn(turn_);
  return run == run_;
}

Result<PublishingPoint::Joined> PublishingPoint::join(const std::string& track, const PushTerms& terms,
                                                      const ChunkTimes& chunk) {
  const MutexLock turn(turn_);
  if (!presentation_ || !presentation_->has_publisher()) {
    auto opened = directory_.open(terms.options, nullptr);
    if (!opened) return opened.error();
    presentation_ = *std::move(opened);
    presentation_->set_anchor(utc_at_zero(chunk, terms.in_utc));
    ++run_;
  }
  const Result<Presentation::TrackId> id = presentation_->add_track(track);
  if (!id) return id.error();
  return Joined{presentation_, *id, run_};
}

// What has come with its first chunk is there now, unless the source knows better.
Duration PublishingPoint::utc_at_zero(const ChunkTimes& chunk, bool in_utc) const {
  const UtcTime now = clock_.utc();
  const bool can_be = std::chrono::abs(now.time_since_epoch() - chunk.begin) <= kMostOffUtc;
  if (is_near(chunk.begin, now) || (in_utc && can_be)) return Duration::zero();
  if (chunk.utc_at_zero && is_near(chunk.begin + *chunk.utc_at_zero, now)) return *chunk.utc_at_zero;
  return now.time_since_epoch() - chunk.end;
}

}  // namespace origin::channel
