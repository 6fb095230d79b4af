// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/track_writer.hpp"

#include <algorithm>

#include "origin/media/bitstream.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/packager/cmaf.hpp"

namespace origin::channel {

namespace {

// Without a wall clock a hole cannot be told from a slow slide show: up to this long, the frame before it
// stays.
constexpr Duration kLongestStill = 10s;
constexpr Duration kWarningInterval = 30s;

// What encoders reorder with B-frames that are referred to, where nothing says how many it is.
constexpr size_t kReorderDepth = 2;

// The baseline profile of H.264 has no frames out of order (ITU-T H.264 A.2.1): the second byte of its
// configuration (ISO/IEC 14496-15 5.3.3.1.2).
bool may_reorder(const media::Format& format) {
  constexpr uint8_t kBaseline = 66;
  if (format.codec == media::Codec::kH265) return true;
  return format.codec == media::Codec::kH264 &&
         !(format.config.size() > 1 && format.config.data()[1] == kBaseline);
}

// How far behind its boundary a keyframe may come to count as made for it.
Duration grid_tolerance(const Options& options) {
  return options.segment_duration / 8;
}

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", to_seconds(duration));
  return text;
}

segmenter::Timestamper::Config timestamper_config(const Options& options, const media::Format& format) {
  segmenter::Timestamper::Config config;
  config.timescale = format.timescale;
  config.audio = media::kind_of(format.codec) == media::Kind::kAudio;
  config.wall_clock = options.wall_clock;
  // What may not be longer than its target duration cannot show a frame for longer than a segment.
  config.hole_threshold =
      options.type == timeline::PlaylistType::kVod ? kLongestStill : options.segment_duration;
  config.jump_threshold = kLongestStill;
  config.future_tolerance = std::max<Duration>(options.segment_duration, 2s);
  const media::Rational rate = format.video.frame_rate;
  if (!config.audio && rate.num) config.nominal_duration = scale_round(format.timescale, rate.den, rate.num);
  if (may_reorder(format)) config.reorder_depth = kReorderDepth;
  return config;
}

// What a duration may be off if it is to be one of whole frames.
constexpr Duration kExact = 1us;

// As many whole frames as fit into part-duration (or one that does not), less what makes the parts of a
// segment equal: a last part of a frame or two costs every viewer a request, and hls.js at times overlooks it
// and stalls. part-duration where frames may last as they like.
Duration part_target(const Options& options, const media::Format& format, ByteSpan first_frame) {
  media::Rational frame;  // seconds
  if (media::kind_of(format.codec) == media::Kind::kAudio) {
    const uint32_t rate = format.codec == media::Codec::kOpus ? 48'000 : format.audio.sample_rate;
    frame = {media::audio_frame_samples(format, first_frame), rate};
  } else {
    frame = {format.video.frame_rate.den, format.video.frame_rate.num};
  }
  if (frame.num == 0 || frame.den == 0 || !has_parts(options)) return options.part_duration;
  const auto whole_frames = [frame](Duration time) {
    return static_cast<int64_t>(static_cast<__int128>(time.count()) * frame.den /
                                (frame.num * kNanosecondsPerSecond));
  };
  const int64_t most = std::max<int64_t>(1, whole_frames(options.part_duration + kExact));
  const int64_t in_segment = whole_frames(options.segment_duration - kExact) + 1;
  const int64_t parts = (in_segment + most - 1) / most;
  return from_ticks((in_segment + parts - 1) / parts * frame.num, frame.den);
}

segmenter::Segmenter::Config segmenter_config(const Options& options, const media::Format& format,
                                              Duration part) {
  segmenter::Segmenter::Config config;
  config.timescale = format.timescale;
  config.video = media::kind_of(format.codec) == media::Kind::kVideo;
  config.segment_duration = options.segment_duration;
  config.part_duration = part;
  return config;
}

int64_t end_of(const segmenter::Timed& timed) {
  return timed.place + timed.duration;
}

// RESOLUTION is what the picture is shown at (RFC 8216bis 4.4.6.2).
media::VideoFormat as_displayed(media::VideoFormat video) {
  if (video.pixel_aspect.num && video.pixel_aspect.den) {
    video.width =
        static_cast<uint32_t>(scale_round(video.width, video.pixel_aspect.num, video.pixel_aspect.den));
  }
  return video;
}

}  // namespace

std::shared_ptr<TrackWriter> TrackWriter::start(std::shared_ptr<Presentation> presentation,
                                                Presentation::TrackId id, const Clock& clock) {
  const std::shared_ptr<TrackWriter> writer(new TrackWriter(presentation, id, clock));
  presentation->attach_writer(id, writer);
  return writer;
}

TrackWriter::TrackWriter(std::shared_ptr<Presentation> presentation, Presentation::TrackId id,
                         const Clock& clock)
    : presentation_(std::move(presentation)), id_(id), clock_(clock) {}

void TrackWriter::set_format(media::Format format, Bytes out_of_band) {
  presentation_->fix_wall_clock();
  next_format_ = PendingFormat{std::move(format), std::move(out_of_band)};
}

Status TrackWriter::push(const Bytes& data, const segmenter::RawTimes& times) {
  const std::lock_guard turn(turn_);
  if (ended_) return Error{ErrorCode::kEnded, "the track has ended"};
  if (next_format_) {
    const Result<bool> ready = take_format(data);
    if (!ready) return ready.error();
    if (!*ready) return leave_out();
  }
  if (!has_format_) return Error{ErrorCode::kInvalid, "a sample came before the track's format was set"};

  Frame frame{data, with_length(times, data), clock_.utc(), media::access_of(format_, data.span())};
  if (leads_to_entry(frame)) {
    // What is left out leaves no hole: the entry is decoded in its stead.
    if (entry_->times.dts && frame.times.dts) entry_->times.dts = frame.times.dts;
    presentation_->note_dropped(id_);
    return {};
  }
  if (Status status = release_entry(); !status) return status;
  const bool interrupted = is_interrupted_before(frame);
  if (interrupted && !media::is_entry(frame.access)) return leave_out();
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
  return presentation_->terms().forced_anchors != forced_anchors_ ||
         timestamper_->before(frame.times, frame.arrived) != segmenter::Break::kNone;
}

Status TrackWriter::release_entry() {
  if (!entry_) return {};
  const Frame entry = std::move(*entry_);
  entry_.reset();
  return write(entry);
}

Status TrackWriter::write(const Frame& frame) {
  const Presentation::Terms terms = presentation_->terms();
  if (terms.forced_anchors != forced_anchors_) {
    forced_anchors_ = terms.forced_anchors;
    timestamper_->set_anchor(terms.anchor);
  }
  max_segment_ = terms.max_segment;
  segmenter_->set_max_segment(to_ticks(max_segment_, format_.timescale));
  const segmenter::Timed timed = timestamper_->next(frame.times, frame.arrived, terms.anchor);
  if (timed.before == segmenter::Break::kOverlap) {
    presentation_->note_dropped(id_);
    return {};
  }
  epoch_ = std::max(epoch_, timestamper_->anchor().epoch);
  if (timestamper_->anchor().epoch > terms.anchor.epoch) presentation_->adopt_anchor(timestamper_->anchor());

  const bool follows = timed.before == segmenter::Break::kNone;
  if (held_) {
    // Decode times are contiguous: a sample lasts to the next one's. Before a hole it lasts as long as it
    // said.
    if (follows) {
      held_->duration = static_cast<uint32_t>(timed.dts - held_->dts);
      // Leading pictures follow at once, or not at all (ITU-T H.265 7.4.2.2).
      const bool leads = timed.pts < held_->pts || frame.access == media::Access::kSkipped;
      if (held_->access == media::Access::kClean && !leads) held_->access = media::Access::kSync;
    }
    if (Status status = settle_held(follows ? timed.place : end_of(held_time_)); !status) return status;
  }
  if (timed.pts + timed.duration / 2 < resume_at_) {
    presentation_->note_dropped(id_);
    return {};
  }
  const bool begins = !follows || (!segment_ && !ended_early_);
  ended_early_ = false;
  if (begins && !media::is_entry(frame.access)) return leave_out();
  waits_for_sync_ = false;
  const bool joins = joins_discontinuity(timed, frame.access, terms);
  if (joins) epoch_ = terms.newest_epoch;
  if (Status status = cut(timed, frame.access, begins || joins); !status) return status;
  if (!segment_) {
    presentation_->note_dropped(id_);
    return {};
  }
  held_time_ = timed;
  held_ = media::Sample{.data = media::storable(format_, frame.data),
                        .pts = timed.pts,
                        .dts = timed.dts,
                        .duration = static_cast<uint32_t>(timed.duration),
                        .access = frame.access};
  return end_early();
}

// A new format of another track is a discontinuity of all, at the same time (RFC 8216bis 6.2.4). Where the
// time line itself changed, this track comes to that on its own.
bool TrackWriter::joins_discontinuity(const segmenter::Timed& timed, media::Access access,
                                      const Presentation::Terms& terms) const {
  return access == media::Access::kSync && terms.newest_epoch > epoch_ &&
         terms.anchor.offset == timestamper_->anchor().offset &&
         time_of(timed.place + timed.duration / 2) >= terms.newest_epoch_start;
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
  const segmenter::Cut cut = segmenter_->expected();
  if (cut == segmenter::Cut::kNone) return {};
  segmenter_->end_early(cut);
  timestamper_->hold_end();
  ended_early_ = cut == segmenter::Cut::kSegment;
  if (ended_early_) return finish_segment();
  release_held(end_of(held_time_));
  return flush_chunk(keyframes_on_request_ && segmenter_->is_due());
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
  if (next_format_->out_of_band.empty() && has_format_ && wanted.codec == format_.codec)
    wanted.config = format_.config;
  // The length of NAL unit lengths, which tells keyframes, is in the record itself.
  media::Format probe = wanted;
  if (!next_format_->out_of_band.empty()) probe.config = next_format_->out_of_band;
  if (!media::is_entry(media::access_of(probe, data.span()))) return false;

  Result<media::Format> complete =
      media::complete_format(std::move(wanted), next_format_->out_of_band, data.span());
  if (!complete) return complete.error();
  next_format_.reset();
  complete->timescale = media::natural_timescale(*complete);
  if (has_format_ && *complete == format_) return true;
  if (Status status = apply_format(std::move(*complete), data); !status) return status.error();
  return true;
}

Status TrackWriter::apply_format(media::Format format, const Bytes& first_frame) {
  const Result<Bytes> init = packager::write_init_segment(format);
  if (!init) return init.error();
  const Result<std::string> codecs = packager::codecs_string(format);
  if (!codecs) return codecs.error();

  if (has_format_) {
    if (Status status = finish_segment(); !status) return status;
    epoch_ = presentation_->next_epoch(epoch_);
  }
  format_ = std::move(format);
  const Presentation::Terms terms = presentation_->terms();
  segmenter::Anchor anchor = timestamper_ ? timestamper_->anchor() : terms.anchor;
  anchor.epoch = std::max(anchor.epoch, epoch_);
  epoch_ = anchor.epoch;
  forced_anchors_ = terms.forced_anchors;
  const Duration decode_from = timestamper_ ? timestamper_->decode_end() : Duration::zero();
  timestamper_.emplace(timestamper_config(presentation_->options(), format_), anchor, decode_from);
  const Options& options = presentation_->options();
  const Duration part =
      presentation_->settle_part_target(id_, part_target(options, format_, first_frame.span()));
  segmenter_.emplace(segmenter_config(options, format_, part));
  has_format_ = true;

  const media::Kind kind = media::kind_of(format_.codec);
  presentation_->update_track(id_, [&](timeline::TrackInfo& info) {
    info.kind = kind;
    info.codecs = *codecs;
    info.video_range = packager::video_range(format_);
    info.video = as_displayed(format_.video);
    info.audio = format_.audio;
  });
  presentation_->set_init(id_, *init, std::string(media::name_of(format_.codec)));
  return {};
}

Status TrackWriter::cut(const segmenter::Timed& timed, media::Access access, bool force) {
  const segmenter::Decision decision =
      segmenter_->next({timed.pts, timed.place, timed.duration, media::is_entry(access)}, force);
  switch (decision.before) {
    case segmenter::Cut::kNone:
      return {};
    case segmenter::Cut::kPart:
      return flush_chunk(false);
    case segmenter::Cut::kSegment:
      note_start(timed, access);
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
  const bool in_turn = timed.pts - timed.place <= timed.duration / 2;
  if (access != Access::kSync && !(access == Access::kClean && in_turn)) presentation_->note_dependent(id_);
  const bool open = access == Access::kRecovery || access == Access::kGradual;
  if (!open || std::exchange(warned_of_open_groups_, true)) return;
  presentation_->warn(
      "segments begin with recovery points instead of IDR pictures (open groups of pictures, intra refresh): "
      "browsers can neither begin nor seek there",
      "have the encoder close its groups of pictures and make whole keyframes (x264enc "
      "option-string=open-gop=0 intra-refresh=false)");
}

Status TrackWriter::open_segment(const segmenter::Timed& timed) {
  const Result<Presentation::Opened> opened = presentation_->open_segment(
      id_, {time_of(timed.place), time_of(timed.pts), epoch_, time_of(timed.duration / 2)});
  if (opened) {
    segment_ = opened->sequence;
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
      if (!media::is_entry(held_->access)) warn_of_slow_frames();
      if (Status status = open_segment(held_time_); !status) return status;
  }
  release_held(end);
  return {};
}

// The newest sample has a successor, or never will: it ends at `end` of the time line.
void TrackWriter::release_held(int64_t end) {
  if (pending_.empty()) pending_start_ = held_time_.place;
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
    warn_of_loss(added.error().message);
    // Tried again with the next segment of the grid.
    const Duration next = presentation_->next_boundary_after(time_of(samples.back().pts));
    resume_at_ = to_ticks(next, format_.timescale);
  }
  segment_.reset();
  for (size_t i = 0; i < samples.size(); ++i) presentation_->note_dropped(id_);
  return {};
}

void TrackWriter::warn_of_loss(const std::string& why) {
  const MonotonicTime now = clock_.monotonic();
  if (warned_of_loss_ && now - *warned_of_loss_ < kWarningInterval) return;
  warned_of_loss_ = now;
  presentation_->warn(why + ": media is lost", "raise memory-limit, or lower window or the bitrates");
}

Status TrackWriter::finish_segment() {
  if (Status status = release_entry(); !status) return status;
  if (held_) release_held(end_of(held_time_));
  return close_segment();
}

Status TrackWriter::close_segment() {
  if (Status status = flush_chunk(true); !status) return status;
  if (segment_) presentation_->close_segment(id_, *segment_);
  segment_.reset();
  return {};
}

// What the first boundary tells of a video source: whether it makes keyframes where they are wanted.
void TrackWriter::learn_cadence(const segmenter::Decision& decision) {
  const Options& options = presentation_->options();
  if (media::kind_of(format_.codec) != media::Kind::kVideo || options.type == timeline::PlaylistType::kVod)
    return;
  const bool at_target = decision.reason == segmenter::CutReason::kTarget;
  if (decision.reason != segmenter::CutReason::kBoundary && !at_target) return;
  const Duration gop = at_target ? max_segment_ : time_of(segmenter_->longest_gop());
  const bool on_grid =
      !at_target && keyframes_on_request_ && time_of(decision.lateness) <= grid_tolerance(options);
  if (!cadence_noted_) {
    cadence_noted_ = true;
    presentation_->note_cadence(id_, {on_grid, gop});
  }
  const bool too_far_apart =
      at_target || (!on_grid && gop > options.segment_duration + grid_tolerance(options));
  if (!too_far_apart || warned_of_gop_) return;
  warned_of_gop_ = true;
  presentation_->warn(
      "keyframes come every " + seconds(gop) + " and are not made on request; segments of " +
          seconds(options.segment_duration) + " cannot be cut on the grid",
      "set the encoder's keyframe interval to at most segment-duration (x264enc key-int-max=" +
          std::to_string(std::max<int64_t>(
              1, format_.video.frame_rate.num
                     ? scale_round(options.segment_duration.count(), format_.video.frame_rate.num,
                                   kNanosecondsPerSecond * format_.video.frame_rate.den)
                     : scale_round(options.segment_duration.count(), 30, kNanosecondsPerSecond))) +
          "), or segment-duration or target-duration to at least the keyframe interval");
}

void TrackWriter::warn_of_slow_frames() {
  if (std::exchange(warned_of_slow_frames_, true)) return;
  presentation_->warn("frames last up to a whole segment: not every segment begins with a keyframe",
                      "repeat frames (videorate), or make keyframes of all of them");
}

bool TrackWriter::source_stopped() {
  const std::unique_lock turn(turn_, std::try_to_lock);
  if (!turn) return false;
  if (Status status = finish_segment(); !status)
    presentation_->warn(status.error().message, "raise memory-limit");
  return true;
}

void TrackWriter::discontinuity() {
  const std::lock_guard turn(turn_);
  entry_.reset();
  if (timestamper_) timestamper_->reset();
}

void TrackWriter::end() {
  const std::lock_guard turn(turn_);
  if (std::exchange(ended_, true)) return;
  // Nobody is left to hear of an error: what could not be stored is reported as a warning by the
  // presentation.
  if (Status status = finish_segment(); !status)
    presentation_->warn(status.error().message, "raise memory-limit");
  presentation_->end_track(id_);
}

}  // namespace origin::channel
