// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/track_writer.hpp"

#include <algorithm>

#include "origin/channel/format_terms.hpp"
#include "origin/media/bitstream.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/packager/cmaf.hpp"

namespace origin::channel {

namespace {

// This long after the place of another track's jump, a track comes to its own if it has one.
constexpr Duration kOwnJump = 250ms;
// So many frames are left out rather than begin a segment without a keyframe.
constexpr size_t kMostLate = 2;

}  // namespace

std::shared_ptr<TrackWriter> TrackWriter::start(std::shared_ptr<Presentation> presentation,
                                                Presentation::TrackId id, const Clock& clock) {
  const std::shared_ptr<TrackWriter> writer(new TrackWriter(presentation, id, clock));
  presentation->attach_writer(id, writer);
  return writer;
}

TrackWriter::TrackWriter(std::shared_ptr<Presentation> presentation, Presentation::TrackId id,
                         const Clock& clock)
    : presentation_(std::move(presentation)), id_(id), clock_(clock), warnings_(*presentation_, id, clock) {}

void TrackWriter::set_format(media::Format format, Bytes out_of_band) {
  presentation_->fix_wall_clock();
  next_format_ = PendingFormat{.format = std::move(format), .out_of_band = std::move(out_of_band)};
}

void TrackWriter::set_complete_format(media::Format format) {
  presentation_->fix_wall_clock();
  next_format_ = PendingFormat{.format = std::move(format), .out_of_band = {}, .is_complete = true};
}

Status TrackWriter::push(const Bytes& data, const segmenter::RawTimes& times) {
  const std::lock_guard turn(turn_);
  if (ended_) return Error{ErrorCode::kEnded, "the track has ended"};
  if (next_format_) {
    const Result<bool> ready = take_format(data);
    if (!ready) return refuse_format(ready.error());
    if (!*ready) return leave_out();
  }
  if (!has_format_) return Error{ErrorCode::kInvalid, "a sample came before the track's format was set"};

  if (!times.pts && may_reorder(format_)) warnings_.no_presentation_times(format_.codec);
  Frame frame{data, with_length(times, data), clock_.utc(), media::access_of(format_, data.span())};
  frame.times.closed_group = frame.access == media::Access::kSync;
  if (leads_to_entry(frame)) {
    // What is left out leaves no hole: the entry is decoded in its stead.
    if (entry_->times.dts && frame.times.dts) entry_->times.dts = frame.times.dts;
    presentation_->note_dropped(id_);
    return {};
  }
  if (Status status = release_entry(); !status) return status;
  const bool interrupted = is_interrupted_before(frame);
  if ((interrupted || awaits_keyframe_) && !media::is_entry(frame.access)) return leave_out();
  awaits_keyframe_ = false;
  if (!interrupted && keyframe_is_late_for(frame)) {
    late_.push_back(std::move(frame));
    return {};
  }
  if (Status status = settle_late(frame); !status) return status;
  const bool begins = interrupted || (!segment_ && !ended_early_);
  const bool open = media::is_entry(frame.access) && frame.access != media::Access::kSync;
  if (!begins || !open) return write(frame);
  entry_ = std::move(frame);
  waits_for_sync_ = false;
  return {};
}

// Whether it comes after the entry, is shown before it, and thus may need what came before.
bool TrackWriter::leads_to_entry(const Frame& frame) const {
  if (!entry_ || media::is_entry(frame.access)) return false;
  const bool shown_before = frame.times.pts && entry_->times.pts && *frame.times.pts < *entry_->times.pts;
  return shown_before || frame.access == media::Access::kSkipped;
}

bool TrackWriter::is_interrupted_before(const Frame& frame) const {
  return presentation_->terms().publisher_offset != publisher_offset_ ||
         timestamper_->before(frame.times, frame.arrived) != segmenter::Break::kNone;
}

// The segment has ended, since a keyframe was to follow: a busy encoder makes it a frame or two later.
bool TrackWriter::keyframe_is_late_for(const Frame& frame) const {
  return ended_early_ && keyframes_on_request_ && !media::is_entry(frame.access) && late_.size() < kMostLate;
}

Status TrackWriter::settle_late(const Frame& follower) {
  if (!media::is_entry(follower.access)) return release_late();
  for (size_t i = 0; i < late_.size(); ++i) presentation_->note_dropped(id_);
  late_.clear();
  return {};
}

Status TrackWriter::release_late() {
  for (const Frame& frame : std::exchange(late_, {})) {
    if (Status status = write(frame); !status) return status;
  }
  return {};
}

Status TrackWriter::release_entry() {
  if (!entry_) return {};
  const Frame entry = std::move(*entry_);
  entry_.reset();
  return write(entry);
}

Status TrackWriter::write(const Frame& frame) {
  const Presentation::Terms terms = presentation_->terms();
  segmenter::Anchor anchor = terms.anchor;
  if (terms.publisher_offset != publisher_offset_) {
    const Duration before = std::exchange(publisher_offset_, terms.publisher_offset);
    timestamper_->shift_anchor(anchor.epoch, publisher_offset_ - before);
  }
  if (timestamper_->before(frame.times, frame.arrived) == segmenter::Break::kDiscontinuity) {
    anchor = agree_on_anchor(frame, anchor);
  }
  max_segment_ = terms.max_segment;
  segmenter_->set_max_segment(to_ticks(max_segment_, format_.timescale));
  segmenter::Timed timed = timestamper_->next(frame.times, frame.arrived, anchor);
  if (timed.before == segmenter::Break::kOverlap) {
    presentation_->note_dropped(id_);
    return {};
  }
  take_epoch(timed.before);

  bool follows = timed.before == segmenter::Break::kNone;
  if (held_ && follows && media::is_entry(frame.access)) follows = begin_in_time(timed);
  if (held_) {
    // Decode times are contiguous: a sample lasts to the next one's. Before a hole it lasts as long as it
    // said.
    if (follows) {
      held_->duration = static_cast<uint32_t>(timed.dts - held_->dts);
      frame_lengths_.add(held_->duration);
      // Leading pictures follow at once, or not at all (ITU-T H.265 7.4.2.2).
      const bool leads = timed.pts < held_->pts || frame.access == media::Access::kSkipped;
      if (held_->access == media::Access::kClean && !leads) held_->access = media::Access::kSync;
    }
    if (Status status = settle_held(follows ? timed.place : held_time_.end()); !status) return status;
  }
  if (timed.due() + timed.tolerance() < resume_at_) {
    presentation_->note_dropped(id_);
    return {};
  }
  const bool begins = !follows || (!segment_ && !ended_early_);
  ended_early_ = false;
  if (begins && !media::is_entry(frame.access)) return leave_out();
  waits_for_sync_ = false;
  const bool behind = is_behind_discontinuity(timed, terms);
  const bool joins = behind && frame.access == media::Access::kSync;
  is_to_join_ = behind && !joins;
  if (joins) epoch_ = terms.newest_epoch;
  if (Status status = cut(timed, frame.access, begins || joins); !status) return status;
  if (!segment_) {
    presentation_->note_dropped(id_);
    return {};
  }
  note_captions(frame);
  held_time_ = timed;
  held_ = media::Sample{.data = media::storable(format_, frame.data),
                        .pts = timed.pts,
                        .dts = timed.dts,
                        .duration = static_cast<uint32_t>(timed.duration),
                        .access = frame.access};
  return end_early();
}

// A keyframe that comes so late that the frame before it does not fit in its segment any more, as after a
// stall, begins where that ends: else that frame would have to begin a segment, and is no keyframe. False: it
// is too late for that, and there is a hole.
bool TrackWriter::begin_in_time(segmenter::Timed& timed) const {
  const std::optional<int64_t> end = segmenter_->latest_end();
  const int64_t late = end ? timed.place - *end : 0;
  if (late <= 0) return true;
  if (!timed.in_turn() || time_of(late) > segmenter::kMostEarly) return false;
  timed.begin_earlier(late);
  timed.dts = std::max(timed.dts, held_->dts + 1);
  return true;
}

void TrackWriter::note_captions(const Frame& frame) {
  if (has_captions_ || !media::has_captions(format_, frame.data.span())) return;
  has_captions_ = true;
  presentation_->update_track(id_, [](timeline::TrackInfo& info) { info.has_captions = true; });
}

// All tracks are mapped alike behind a jump, whichever comes to it first.
segmenter::Anchor TrackWriter::agree_on_anchor(const Frame& frame, segmenter::Anchor newest) {
  for (;;) {
    const segmenter::Anchor wanted = timestamper_->anchor_for(frame.times, frame.arrived, newest);
    if (wanted.epoch <= newest.epoch) return wanted;
    newest = presentation_->propose_anchor(wanted);
    if (newest == wanted) return wanted;
  }
}

// One that has joined another's discontinuity, and now comes to the same jump, has another time line than it
// had.
void TrackWriter::take_epoch(segmenter::Break before) {
  const uint64_t anchored = timestamper_->anchor().epoch;
  const bool is_news = before == segmenter::Break::kDiscontinuity && anchored <= epoch_;
  epoch_ = is_news ? presentation_->next_epoch(epoch_) : std::max(epoch_, anchored);
}

// A new format of another track is a discontinuity of all, at the same time (RFC 8216bis 6.2.4). Where the
// time line itself changed, this track comes to that on its own, unless only the other's clock has jumped.
bool TrackWriter::is_behind_discontinuity(const segmenter::Timed& timed,
                                          const Presentation::Terms& terms) const {
  const bool jumped = terms.anchor.offset != timestamper_->anchor().offset;
  const Duration from = terms.newest_epoch_start + (jumped ? kOwnJump : Duration::zero());
  return terms.newest_epoch > epoch_ && time_of(timed.place + timed.tolerance()) >= from;
}

// Nothing before it that it could be decoded from.
Status TrackWriter::leave_out() {
  waits_for_sync_ = true;
  presentation_->note_undecodable(id_);
  return finish_segment();
}

// Where it is clear when the newest sample ends, nobody has to wait for the next one.
Status TrackWriter::end_early() {
  if (!held_time_.steady || !presentation_->options().wall_clock) return {};
  const segmenter::Cut cut = segmenter_->expected(keyframes_on_request_);
  if (cut == segmenter::Cut::kNone) return {};
  note_early_end(cut);
  if (ended_early_) return finish_segment();
  release_held(held_time_.end());
  return flush_chunk(keyframes_on_request_ && segmenter_->is_due());
}

void TrackWriter::note_early_end(segmenter::Cut cut) {
  segmenter_->end_early(cut);
  timestamper_->hold_end();
  ended_early_ = cut == segmenter::Cut::kSegment;
}

// Audio frames say themselves how long they are.
segmenter::RawTimes TrackWriter::with_length(segmenter::RawTimes raw, const Bytes& data) const {
  if (const uint32_t samples = media::audio_frame_samples(format_, data.span())) {
    const uint32_t rate = format_.codec == media::Codec::kOpus ? 48'000 : format_.audio.sample_rate;
    const Duration whole = from_ticks(samples, rate);
    // An Opus encoder's first packet begins with pre-skip, and its buffer says how much is left to hear (RFC
    // 7845 4.2): the packet is placed so that the rest is on time.
    const bool preskipped = format_.codec == media::Codec::kOpus && !held_ && !segment_ && !ended_early_ &&
                            raw.duration && raw.pts;
    if (preskipped && *raw.duration < whole) *raw.pts -= whole - *raw.duration;
    raw.duration = whole;
  }
  return raw;
}

Result<bool> TrackWriter::take_format(const Bytes& data) {
  media::Format wanted = next_format_->format;
  const bool unsaid = next_format_->out_of_band.empty() && !next_format_->is_complete;
  if (unsaid && has_format_ && wanted.codec == format_.codec) wanted.config = format_.config;
  // The length of NAL unit lengths, which tells keyframes, is in the record itself.
  media::Format probe = wanted;
  if (!next_format_->out_of_band.empty()) probe.config = next_format_->out_of_band;
  if (!media::is_entry(media::access_of(probe, data.span()))) return false;

  Result<media::Format> complete =
      next_format_->is_complete
          ? Result<media::Format>(std::move(wanted))
          : media::complete_format(std::move(wanted), next_format_->out_of_band, data.span());
  if (!complete) return complete.error();
  complete->timescale = media::natural_timescale(*complete);
  if (!has_format_ || *complete != format_) {
    if (Status status = apply_format(std::move(*complete), data); !status) return status.error();
    frame_lengths_ = {};
    frame_rate_noted_ = false;
  }
  next_format_.reset();
  return true;
}

// A format that cannot be is the source's or its parser's mistake, of one damaged frame perhaps: the track
// goes on in the one it has.
Status TrackWriter::refuse_format(const Error& error) {
  if (!has_format_ || error.code != ErrorCode::kInvalid) return error;
  presentation_->note_dropped(id_);
  warnings_.refused_format(error.message);
  return {};
}

Status TrackWriter::apply_format(media::Format format, const Bytes& first_frame) {
  const Result<Bytes> init = packager::write_init_segment(format);
  if (!init) return init.error();
  const Result<std::string> codecs = packager::codecs_string(format);
  if (!codecs) return codecs.error();

  std::string codec_name(media::name_of(format.codec));
  if (has_format_) {
    if (Status status = release_entry(); !status) return status;
    // The keyframe that they were to wait for is of the new format.
    for (size_t i = 0; i < late_.size(); ++i) presentation_->note_dropped(id_);
    late_.clear();
    resume_at_ = 0;
    // Before the segment ends, so that the playlist with the last part of the old format hints at it (RFC
    // 8216bis 6.2.6): who has that waits for the first part of the new one.
    presentation_->set_init(id_, *init, codec_name);
    if (Status status = finish_segment(); !status) return status;
    epoch_ = presentation_->next_epoch(epoch_);
  }
  format_ = std::move(format);
  const Options& options = presentation_->options();
  const segmenter::Timestamper::Config config = timestamper_config(options, format_);
  if (timestamper_) {
    // What came with the new format, a jump or another anchor, is found by what came before: a copy of it,
    // since emplace() ends the old one first.
    timestamper_.emplace(config, segmenter::Timestamper(*timestamper_));
  } else {
    const Presentation::Terms terms = presentation_->terms();
    timestamper_.emplace(config, terms.begin);
    publisher_offset_ = terms.publisher_offset;
  }
  epoch_ = std::max(epoch_, timestamper_->anchor().epoch);
  const Duration wanted = equal_parts(options, format_, first_frame.span(), options.part_duration);
  const Duration target = presentation_->settle_part_target(id_, wanted);
  const Duration part = parts_within(options, format_, first_frame.span(), target);
  segmenter_.emplace(segmenter_config(options, format_, part));
  const bool is_first = !std::exchange(has_format_, true);

  const media::Kind kind = media::kind_of(format_.codec);
  presentation_->update_track(id_, [&](timeline::TrackInfo& info) {
    info.kind = kind;
    info.codecs = *codecs;
    info.video_range = packager::video_range(format_);
    info.video = as_displayed(format_.video);
    info.audio = format_.audio;
  });
  if (is_first) presentation_->set_init(id_, *init, std::move(codec_name));
  return {};
}

void TrackWriter::end_overdue_segment() {
  const std::unique_lock turn(turn_, std::try_to_lock);
  if (!turn || !segment_) return;
  note_early_end(segmenter::Cut::kSegment);
  awaits_keyframe_ = keyframes_on_request_;
  if (Status status = finish_segment(); !status) warnings_.not_stored(status.error().message);
}

void TrackWriter::discontinuity() {
  const std::lock_guard turn(turn_);
  entry_.reset();
  late_.clear();
  if (timestamper_) timestamper_->reset();
}

void TrackWriter::end() {
  const std::lock_guard turn(turn_);
  if (std::exchange(ended_, true)) return;
  // Nobody is left to hear of an error: what could not be stored is reported as a warning by the
  // presentation.
  if (Status status = finish_segment(); !status) warnings_.not_stored(status.error().message);
  presentation_->end_track(id_);
}

}  // namespace origin::channel
