// SPDX-License-Identifier: LGPL-2.1-or-later
// The writers' side of a presentation: segments, target duration, and when what is offered.
#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/channel/lifetimes.hpp"
#include "origin/channel/presentation.hpp"
#include "origin/channel/presentation_slot.hpp"
#include "origin/channel/push_terms.hpp"
#include "origin/timeline/discontinuities.hpp"
#include "origin/timeline/multivariant_playlist.hpp"

namespace origin::channel {

namespace {

// Segments of two tracks that start this close to each other start at the same time: audio frames are that
// long.
constexpr Duration kAlike = 50ms;

// A segment that begins before the end of the last one by more than this comes too late: behind a
// discontinuity, where the source may have come back a little before the end of a gap, and elsewhere.
constexpr Duration kMostBack = 1s;
constexpr Duration kRounding = 1ms;

uint32_t ceil_seconds(Duration duration) {
  return static_cast<uint32_t>(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

// As EXTINF is before it is compared with EXT-X-TARGETDURATION (RFC 8216bis 4.4.3.1).
std::chrono::seconds rounded(Duration duration) {
  return std::chrono::floor<std::chrono::seconds>(duration + 500ms);
}

// "audio_2" before "audio_10": in which order tracks turn up differs from run to run, and the first of a
// group is what players choose.
bool comes_before(const timeline::TrackInfo& a, const timeline::TrackInfo& b) {
  const auto key = [](const std::string& name) {
    const size_t digits = name.find_last_not_of("0123456789") + 1;
    return std::pair(std::string_view(name).substr(0, digits), parse_number(name.substr(digits)));
  };
  return key(a.name) < key(b.name);
}

}  // namespace

Presentation::Terms Presentation::terms() const {
  MutexLock lock(mutex_);
  const segmenter::Anchor begin =
      options_.wall_clock ? anchor_ : segmenter::Anchor{run_epoch_, publisher_offset_};
  return {anchor_, begin, publisher_offset_, max_segment(), newest_epoch_, newest_epoch_start_};
}

segmenter::Anchor Presentation::propose_anchor(const segmenter::Anchor& anchor) {
  MutexLock lock(mutex_);
  if (anchor.epoch > anchor_.epoch) {
    anchor_ = anchor;
    grid_.settle_only(clock_.utc().time_since_epoch());
  }
  return anchor_;
}

uint64_t Presentation::next_epoch(uint64_t epoch) {
  MutexLock lock(mutex_);
  if (anchor_.epoch == epoch) ++anchor_.epoch;
  return anchor_.epoch;
}

void Presentation::update_track(TrackId id, const std::function<void(timeline::TrackInfo&)>& change) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    change(slot.track.info());
    if (relay_) relay_->publisher().describe(slot.relayed, push_query(slot.track.info()));
    offer(publication);
  }
  carry_out(std::move(publication));
}

void Presentation::set_init(TrackId id, const Bytes& init, std::string codec_name) {
  Publication publication;
  publish::Publisher::TrackId relayed = 0;
  {
    MutexLock lock(mutex_);
    relayed = slots_[id]->relayed;
    slots_[id]->codec = std::move(codec_name);
    slots_[id]->track.set_init(init, clock_.utc(), publication);
    publish_playlists(publication);
  }
  carry_out(std::move(publication));
  if (relay_) relay_->publisher().header(relayed, init);
}

Duration Presentation::settle_part_target(TrackId id, Duration wanted) {
  MutexLock lock(mutex_);
  // RFC 8216bis 4.4.3.8: PART-HOLD-BACK, which is settled by now if the track comes late.
  if (part_hold_back_ > Duration::zero()) wanted = std::min(wanted, part_hold_back_ / 2);
  return slots_[id]->track.settle_part_target(wanted);
}

std::vector<timeline::RenditionReport> Presentation::reports_for(const Slot& slot) const {
  std::vector<timeline::RenditionReport> reports;
  if (!has_parts(options_)) return reports;
  for (const auto& other : slots_) {
    if (other.get() != &slot && (other->listed() || appears(*other)))
      reports.push_back(other->track.report());
  }
  return reports;
}

// Whether its first playlist is about to be published.
bool Presentation::appears(const Slot& slot) const {
  return target_duration_ && slot.track.active() && slot.has_data && slot.track.changed() &&
         !slot.track.playlist_published() && slot.track.window().size() > 0;
}

void Presentation::publish_playlists(Publication& publication) {
  // VOD is offered as a whole.
  if (!live_rules() && state_ != State::kEnded) return;
  if (part_hold_back_ == Duration::zero()) {
    Duration longest = options_.part_duration;
    for (const auto& slot : slots_) longest = std::max(longest, slot->track.part_target());
    // Three times what playlists say, which is rounded up.
    if (target_duration_) part_hold_back_ = 3 * std::chrono::ceil<std::chrono::microseconds>(longest);
  }
  // The others report on one that is new at once.
  bool any_appears = false;
  for (const auto& slot : slots_) any_appears = any_appears || appears(*slot);
  for (const auto& slot : slots_) {
    const bool reports_anew = any_appears && has_parts(options_) && slot->listed() && !slot->ended;
    if (!slot->track.changed() && !reports_anew) continue;
    slot->track.set_part_hold_back(part_hold_back_);
    slot->track.publish_playlist(clock_.utc(), reports_for(*slot), publication);
  }
}

Result<Presentation::Opened> Presentation::open_segment(TrackId id, Track::Start start) {
  Publication publication;
  std::optional<Opened> opened;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    if (!slot.track.active() || slot.ended || (state_ != State::kStarting && state_ != State::kLive)) {
      return Error{ErrorCode::kEnded, "track '" + slot.track.name() + "' has ended"};
    }
    settle_withheld(slot, &start, publication);
    const bool goes_on = start.epoch == slot.track.window().last_epoch() || slot.written_with == start.offset;
    start.epoch = fill_gap(slot, start.time, current_epoch(start), publication);
    const auto end = slot.track.window().end_time();
    if (!end || start.time + (goes_on ? kRounding : kMostBack) >= *end)
      opened = begin_segment(slot, start, publication);
    publish_playlists(publication);
  }
  carry_out(std::move(publication));
  if (!opened) return Error{ErrorCode::kUnavailable, "that time was given to a gap"};
  return *opened;
}

Presentation::Opened Presentation::begin_segment(Slot& slot, Track::Start start, Publication& publication) {
  // Gaps may have come to another track's discontinuity already, in the format that was.
  if (slot.track.changes_init() && start.epoch == slot.track.window().last_epoch()) {
    if (anchor_.epoch == start.epoch) ++anchor_.epoch;
    start.epoch = anchor_.epoch;
  }
  if (start.epoch > newest_epoch_) {
    newest_epoch_ = start.epoch;
    newest_epoch_start_ = start.time;
  }
  slot.last_data = clock_.monotonic();
  if (!slot.has_data) slot.last_listed = slot.last_data;
  slot.has_data = media_written_ = true;
  slot.frame = 2 * start.tolerance;
  slot.offset = slot.written_with = start.offset;
  begin_counting(start);
  const bool withheld = may_withhold(slot, start);
  Opened opened;
  opened.sequence = slot.track.open_segment(start, first_sequence(start), withheld, publication);
  opened.epoch = slot.track.window().open_segment()->epoch;
  opened.end = plan_end(slot, start, opened.sequence);
  if (state_ == State::kStarting && live_rules()) state_ = State::kLive;
  return opened;
}

// A discontinuity of one track is one of all, at the same time (RFC 8216bis 6.2.4): tracks that are behind
// have not come to it yet.
uint64_t Presentation::current_epoch(const Track::Start& start) const {
  return start.time + kAlike < newest_epoch_start_ ? start.epoch : std::max(start.epoch, newest_epoch_);
}

Status Presentation::add_chunk(TrackId id, uint64_t sequence, const Bytes& chunk, const timeline::Part& part,
                               bool last) {
  Result<Bytes> admitted = store_.admit(chunk);
  while (!admitted && make_room()) admitted = store_.admit(chunk);
  if (!admitted) return out_of_memory(admitted.error());

  Publication publication;
  publish::Publisher::TrackId relayed = 0;
  bool starts_segment = false;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    const timeline::Segment* open = slot.track.window().open_segment();
    if (!open || open->sequence != sequence)
      return Error{ErrorCode::kEnded, "segment was closed by an outage"};
    relayed = slot.relayed;
    starts_segment = open->parts.empty();
    slot.track.add_part(*admitted, part, last, clock_.utc(), publication);
    publish_playlists(publication);
    slot.last_data = clock_.monotonic();
    ++slot.parts;
  }
  carry_out(std::move(publication));
  if (relay_) {
    relay_->wait_for_room();
    relay_->publisher().chunk(relayed, *admitted, starts_segment);
  }
  return {};
}

Error Presentation::out_of_memory(Error error) const {
  if (options_.type == timeline::PlaylistType::kLive) return error;
  error.message += ": presentation '" + options_.name + "' keeps everything, being " +
                   (live_rules() ? "an event" : "VOD") + "; raise memory-limit or lower the bitrates" +
                   (live_rules() ? ", or set playlist-type=live with a window" : "");
  return error;
}

void Presentation::note_dependent(TrackId id) {
  MutexLock lock(mutex_);
  slots_[id]->track.renounce_independence();
}

void Presentation::close_segment(TrackId id, uint64_t sequence) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    const timeline::Segment* open = slot.track.window().open_segment();
    if (!open || open->sequence != sequence || slot.track.withholds()) return;
    list_open_segment(slot, publication);
  }
  carry_out(std::move(publication));
}

void Presentation::list_open_segment(Slot& slot, Publication& publication) {
  slot.track.close_segment(anchor_.offset, clock_.utc(), publication);
  slot.last_listed = clock_.monotonic();
  if (!first_segment_) first_segment_ = clock_.monotonic();
  settle_target(publication);
  offer(publication);
}

bool Presentation::make_room() {
  Publication publication;
  {
    MutexLock lock(mutex_);
    if (options_.type != timeline::PlaylistType::kLive) return false;
    Slot* oldest = nullptr;
    // Tracks that nobody writes any more go first.
    const auto before = [](const Slot& a, const Slot& b) {
      return std::pair(a.track.active(), a.track.window().first()->start) <
             std::pair(b.track.active(), b.track.window().first()->start);
    };
    for (const auto& slot : slots_) {
      if (slot->track.may_drop_oldest() && (!oldest || before(*slot, *oldest))) oldest = slot.get();
    }
    if (!oldest) return false;
    oldest->track.drop_oldest(publication);
    publish_playlists(publication);
    if (!short_of_memory_) {
      short_of_memory_ = true;
      add_warning("memory-limit of " + std::to_string(store_.budget()->limit()) +
                      " bytes does not hold the window of presentation '" + options_.name +
                      "': its oldest segments go early",
                  "raise memory-limit, or lower window or the bitrates", publication);
    }
  }
  carry_out(std::move(publication));
  return true;
}

void Presentation::note_cadence(TrackId id, Cadence cadence) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    slots_[id]->cadence_known = true;
    slots_[id]->cadence = cadence;
    settle_target(publication);
    offer(publication);
  }
  carry_out(std::move(publication));
}

void Presentation::note_dropped(TrackId id) {
  MutexLock lock(mutex_);
  ++slots_[id]->dropped;
}

void Presentation::note_undecodable(TrackId id) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    ++slot.dropped;
    if (!std::exchange(slot.undecodable, true)) {
      add_warning(
          "track '" + slot.track.name() +
              "' begins, or goes on in a new format, without a keyframe: frames are left out until one comes",
          "if none comes, set a keyframe interval in the encoder (x264enc key-int-max=60 "
          "intra-refresh=false)",
          publication);
    }
  }
  carry_out(std::move(publication));
}

// Whether the target duration still depends on what this track will turn out to be.
bool Presentation::awaited(const Slot& slot) const {
  if (!slot.track.active() || slot.ended) return false;
  const MonotonicTime now = clock_.monotonic();
  if (!slot.has_data) return now - run_started_ < patience(options_);
  return slot.is_video() && !slot.cadence_known && now - slot.last_data < patience(options_);
}

// RFC 8216bis 6.2.1: fixed before the first playlist, never changed, the same in all of them.
void Presentation::settle_target(Publication& publication) {
  if (target_duration_ || !live_rules() || !first_segment_) return;
  for (const auto& slot : slots_) {
    if (awaited(*slot)) return;
  }
  Duration longest = options_.segment_duration;
  Duration least = options_.segment_duration;  // what cannot be cut
  for (const auto& slot : slots_) {
    least = std::max<Duration>(least, rounded(slot->track.window().longest()));
    if (!slot->cadence_known) continue;
    const Cadence& cadence = slot->cadence;
    if (!cadence.on_grid) least = std::max<Duration>(least, rounded(cadence.longest_gop));
    // A keyframe on request is the first frame behind its boundary.
    longest = std::max(longest, options_.segment_duration +
                                    (cadence.on_grid ? cadence.longest_frame - 500ms : cadence.longest_gop));
  }
  longest = std::max(longest, least);
  // That of a process that was killed, as long as it can be kept.
  const std::chrono::seconds remembered(remembered_.target_duration);
  const bool of_these =
      remembered_.segment_duration == static_cast<uint64_t>(options_.segment_duration.count());
  fix_target(of_these && remembered >= least ? remembered_.target_duration : ceil_seconds(longest),
             publication);
}

void Presentation::fix_target(uint32_t seconds, Publication& publication) {
  target_duration_ = seconds;
  for (const auto& slot : slots_) slot->track.set_target_duration(seconds);
  publish_playlists(publication);
}

Duration Presentation::max_segment() const {
  if (!live_rules()) return Duration::zero();
  if (!target_duration_) return longest_at_first(options_);
  // EXTINF is rounded to the nearest second before it is compared (RFC 8216bis 4.4.3.1).
  return std::chrono::seconds(target_duration_) + 500ms - 1ms;
}

void Presentation::end_track(TrackId id) {
  Publication publication;
  publish::Publisher::TrackId relayed = 0;
  {
    MutexLock lock(mutex_);
    Slot& slot = *slots_[id];
    if (slot.ended) return;
    relayed = slot.relayed;
    settle_withheld(slot, nullptr, publication);
    slot.ended = true;
    if (slot.has_data || slot.track.window().size() > 0) {
      slot.track.end(publication);
    } else {
      slot.track.withdraw(publication);
    }
    finish_if_done(publication);
  }
  carry_out(std::move(publication));
  if (relay_) relay_->publisher().end(relayed);
}

void Presentation::finish_if_done(Publication& publication) {
  const bool any_data =
      std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->has_data; });
  const bool all_done = std::all_of(slots_.begin(), slots_.end(),
                                    [](const auto& slot) { return !slot->track.active() || slot->ended; });
  if ((state_ != State::kStarting && state_ != State::kLive) || !any_data || !all_done) {
    settle_target(publication);
    offer(publication);
    return;
  }
  state_ = State::kEnded;
  left_ = clock_.monotonic();
  if (!live_rules()) align_tracks();
  if (!target_duration_ || !live_rules()) {
    // Everything is there: the longest segment decides (RFC 8216bis 4.4.3.1).
    Duration longest = live_rules() ? options_.segment_duration : Duration::zero();
    for (const auto& slot : slots_) longest = std::max(longest, slot->track.window().longest());
    const uint32_t least = live_rules() ? ceil_seconds(options_.segment_duration) : 1;
    fix_target(std::max({target_duration_, ceil_seconds(rounded(longest)), least}), publication);
  }
  offer(publication);
}

// Of tracks that were written at their own speed, one may have been past a discontinuity when another came to
// it.
void Presentation::align_tracks() {
  std::vector<std::vector<timeline::SegmentRef>> segments;
  for (const auto& slot : slots_) segments.push_back(slot->track.window().segments());
  timeline::align_discontinuities(segments);
  for (size_t i = 0; i < slots_.size(); ++i) slots_[i]->track.relist(std::move(segments[i]));
}

bool Presentation::complete_enough() const {
  if (offered_ || state_ == State::kEnded) return true;
  size_t listed = 0;
  bool complete = true;
  for (const auto& slot : slots_) {
    if (!slot->track.active() || slot->given_up()) continue;
    if (slot->has_data && slot->track.playlist_published()) {
      ++listed;
    } else {
      complete = false;
    }
  }
  if (complete && listed > 0 && listed >= options_.expected_tracks) return true;
  return listed > 0 && first_segment_ && clock_.monotonic() - *first_segment_ >= patience(options_);
}

// What new viewers are offered. A track that has ended while others of its kind go on leads them nowhere in a
// live presentation, and is nobody's first choice in an event.
std::vector<timeline::TrackInfo> Presentation::advertised() const {
  std::vector<timeline::TrackInfo> infos, outlived;
  for (const auto& slot : slots_) {
    if (!slot->track.active() || !slot->has_data || !slot->track.playlist_published()) continue;
    const bool goes_on = !slot->ended || std::none_of(slots_.begin(), slots_.end(), [&](const auto& other) {
      return other->running() && other->is_video() == slot->is_video();
    });
    (goes_on ? infos : outlived).push_back(slot->track.info());
  }
  std::ranges::stable_sort(infos, comes_before);
  if (options_.type == timeline::PlaylistType::kLive) return infos;
  for (timeline::TrackInfo& info : outlived) {
    info.is_default = false;
    infos.push_back(std::move(info));
  }
  return infos;
}

// Players read the multivariant playlist once: it waits for all tracks, up to a deadline.
void Presentation::offer(Publication& publication) {
  publish_playlists(publication);
  if (!live_rules() && state_ != State::kEnded) return;
  if (!complete_enough()) return;
  std::vector<timeline::TrackInfo> infos = advertised();
  if (infos.empty()) return;
  offered_ = true;
  if (infos == listed_) return;
  listed_ = std::move(infos);
  std::string text = timeline::render_multivariant_playlist(listed_);
  store::Headers headers = multivariant_->options().headers;
  headers.cache_control = "public, max-age=" + std::to_string(std::max(1u, target_duration_ / 2));
  headers.etag = '"' + run_id_ + "-" + std::to_string(++multivariant_version_) + '"';
  headers.last_modified = clock_.utc();
  auto content = store::make_object({store_.count(Bytes::take(std::move(text)))}, std::move(headers));
  publication.playlists.push_back(
      {multivariant_, std::make_shared<store::Message>(store::Position{multivariant_version_, 0},
                                                       std::move(content), store_.renderings())});
}

}  // namespace origin::channel
