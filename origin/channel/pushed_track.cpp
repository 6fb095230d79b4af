// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/pushed_track.hpp"

#include <algorithm>
#include <numeric>

#include "origin/base/text.hpp"
#include "origin/channel/publishing_point.hpp"

namespace origin::channel {

namespace {

// What a chunk may span; what a second of it makes depends on the durations of segments and parts.
constexpr Duration kLongestChunk = 120s;

// What comes again after an outage is not older than that: it is an encoder that has begun anew.
constexpr Duration kLongestAgain = 60s;

// A decode time further from its presentation time is none.
constexpr Duration kMostReordering = 10s;

// Media times further from 0 are none: sums of them still fit in.
constexpr int64_t kMostSeconds = 100ll * 365 * 24 * 3600;

bool can_be(int64_t ticks, uint32_t timescale) {
  return ticks / timescale < kMostSeconds && ticks / timescale > -kMostSeconds;
}

// Frames per second that are taken for a rate, and not for a coincidence.
constexpr uint32_t kHighestRate = 1000;

// 0/1 unless all samples last alike, a second at most.
media::Rational rate_of(const std::vector<media::Sample>& samples, uint32_t timescale) {
  const uint32_t length = samples.front().duration;
  const bool same =
      std::ranges::all_of(samples, [&](const auto& sample) { return sample.duration == length; });
  if (!same || length > timescale || length < timescale / kHighestRate || length == 0) return {};
  const uint32_t divisor = std::gcd(timescale, length);
  return {timescale / divisor, length / divisor};
}

}  // namespace

Duration PushedTrack::time_of(int64_t ticks) const {
  return from_ticks(ticks, header_->format.timescale);
}

Status PushedTrack::take(const packager::Unit& unit, const PushTerms& terms) {
  const MutexLock turn(turn_);
  return unit.kind == packager::Unit::Kind::kHeader ? take_header(unit, terms) : take_chunk(unit, terms);
}

Status PushedTrack::take_header(const packager::Unit& unit, const PushTerms& terms) {
  Result<packager::CmafTrack> track = packager::read_track(unit.bytes.span());
  if (!track) return track.error();
  point_.note_push();
  // Whoever is alone and begins anew may have a time line of its own; who resumes does not.
  const bool is_same = !terms.publisher.empty() && terms.publisher == publisher_;
  const bool is_other = !terms.publisher.empty() && !publisher_.empty() && !is_same;
  // What it pushes again, not having heard that all has come, would be a new presentation.
  if (is_same && ended_) return Error{ErrorCode::kEnded, "track '" + name_ + "' has ended"};
  if (is_other && pushes_ > 1 && !ended_)
    return Error{ErrorCode::kExists, "track '" + name_ + "' has another publisher; take another name"};
  if (pushes_ <= 1 && !is_same) newest_.reset();
  publisher_ = terms.publisher;
  ended_ = false;
  if (header_ && std::ranges::equal(header_bytes_.span(), unit.bytes.span())) return {};
  header_bytes_ = unit.bytes;
  header_ = *std::move(track);
  return {};
}

Status PushedTrack::take_chunk(const packager::Unit& unit, const PushTerms& terms) {
  if (!header_)
    return Error{ErrorCode::kPrecondition,
                 "track '" + name_ + "' has no CMAF header yet; push that first, it is not known here"};
  const Result<packager::CmafChunk> chunk = packager::read_chunk(*header_, point_.store().count(unit.bytes));
  if (!chunk) return chunk.error();
  const uint64_t run = point_.note_push();
  // DASH-IF Live Media Ingest 1.2: filler stands for what is lost, and is no media.
  if (chunk->samples.empty() || unit.is_filler) return {};
  if (Status possible = check_times(*chunk); !possible) return possible;
  if (writer_ && run != run_) writer_ = nullptr;
  if (!writer_) {
    if (Status joined = join(*chunk, terms); !joined) return joined;
  }
  for (const media::Sample& sample : chunk->samples) {
    if (Status pushed = push(sample, *chunk); !pushed) return pushed;
  }
  return {};
}

Status PushedTrack::check_times(const packager::CmafChunk& chunk) const {
  const uint32_t timescale = header_->format.timescale;
  for (const media::Sample& sample : chunk.samples) {
    if (can_be(sample.dts, timescale) && can_be(sample.pts, timescale)) continue;
    return Error{ErrorCode::kInvalid, "times of " + std::to_string(sample.dts) + " and " +
                                          std::to_string(sample.pts) + " ticks are not within 100 years"};
  }
  const Duration length = time_of(chunk.samples.back().dts) - time_of(chunk.samples.front().dts);
  if (length <= kLongestChunk) return {};
  return Error{ErrorCode::kInvalid, "a chunk of " + std::to_string(length / 1s) +
                                        " s is too long; it takes " + std::to_string(kLongestChunk / 1s) +
                                        " s at most"};
}

Status PushedTrack::join(const packager::CmafChunk& chunk, const PushTerms& terms) {
  ChunkTimes times{time_of(chunk.samples.front().dts),
                   time_of(chunk.samples.back().dts + chunk.samples.back().duration),
                   {}};
  if (chunk.producer_time && can_be(chunk.producer_time->media_time, header_->format.timescale))
    times.utc_at_zero =
        chunk.producer_time->utc.time_since_epoch() - time_of(chunk.producer_time->media_time);
  Result<PublishingPoint::Joined> joined = point_.join(name_, terms, times);
  if (!joined) return joined.error();
  const bool is_said = is_language_tag(header_->language) && header_->language != "und";
  const std::string language = terms.language.empty() && is_said ? header_->language : terms.language;
  joined->presentation->update_track(joined->id, [&](timeline::TrackInfo& info) {
    info.language = language;
    info.label = terms.label;
    info.is_default = terms.is_default;
    info.declared_bandwidth = terms.bitrate;
  });
  run_ = joined->run;
  writer_ = TrackWriter::start(std::move(joined->presentation), joined->id, point_.clock());
  writer_->set_keyframes_on_request(terms.aligned);
  known_header_ = {};
  newest_.reset();
  return {};
}

// The rate is not in a header, and tells when a part is over.
void PushedTrack::set_format(const packager::CmafChunk& chunk) {
  media::Format format = header_->format;
  if (media::kind_of(format.codec) == media::Kind::kVideo)
    format.video.frame_rate = rate_of(chunk.samples, format.timescale);
  writer_->set_complete_format(std::move(format));
  known_header_ = header_bytes_;
}

Status PushedTrack::push(const media::Sample& sample, const packager::CmafChunk& chunk) {
  const Duration decode_time = time_of(sample.dts);
  const bool came_before = newest_ && decode_time <= *newest_ && decode_time > *newest_ - kLongestAgain;
  if (came_before || sample.data.empty()) return {};
  newest_ = decode_time;
  // What comes again may have had other headers: the format only changes with media that is new.
  if (!(known_header_ == header_bytes_)) set_format(chunk);
  segmenter::RawTimes times{.pts = time_of(sample.pts), .dts = {}, .duration = time_of(sample.duration)};
  if (std::chrono::abs(*times.pts - decode_time) <= kMostReordering) times.dts = decode_time;
  return writer_->push(sample.data, times);
}

void PushedTrack::end() {
  const MutexLock turn(turn_);
  // One of a run that is over would end another publisher's track.
  if (writer_ && point_.is_current(run_)) writer_->end();
  ended_ = ended_ || writer_ != nullptr;
  writer_ = nullptr;
  header_.reset();
  header_bytes_ = {};
  newest_.reset();
}

}  // namespace origin::channel
