// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/format_terms.hpp"

#include <algorithm>

#include "origin/media/bitstream.hpp"

namespace origin::channel {

namespace {

// Without a wall clock a hole cannot be told from a slow slide show: up to this long, the frame before it
// stays.
constexpr Duration kLongestStill = 10s;

// What encoders reorder with B-frames that are referred to, where nothing says how many it is.
constexpr size_t kReorderDepth = 2;

// What a duration may be off if it is to be one of whole frames.
constexpr Duration kExact = 1us;

// In seconds; 0 if frames may last as they like.
media::Rational frame_duration(const media::Format& format, ByteSpan first_frame) {
  if (media::kind_of(format.codec) == media::Kind::kVideo)
    return {format.video.frame_rate.den, format.video.frame_rate.num};
  const uint32_t rate = format.codec == media::Codec::kOpus ? 48'000 : format.audio.sample_rate;
  return {media::audio_frame_samples(format, first_frame), rate};
}

}  // namespace

// The baseline profile of H.264 has no frames out of order (ITU-T H.264 A.2.1): the second byte of its
// configuration (ISO/IEC 14496-15 5.3.3.1.2).
bool may_reorder(const media::Format& format) {
  constexpr uint8_t kBaseline = 66;
  if (format.codec == media::Codec::kH265) return true;
  return format.codec == media::Codec::kH264 &&
         !(format.config.size() > 1 && format.config.data()[1] == kBaseline);
}

segmenter::Reach reach_of(const Options& options) {
  segmenter::Reach reach;
  reach.wall_clock = options.wall_clock;
  reach.future = std::max<Duration>(options.segment_duration, 2s);
  reach.still = kLongestStill;
  return reach;
}

segmenter::Timestamper::Config timestamper_config(const Options& options, const media::Format& format) {
  segmenter::Timestamper::Config config;
  config.timescale = format.timescale;
  config.audio = media::kind_of(format.codec) == media::Kind::kAudio;
  config.reach = reach_of(options);
  // What may not be longer than its target duration cannot show a frame for longer than a segment.
  config.hole_threshold =
      options.type == timeline::PlaylistType::kVod ? kLongestStill : options.segment_duration;
  const media::Rational rate = format.video.frame_rate;
  if (!config.audio && rate.num) config.nominal_duration = scale_round(format.timescale, rate.den, rate.num);
  if (may_reorder(format)) config.reorder_depth = kReorderDepth;
  return config;
}

Duration equal_parts(const Options& options, const media::Format& format, ByteSpan first_frame,
                     Duration longest) {
  const media::Rational frame = frame_duration(format, first_frame);
  if (frame.num == 0 || frame.den == 0 || !has_parts(options)) return longest;
  const auto whole_frames = [frame](Duration time) {
    return static_cast<int64_t>(static_cast<__int128>(time.count()) * frame.den /
                                (frame.num * kNanosecondsPerSecond));
  };
  const int64_t most = std::max<int64_t>(1, whole_frames(longest + kExact));
  const int64_t in_segment = whole_frames(options.segment_duration - kExact) + 1;
  const int64_t parts = (in_segment + most - 1) / most;
  return from_ticks((in_segment + parts - 1) / parts * frame.num, frame.den);
}

Duration parts_within(const Options& options, const media::Format& format, ByteSpan first_frame,
                      Duration target) {
  const Duration equal = equal_parts(options, format, first_frame, target);
  return equal * 100 >= target * 85 ? std::min(equal, target) : target;
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

media::VideoFormat as_displayed(media::VideoFormat video) {
  if (video.pixel_aspect.num && video.pixel_aspect.den) {
    video.width =
        static_cast<uint32_t>(scale_round(video.width, video.pixel_aspect.num, video.pixel_aspect.den));
  }
  return video;
}

}  // namespace origin::channel
