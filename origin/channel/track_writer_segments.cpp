// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a track's parts and segments begin and end, and what each of them says of the track.
#include <algorithm>

#include "origin/channel/track_writer.hpp"
#include "origin/packager/cmaf.hpp"

namespace origin::channel {

namespace {

// How far behind its boundary a keyframe may come to count as made for it.
Duration grid_tolerance(const Options& options) {
  return options.segment_duration / 8;
}

}  // namespace

Status TrackWriter::cut(const segmenter::Timed& timed, media::Access access, bool force) {
  const segmenter::Decision decision = segmenter_->next(
      {timed.due(), timed.place, timed.duration, media::is_entry(access), timed.early}, force);
  switch (decision.before) {
    case segmenter::Cut::kNone:
      return {};
    case segmenter::Cut::kPart:
      // Its last sample may last beyond it.
      pending_end_ = std::min(pending_end_, segmenter_->part_start());
      return flush_chunk(false);
    case segmenter::Cut::kSegment:
      note_start(timed, access);
      note_frame_rate();
      if (Status status = finish_segment(); !status) return status;
      learn_cadence(decision);
      return open_segment(timed);
  }
  return {};
}

// What a segment begins with says whether it stands alone. A picture that is shown later than its turn lets
// others pass, which may need what came before.
void TrackWriter::note_start(const segmenter::Timed& timed, media::Access access) {
  using media::Access;
  if (access != Access::kSync && !(access == Access::kClean && timed.in_turn()))
    presentation_->note_dependent(id_);
  const bool open = access == Access::kRecovery || access == Access::kGradual;
  if (open) warnings_.open_groups();
}

Status TrackWriter::open_segment(const segmenter::Timed& timed) {
  const Result<Presentation::Opened> opened =
      presentation_->open_segment(id_, {time_of(timed.place), time_of(timed.due()), epoch_,
                                        time_of(timed.tolerance()), timestamper_->anchor().offset});
  if (opened) {
    segment_ = opened->sequence;
    epoch_ = std::max(epoch_, opened->epoch);
    if (opened->end) segmenter_->end_at(to_ticks(*opened->end, format_.timescale));
    segment_has_chunk_ = false;
    return {};
  }
  // The time was given to a gap: what comes for it is late, and the next sample tries again.
  if (opened.error().code == ErrorCode::kUnavailable) return {};
  return opened.error();
}

// The newest sample ends at `end`, and may be longer than it said: then it does not fit in where it is.
Status TrackWriter::settle_held(int64_t end) {
  switch (segmenter_->settle(end)) {
    case segmenter::Cut::kNone:
      break;
    case segmenter::Cut::kPart:
      if (Status status = flush_chunk(false); !status) return status;
      break;
    case segmenter::Cut::kSegment:
      note_start(held_time_, held_->access);
      if (Status status = close_segment(); !status) return status;
      if (!media::is_entry(held_->access)) warnings_.slow_frames();
      if (Status status = open_segment(held_time_); !status) return status;
  }
  release_held(end);
  return {};
}

// The newest sample has a successor, or never will: it ends at `end` of the time line.
void TrackWriter::release_held(int64_t end) {
  if (pending_.empty()) pending_start_ = segmenter_->part_start();
  pending_end_ = end;
  pending_.push_back(std::move(*held_));
  held_.reset();
}

Status TrackWriter::flush_chunk(bool last) {
  if (pending_.empty()) return {};
  std::vector<media::Sample> samples = std::exchange(pending_, {});
  if (!segment_) return {};
  const Options& options = presentation_->options();
  packager::ChunkHeader header;
  header.sequence_number = ++chunk_number_;
  header.starts_segment = !segment_has_chunk_;
  if (options.wall_clock) header.producer_time = UtcTime(time_of(samples.front().pts));
  const Bytes chunk = packager::write_chunk(format_, samples, header);

  // Both ends rounded once, so that durations add up.
  const Duration duration = time_of(pending_end_) - time_of(pending_start_);
  const auto is_sync = [](const media::Sample& sample) { return sample.access == media::Access::kSync; };
  const Status added =
      presentation_->add_chunk(id_, *segment_, chunk,
                               {.duration = duration,
                                .bytes = chunk.size(),
                                .independent = std::any_of(samples.begin(), samples.end(), is_sync),
                                .self_contained = is_sync(samples.front())},
                               last);
  if (added) {
    segment_has_chunk_ = true;
    return {};
  }
  const bool may_lose = options.type == timeline::PlaylistType::kLive;
  if (added.error().code == ErrorCode::kLimit && !may_lose) return added;
  if (added.error().code == ErrorCode::kLimit) {
    presentation_->close_segment(id_, *segment_);
    warnings_.loss(added.error().message);
    // Tried again with the next segment of the grid.
    const Duration next = presentation_->next_boundary(id_, time_of(samples.back().pts));
    resume_at_ = to_ticks(next, format_.timescale);
  }
  segment_.reset();
  for (size_t i = 0; i < samples.size(); ++i) presentation_->note_dropped(id_);
  return {};
}

Status TrackWriter::finish_segment() {
  if (Status status = release_entry(); !status) return status;
  if (Status status = release_late(); !status) return status;
  if (held_) release_held(held_time_.end());
  return close_segment();
}

Status TrackWriter::close_segment() {
  if (Status status = flush_chunk(true); !status) return status;
  if (segment_) presentation_->close_segment(id_, *segment_);
  segment_.reset();
  return {};
}

// Where the format does not say it, a whole segment does (RFC 8216bis 4.4.6.2: FRAME-RATE).
void TrackWriter::note_frame_rate() {
  const uint32_t rate = frame_lengths_.millihertz(format_.timescale);
  const bool known = media::kind_of(format_.codec) != media::Kind::kVideo || format_.video.frame_rate.num > 0;
  if (known || frame_rate_noted_ || rate == 0) return;
  frame_rate_noted_ = time_of(frame_lengths_.sum) >= presentation_->options().segment_duration;
  presentation_->update_track(id_, [rate](timeline::TrackInfo& info) {
    info.video.frame_rate = {rate, 1000};
  });
}

// What the first boundary tells of a video source: whether it makes keyframes where they are wanted.
void TrackWriter::learn_cadence(const segmenter::Decision& decision) {
  const Options& options = presentation_->options();
  if (media::kind_of(format_.codec) != media::Kind::kVideo || options.type == timeline::PlaylistType::kVod)
    return;
  const bool at_target = decision.reason == segmenter::CutReason::kTarget;
  if (decision.reason != segmenter::CutReason::kBoundary && !at_target) return;
  const Duration gop = at_target ? max_segment_ : time_of(segmenter_->longest_gop());
  const bool on_time = decision.first_behind || time_of(decision.lateness) <= grid_tolerance(options);
  const bool on_grid = !at_target && keyframes_on_request_ && on_time;
  // Where there are few frames, a short first segment does not tell how long they may be.
  const bool sparse = time_of(frame_lengths_.longest) > grid_tolerance(options);
  const bool settled = !sparse || time_of(frame_lengths_.sum) >= options.segment_duration;
  if (!cadence_noted_ && settled) {
    cadence_noted_ = true;
    presentation_->note_cadence(id_, {on_grid, gop, time_of(frame_lengths_.to_expect())});
  }
  const bool too_far_apart =
      at_target || (!on_grid && gop > options.segment_duration + grid_tolerance(options));
  if (too_far_apart) warnings_.far_keyframes(gop, format_);
}

}  // namespace origin::channel
