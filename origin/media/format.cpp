// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/format.hpp"

namespace origin::media {

Kind kind_of(Codec codec) {
  switch (codec) {
    case Codec::kH264:
    case Codec::kH265:
    case Codec::kAv1:
    case Codec::kVp9:
      return Kind::kVideo;
    default:
      return Kind::kAudio;
  }
}

std::string_view name_of(Codec codec) {
  switch (codec) {
    case Codec::kH264:
      return "H.264";
    case Codec::kH265:
      return "H.265";
    case Codec::kAv1:
      return "AV1";
    case Codec::kVp9:
      return "VP9";
    case Codec::kAac:
      return "AAC";
    case Codec::kOpus:
      return "Opus";
    case Codec::kFlac:
      return "FLAC";
    case Codec::kAc3:
      return "AC-3";
    case Codec::kEac3:
      return "E-AC-3";
  }
  return "";
}

uint32_t natural_timescale(const Format& format) {
  constexpr uint32_t kUnknownRate = 90'000;
  if (kind_of(format.codec) == Kind::kAudio) {
    // Opus counts at 48 kHz whatever went into the encoder (RFC 7845 4).
    if (format.codec == Codec::kOpus) return 48'000;
    return format.audio.sample_rate ? format.audio.sample_rate : 48'000;
  }
  const Rational rate = format.video.frame_rate;
  if (rate.num == 0 || rate.den == 0) return kUnknownRate;
  if (kUnknownRate % rate.num == 0) return kUnknownRate;
  // At least 10,000 ticks a second, so that composition offsets and jitter keep their precision.
  uint64_t scale = rate.num;
  while (scale < 10'000) scale *= 2;
  return scale <= UINT32_MAX ? static_cast<uint32_t>(scale) : kUnknownRate;
}

uint32_t fixed_frame_length(Codec codec) {
  switch (codec) {
    case Codec::kAac:
      return 1024;
    case Codec::kAc3:
      return 1536;
    default:
      return 0;
  }
}

}  // namespace origin::media
