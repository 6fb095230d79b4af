// SPDX-License-Identifier: LGPL-2.1-or-later
// How a presentation numbers its segments and where they end, so that no number comes back with other media:
// not over all restarts, of which nothing is remembered but what time it is.
#include <algorithm>

#include "origin/channel/presentation.hpp"
#include "origin/channel/presentation_slot.hpp"

namespace origin::channel {

namespace {

// What a stretched segment stays below its limit at the least: it ends with the first frame behind its end.
constexpr Duration kMargin = 50ms;
// A first frame this long after a boundary may still have been meant for it.
constexpr Duration kOnTime = 100ms;

// Where a segment begins for the grid: a frame less than half its length before a boundary belongs behind it.
Duration grid_time(const Track::Start& start) {
  return start.shown + start.tolerance;
}

}  // namespace

Duration Presentation::next_boundary(Duration running_time) {
  MutexLock lock(mutex_);
  const Duration time = running_time + anchor_.offset;
  grid_.settle(time);
  Duration next = grid_.next(time);
  // A segment ends where it was told to when it began, whatever has been planned since.
  for (const auto& slot : slots_) {
    if (slot->running() && slot->end > time) next = std::min(next, slot->end);
  }
  return next - anchor_.offset;
}

Duration Presentation::next_boundary_after(Duration time) const {
  MutexLock lock(mutex_);
  return grid_.next(time);
}

uint64_t Presentation::slot_number(const Track::Start& start) const {
  return offset_from_grid_ + static_cast<uint64_t>(std::max<int64_t>(0, grid_.slot(grid_time(start))));
}

// A run that was killed may have used the number of the slot that it was in, and so this one's if it comes
// back within it. The same for all tracks, whichever begins.
void Presentation::begin_counting(const Track::Start& start) {
  if (first_sequence_) return;
  const uint64_t slot = slot_number(start);
  if (slot < least_sequence_) offset_from_grid_ = least_sequence_ - slot;
  const Duration since_boundary = grid_time(start) - options_.segment_duration * grid_.slot(grid_time(start));
  const bool on_time = since_boundary <= std::min(2 * start.tolerance, kOnTime);
  const bool knows_last = least_sequence_ > 0;
  first_sequence_ = slot + offset_from_grid_ + (on_wall_clock() && !knows_last && !on_time ? 1 : 0);
}

uint64_t Presentation::first_sequence(const Track::Start& start) const {
  const auto number = static_cast<uint64_t>(std::max<int64_t>(0, grid_.number_at(grid_time(start))));
  return std::max(number + offset_from_grid_, *first_sequence_);
}

bool Presentation::may_withhold(const Slot& slot, const Track::Start& start) const {
  return options_.live_source && on_wall_clock() && !slot.track.window().last_sequence() &&
         slot_number(start) < *first_sequence_;
}

// What follows may take the number over, which nobody has seen.
void Presentation::settle_withheld(Slot& slot, const Track::Start* next, Publication& publication) {
  if (!slot.track.withholds()) return;
  if (next && slot_number(*next) <= slot.track.window().open_segment()->sequence) {
    slot.track.drop_withheld();
  } else {
    list_open_segment(slot, publication);
  }
}

// How long segments may be made so that numbers and grid come together again. 0: not now.
Duration Presentation::longest_stretch() const {
  Duration frame{}, gop{};
  for (const auto& slot : slots_) {
    if (awaited(*slot)) return Duration::zero();
    if (!slot->running()) continue;
    frame = std::max(frame, slot->frame);
    if (slot->cadence_known && !slot->cadence.on_grid) gop = std::max(gop, slot->cadence.longest_gop);
  }
  const auto target = target_duration_ ? std::chrono::seconds(target_duration_)
                                       : std::chrono::ceil<std::chrono::seconds>(options_.segment_duration);
  // EXTINF is rounded (RFC 8216bis 4.4.3.1). A segment counts from half a frame behind its start, and ends
  // with the first frame, or keyframe, behind its end.
  return target + 500ms - gop - std::max(2 * frame, kMargin);
}

// Where a segment ends if not at the next boundary of the grid.
std::optional<Duration> Presentation::plan_end(Slot& slot, const Track::Start& start, uint64_t sequence) {
  const Duration time = grid_time(start);
  if (on_wall_clock() && !slot.track.withholds())
    grid_.begin(time, static_cast<int64_t>(sequence - offset_from_grid_), longest_stretch());
  slot.end = grid_.next(time);
  return grid_.is_stretched(time) ? std::optional(slot.end) : std::nullopt;
}

uint64_t Presentation::next_sequence() const {
  MutexLock lock(mutex_);
  uint64_t next = 0;
  for (const auto& slot : slots_) {
    if (const auto last = slot->track.window().last_sequence()) next = std::max(next, *last + 1);
  }
  return next;
}

void Presentation::succeed(const Presentation& predecessor) {
  if (options_.type != timeline::PlaylistType::kLive || predecessor.next_sequence() == 0) return;
  const uint64_t next = predecessor.next_sequence();
  {
    MutexLock lock(mutex_);
    least_sequence_ = next;
  }
  warn("presentation '" + options_.name + "' begins anew: what was published under its name before is gone",
       "restart with the same options, and without end of stream, so that viewers can go on");
}

}  // namespace origin::channel
