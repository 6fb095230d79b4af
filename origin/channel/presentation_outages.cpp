// SPDX-License-Identifier: LGPL-2.1-or-later
// What a presentation does about sources that stop: overdue segments end, and holes are marked as gaps.
#include <algorithm>

#include "origin/channel/lifetimes.hpp"
#include "origin/channel/presentation.hpp"
#include "origin/channel/presentation_slot.hpp"
#include "origin/channel/track_writer.hpp"

namespace origin::channel {

namespace {

// A gap that is marked while it lasts is not shorter than this, or than half a segment.
constexpr Duration kShortestGap = 500ms;
// A hole shorter than this is one of rounding; one longer than kLongestGap is a discontinuity.
constexpr Duration kShortestHole = 5ms;
constexpr int kMostGaps = 300;  // in a row
constexpr Duration kLongestGap = 10min;

}  // namespace

void Presentation::tick() {
  end_overdue_segments();
  Publication publication;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kStarting && state_ != State::kLive) return;
    settle_target(publication);
    for (const auto& slot : slots_) {
      if (in_outage(*slot)) mark_outage(*slot, publication);
      if (left_behind(*slot)) slot->track.withdraw(publication);
    }
    offer(publication);
    if (relay_) {
      for (const Publication::Warning& warning : relay_->take_warnings())
        add_warning(warning.message, warning.hint, publication);
    }
  }
  carry_out(std::move(publication));
}

// Whether a track of an earlier run, or one that has ended, has slid out of the window that it would have if
// it had gone on.
bool Presentation::left_behind(const Slot& slot) const {
  if (options_.type != timeline::PlaylistType::kLive || options_.window == Duration::zero()) return false;
  const bool over = !slot.track.active() || slot.ended;
  const MonotonicTime since = slot.track.active() ? slot.last_data : run_started_;
  return over && slot.track.offered() &&
         clock_.monotonic() - since >= std::max<Duration>(options_.window, patience(options_));
}

bool Presentation::in_outage(const Slot& slot, Duration from_now) const {
  const Duration unlisted = clock_.monotonic() - slot.last_listed + from_now;
  return slot.running() && options_.wall_clock && target_duration_ && slot.track.playlist_published() &&
         unlisted >= outage_patience(std::chrono::seconds(target_duration_));
}

// Frames that wait for the rest of their part are written before their segment is closed.
void Presentation::end_overdue_segments() {
  std::vector<std::shared_ptr<TrackWriter>> overdue;
  {
    MutexLock lock(mutex_);
    for (const auto& slot : slots_) {
      if (!in_outage(*slot) || !slot->track.window().is_open()) continue;
      if (auto writer = slot->writer.lock()) overdue.push_back(std::move(writer));
    }
  }
  for (const auto& writer : overdue) writer->end_overdue_segment();
}

void Presentation::mark_outage(Slot& slot, Publication& publication) {
  const timeline::Window& window = slot.track.window();
  if (window.is_open()) {
    // Its writer is at work again, or has gone without a word.
    if (!slot.writer.expired()) return;
    list_open_segment(slot, publication);
  } else {
    const Duration from = *window.end_time();
    Duration to = gap_end(from);
    // RFC 8216bis 6.2.4: what the others have come to meanwhile is a discontinuity here, too.
    const uint64_t epoch = current_epoch({.time = from, .epoch = window.last_epoch()});
    const bool spans_one = epoch < newest_epoch_ && newest_epoch_start_ > from && newest_epoch_start_ < to;
    if (spans_one) to = newest_epoch_start_;
    slot.track.add_gap(from, to - from, epoch, publication);
    slot.last_listed =
        clock_.monotonic() - outage_patience(std::chrono::seconds(target_duration_)) + (to - from);
  }
}

uint64_t Presentation::fill_gap(Slot& slot, Duration until, uint64_t epoch, Publication& publication) {
  const timeline::Window& window = slot.track.window();
  const auto end = window.end_time();
  if (!end || !live_rules()) return epoch;
  if (epoch != window.last_epoch()) {
    bridge_jump(slot, publication);
    return epoch;
  }
  if (until - *end < kShortestHole) return epoch;
  if (until - *end > std::min<Duration>(kLongestGap, kMostGaps * options_.segment_duration)) {
    if (anchor_.epoch == epoch) ++anchor_.epoch;
    return anchor_.epoch;
  }
  for (Duration from = *end; from < until;) {
    Duration to = std::min(until, gap_end(from));
    if (until - to < shortest_gap()) to = until - from <= max_segment() ? until : from + (until - from) / 2;
    slot.track.add_gap(from, to - from, epoch, publication);
    slot.last_listed = clock_.monotonic();
    from = to;
  }
  return epoch;
}

// A segment that begins behind a jump of the clock, a while after the last one was listed, would be overdue
// before its boundary, and its successor begin where nothing can be decoded: one more gap gives it the time.
void Presentation::bridge_jump(Slot& slot, Publication& publication) {
  if (!in_outage(slot, options_.segment_duration)) return;
  const timeline::Window& window = slot.track.window();
  const Duration from = *window.end_time();
  const Duration missed = clock_.monotonic() - slot.last_listed;
  slot.track.add_gap(from, std::min(missed, gap_end(from) - from), window.last_epoch(), publication);
  slot.last_listed = clock_.monotonic();
}

Duration Presentation::shortest_gap() const {
  return std::min(kShortestGap, options_.segment_duration / 2);
}

// At a boundary, so that what comes back is on the grid.
Duration Presentation::gap_end(Duration from) const {
  const Duration end = grid_.next(from + shortest_gap());
  return end - from > max_segment() ? grid_.next(from) : end;
}

}  // namespace origin::channel
