// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/codec_config.hpp"

#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/media/aac.hpp"
#include "origin/media/ac3.hpp"
#include "origin/media/av1.hpp"
#include "origin/media/flac.hpp"
#include "origin/media/h264.hpp"
#include "origin/media/h265.hpp"
#include "origin/media/opus.hpp"
#include "origin/media/vp9.hpp"

namespace origin::media {

namespace {

Error invalid(const Format& format, std::string_view reason) {
  return {ErrorCode::kInvalid, std::string(name_of(format.codec)) + ": " + std::string(reason)};
}

// Out-of-band configuration that is not what it has to be: `wanted`, with the clause that describes it.
Error invalid(const Format& format, const Bytes& out_of_band, std::string_view wanted) {
  constexpr size_t kShown = 24;
  if (out_of_band.empty())
    return invalid(format, "the caps have no configuration; needed is " + std::string(wanted));
  const ByteSpan shown = out_of_band.span().first(std::min(out_of_band.size(), kShown));
  return invalid(format, "the configuration in the caps is " + to_hex(shown) +
                             (shown.size() < out_of_band.size() ? "..." : "") + ", which is no valid " +
                             std::string(wanted));
}

// The caller's description of the picture stands; the bitstream's fills what it leaves open.
void fill_picture(VideoFormat& video, uint32_t width, uint32_t height, const std::optional<Colour>& colour) {
  if (video.width == 0 || video.height == 0) {
    video.width = width;
    video.height = height;
  }
  if (!video.colour) video.colour = colour;
}

Result<Format> complete_h264(Format format, const Bytes& out_of_band) {
  const std::optional<AvcConfig> config = parse_avc_config(out_of_band.span());
  if (!config)
    return invalid(format, out_of_band, "codec_data: AVCDecoderConfigurationRecord, ISO/IEC 14496-15 5.3.3");
  if (const auto picture = parse_avc_sps(config->sps)) {
    fill_picture(format.video, picture->width, picture->height, picture->colour);
  }
  format.config = out_of_band;
  return format;
}

Result<Format> complete_h265(Format format, const Bytes& out_of_band) {
  const std::optional<HevcConfig> config = parse_hevc_config(out_of_band.span());
  if (!config)
    return invalid(format, out_of_band, "codec_data: HEVCDecoderConfigurationRecord, ISO/IEC 14496-15 8.3.3");
  if (const auto picture = parse_hevc_sps(config->sps)) {
    fill_picture(format.video, picture->width, picture->height, picture->colour);
  }
  format.config = config->has_parameter_sets ? with_complete_arrays(out_of_band) : out_of_band;
  return format;
}

// The sample's own sequence header beats the record: it is what the decoder will see.
Result<Format> complete_av1(Format format, const Bytes& out_of_band, ByteSpan first_sample) {
  format.config = make_av1_config(first_sample);
  if (format.config.empty()) format.config = out_of_band;
  const std::optional<Av1Sequence> sequence = parse_av1_config(format.config.span());
  if (!sequence)
    return invalid(format, "no valid sequence header in the first frame, and no av1C in the caps");
  fill_picture(format.video, sequence->width, sequence->height, sequence->colour);
  return format;
}

Result<Format> complete_vp9(Format format, ByteSpan first_sample) {
  const std::optional<Vp9KeyFrame> key_frame = parse_vp9_key_frame(first_sample);
  if (!key_frame) return invalid(format, "the first frame is not a key frame");
  fill_picture(format.video, key_frame->width, key_frame->height, key_frame->colour);
  format.config = make_vp9_config(*key_frame, format.video);
  return format;
}

Result<Format> complete_aac(Format format, const Bytes& out_of_band) {
  const std::optional<AacConfig> config = parse_aac_config(out_of_band.span());
  if (!config) {
    return invalid(format, out_of_band,
                   "codec_data: AudioSpecificConfig with sample rate and channels, ISO/IEC 14496-3 1.6.2.1");
  }
  format.audio = {config->sample_rate, config->channels};
  format.config = out_of_band;
  return format;
}

Result<Format> complete_opus(Format format, const Bytes& out_of_band, ByteSpan first_sample) {
  if (out_of_band.empty()) {
    if (format.audio.channels == 0) format.audio.channels = is_opus_stereo(first_sample) ? 2 : 1;
    format.config = make_opus_config(format.audio);
    if (format.config.empty()) return invalid(format, "more than two channels need an OpusHead in the caps");
  } else {
    format.config = make_opus_config(out_of_band.span());
    if (format.config.empty()) return invalid(format, out_of_band, "streamheader: OpusHead, RFC 7845 5.1");
  }
  format.audio = {kOpusRate, *opus_channels(format.config.span())};
  return format;
}

Result<Format> complete_flac(Format format, const Bytes& out_of_band) {
  format.config = make_flac_config(out_of_band.span());
  const std::optional<FlacStreamInfo> info = parse_flac_config(format.config.span());
  if (!info) return invalid(format, out_of_band, "streamheader: STREAMINFO, RFC 9639 8.2");
  format.audio = {info->sample_rate, info->channels};
  return format;
}

Result<Format> complete_ac3(Format format, ByteSpan first_sample) {
  const bool enhanced = format.codec == Codec::kEac3;
  format.config = enhanced ? make_eac3_config(first_sample) : make_ac3_config(first_sample);
  const std::optional<AudioFormat> audio =
      enhanced ? parse_eac3_config(format.config.span()) : parse_ac3_config(format.config.span());
  if (!audio) return invalid(format, "the first sample is not a sync frame");
  format.audio = {ac3_sample_rate(first_sample), audio->channels};
  return format;
}

Result<Format> complete(Format format, const Bytes& out_of_band, ByteSpan first_sample) {
  switch (format.codec) {
    case Codec::kH264:
      return complete_h264(std::move(format), out_of_band);
    case Codec::kH265:
      return complete_h265(std::move(format), out_of_band);
    case Codec::kAv1:
      return complete_av1(std::move(format), out_of_band, first_sample);
    case Codec::kVp9:
      return complete_vp9(std::move(format), first_sample);
    case Codec::kAac:
      return complete_aac(std::move(format), out_of_band);
    case Codec::kOpus:
      return complete_opus(std::move(format), out_of_band, first_sample);
    case Codec::kFlac:
      return complete_flac(std::move(format), out_of_band);
    case Codec::kAc3:
    case Codec::kEac3:
      return complete_ac3(std::move(format), first_sample);
  }
  return invalid(format, "unknown codec");
}

}  // namespace

Result<Format> complete_format(Format format, const Bytes& out_of_band, ByteSpan first_sample) {
  Result<Format> completed = complete(std::move(format), out_of_band, first_sample);
  if (completed && kind_of(completed->codec) == Kind::kVideo &&
      (completed->video.width == 0 || completed->video.height == 0)) {
    return invalid(*completed, "neither the caps nor the bitstream tell the picture's size");
  }
  return completed;
}

std::optional<Format> complete_from_config(Format format) {
  const ByteSpan config = format.config.span();
  switch (format.codec) {
    case Codec::kVp9: {
      const std::optional<Vp9Config> parsed = parse_vp9_config(config);
      if (!parsed) return std::nullopt;
      if (!format.video.colour && parsed->colour != Colour{}) format.video.colour = parsed->colour;
      return format;
    }
    case Codec::kOpus: {
      const std::optional<uint32_t> channels = opus_channels(config);
      if (!channels) return std::nullopt;
      format.audio = {kOpusRate, *channels};
      return format;
    }
    case Codec::kAc3:
    case Codec::kEac3: {
      const std::optional<AudioFormat> audio =
          format.codec == Codec::kAc3 ? parse_ac3_config(config) : parse_eac3_config(config);
      if (!audio) return std::nullopt;
      if (format.audio.sample_rate == 0) format.audio.sample_rate = audio->sample_rate;
      format.audio.channels = audio->channels;
      return format;
    }
    // Their record is what caps have, and all that is needed.
    default: {
      const Bytes record = format.config;
      Result<Format> completed = complete(std::move(format), record, {});
      return completed ? std::optional(*completed) : std::nullopt;
    }
  }
}

}  // namespace origin::media
