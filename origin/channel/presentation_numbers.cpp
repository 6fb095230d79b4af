// SPDX-License-Identifier: LGPL-2.1-or-later
// How a presentation numbers its segments and where they end, so that no number comes back with other media:
// over restarts of the process as well, of which little is remembered but what time it is.
#include <algorithm>

#include "origin/base/log.hpp"
#include "origin/channel/format_terms.hpp"
#include "origin/channel/lifetimes.hpp"
#include "origin/channel/presentation.hpp"
#include "origin/channel/presentation_slot.hpp"

namespace origin::channel {

namespace {

// What a stretched segment stays below its limit at the least: it ends with the first frame behind its end.
constexpr Duration kMargin = 50ms;
// A first frame this long after a boundary may still have been meant for it.
constexpr Duration kOnTime = 100ms;
// What is remembered and greater by more than this is from another life: other options, another time of day.
constexpr uint64_t kMostAhead = 100;
// Longer than any life has discontinuities; hls.js walks through arrays of that length.
constexpr uint64_t kMostDiscontinuities = 1'000'000;

// Where a segment begins for the grid: a frame less than half its length before a boundary belongs behind it.
Duration grid_time(const Track::Start& start) {
  return start.due + start.tolerance;
}

}  // namespace

// Each track comes to a jump by itself, and encoders come to it first: what fits in with neither goes with
// the frames before it.
Duration Presentation::offset_at(std::optional<TrackId> track, Duration running_time) const {
  MutexLock lock(mutex_);
  if (!track || !slots_[*track]->offset) return anchor_.offset;
  const Slot& slot = *slots_[*track];
  const auto end = slot.track.window().end_time();
  if (*slot.offset == anchor_.offset || !end) return *slot.offset;
  const segmenter::Reach reach = reach_of(options_);
  const auto fits = [&](Duration offset) { return reach.holds(running_time + offset, *end, clock_.utc()); };
  return !fits(*slot.offset) && fits(anchor_.offset) ? anchor_.offset : *slot.offset;
}

Duration Presentation::next_boundary(std::optional<TrackId> track, Duration time) {
  MutexLock lock(mutex_);
  grid_.settle(time);
  const Duration next = std::min(grid_.next(time), grid_.slot_end(time));
  if (!track) return next;
  // A segment ends where it was told to when it began, whatever has been planned since.
  const Slot& slot = *slots_[*track];
  return slot.running() && slot.end > time ? std::min(next, slot.end) : next;
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
  if (!on_wall_clock()) return;
  const uint64_t spent = remembered_.sequence;
  if (spent >= *first_sequence_ && spent < *first_sequence_ + kMostAhead) first_sequence_ = spent + 1;
}

// What a process that was killed has left.
void Presentation::recall() {
  if (!on_wall_clock()) return;
  remembered_ = spent_numbers_->last(options_.name);
  // A new run is a discontinuity.
  if (remembered_.next_discontinuity >= kMostDiscontinuities) return;
  run_epoch_ = anchor_.epoch = std::max(anchor_.epoch, remembered_.next_discontinuity);
}

SpentNumbers::Numbers Presentation::to_remember() const {
  if (!on_wall_clock() || !first_sequence_) return remembered_;
  SpentNumbers::Numbers numbers{0, std::max(run_epoch_, newest_epoch_) + 1};
  bool any = false;
  for (const auto& slot : slots_) {
    const timeline::Window& window = slot->track.window();
    const timeline::Segment* newest = window.is_open() && !slot->track.withholds() ? window.open_segment()
                                      : window.size() > 0                          ? window.last()
                                                                                   : nullptr;
    if (!newest) continue;
    any = true;
    const auto own = static_cast<uint64_t>(std::max<int64_t>(0, grid_.slot(newest->start + slot->frame / 2)));
    // One that goes on behind other durations has nothing in common with the time of day.
    if (offset_from_grid_ == 0 && newest->sequence > own)
      numbers.sequence = std::max(numbers.sequence, newest->sequence);
  }
  if (!any) numbers.sequence = remembered_.sequence;
  numbers.target_duration = target_duration_ ? target_duration_ : remembered_.target_duration;
  numbers.segment_duration = target_duration_ ? static_cast<uint64_t>(options_.segment_duration.count())
                                              : remembered_.segment_duration;
  return numbers;
}

// By one thread at a time, which goes on until nothing is new; others do not wait for it.
void Presentation::remember() {
  for (;;) {
    SpentNumbers::Numbers numbers;
    {
      MutexLock lock(mutex_);
      numbers = to_remember();
      if (numbers == remembered_) {
        remembering_ = false;
        return;
      }
    }
    const bool written = spent_numbers_->remember(options_.name, numbers);
    MutexLock lock(mutex_);
    if (written) {
      remembered_ = numbers;
      continue;
    }
    remembering_ = false;
    if (!std::exchange(forgetful_, true))
      log_warning(
          "presentation '%s': what numbers a process that follows this one may use cannot be kept in %s",
          options_.name.c_str(), spent_numbers_->folder().c_str());
    return;
  }
}

uint64_t Presentation::first_sequence(const Track::Start& start) const {
  const auto number = static_cast<uint64_t>(std::max<int64_t>(0, grid_.number_at(grid_time(start))));
  return std::max(number + offset_from_grid_, *first_sequence_);
}

bool Presentation::may_withhold(const Slot& slot, const Track::Start& start) const {
  return options_.live_source && on_wall_clock() && !slot.track.window().last_sequence() &&
         slot_number(start) + 1 == *first_sequence_;
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

// How long segments may be made, so that numbers and grid come together again.
Duration Presentation::longest_stretch() const {
  Duration frame{}, gop{};
  for (const auto& slot : slots_) {
    if (!slot->running()) continue;
    frame = std::max(frame, slot->frame);
    if (slot->cadence_known && !slot->cadence.on_grid) gop = std::max(gop, slot->cadence.longest_gop);
  }
  const auto target = target_duration_ ? std::chrono::seconds(target_duration_)
                                       : std::chrono::ceil<std::chrono::seconds>(options_.segment_duration);
  // EXTINF is rounded (RFC 8216bis 4.4.3.1), and nothing is to be overdue. A segment counts from half a frame
  // behind its start, and ends with the first frame, or keyframe, behind its end.
  return std::min<Duration>(target + 500ms, outage_patience(target) - kTick) - gop -
         std::max(2 * frame, kMargin);
}

// Where a segment ends if not at the next boundary of the grid: later where its number is ahead of its slot,
// sooner where it is behind those of other tracks. A track whose number is its slot's stays where it is,
// whatever others have to make up for.
std::optional<Duration> Presentation::plan_end(Slot& slot, const Track::Start& start, uint64_t sequence) {
  const Duration time = grid_time(start);
  const Duration longest = longest_stretch();
  const Duration slot_end = grid_.slot_end(time);
  const auto number = static_cast<int64_t>(sequence - offset_from_grid_);
  slot.end = slot_end;
  if (on_wall_clock() && !slot.track.withholds()) {
    const Duration length = options_.segment_duration;
    slot.lead = number - grid_.slot(time);
    if (slot.lead > 0) {
      if (all_known()) grid_.begin(time, number, longest);
      slot.end = grid_.next(time);
    } else if (is_behind_others(slot) && slot_end - time >= length * 3 / 4) {
      slot.end = slot_end - length / 2;
    }
  }
  // One that begins early, where its predecessor was foretold to end, would be too long by then.
  const bool early = start.time < start.due && longest > options_.segment_duration;
  if (early && start.time + longest < slot.end) slot.end = std::max(start.time + longest, time + kMargin);
  return slot.end != slot_end ? std::optional(slot.end) : std::nullopt;
}

// What all have missed alike, as in a pause, need not be made up for.
bool Presentation::is_behind_others(const Slot& slot) const {
  for (const auto& other : slots_) {
    if (other->running() && std::min<int64_t>(other->lead, 0) > slot.lead) return true;
  }
  return false;
}

// Whether it is clear of every track whether its keyframes come where they are wanted.
bool Presentation::all_known() const {
  for (const auto& slot : slots_) {
    if (awaited(*slot)) return false;
  }
  return true;
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
  const uint64_t epoch = predecessor.terms().newest_epoch + 1;
  Publication publication;
  {
    MutexLock lock(mutex_);
    least_sequence_ = next;
    anchor_.epoch = epoch;
    add_warning(
        "presentation '" + options_.name + "' begins anew: what was published under its name before is gone",
        "restart with the same options, and without end of stream, so that viewers can go on", publication);
  }
  carry_out(std::move(publication));
}

}  // namespace origin::channel
