// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/bitstream.hpp"

#include "origin/media/aac.hpp"
#include "origin/media/ac3.hpp"
#include "origin/media/av1.hpp"
#include "origin/media/flac.hpp"
#include "origin/media/h264.hpp"
#include "origin/media/h265.hpp"
#include "origin/media/opus.hpp"
#include "origin/media/vp9.hpp"

namespace origin::media {

Access access_of(const Format& format, ByteSpan sample) {
  switch (format.codec) {
    case Codec::kH264:
      return avc_access(format.config.span(), sample);
    case Codec::kH265:
      return hevc_access(format.config.span(), sample);
    case Codec::kAv1:
      return is_av1_sync_sample(sample) ? Access::kSync : Access::kNone;
    case Codec::kVp9:
      return parse_vp9_key_frame(sample) ? Access::kSync : Access::kNone;
    default:
      return Access::kSync;
  }
}

bool has_captions(const Format& format, ByteSpan sample) {
  switch (format.codec) {
    case Codec::kH264:
      return avc_has_captions(format.config.span(), sample);
    case Codec::kH265:
      return hevc_has_captions(format.config.span(), sample);
    default:
      return false;
  }
}

uint32_t audio_frame_samples(const Format& format, ByteSpan sample) {
  switch (format.codec) {
    case Codec::kAac: {
      const std::optional<AacConfig> config = parse_aac_config(format.config.span());
      return config ? config->frame_length : 0;
    }
    case Codec::kOpus:
      return opus_packet_samples(sample);
    case Codec::kFlac:
      return flac_frame_samples(sample);
    case Codec::kAc3:
    case Codec::kEac3:
      return ac3_samples(sample);
    default:
      return 0;
  }
}

Bytes storable(const Format& format, const Bytes& sample) {
  return format.codec == Codec::kAv1 ? without_temporal_delimiters(sample) : sample;
}

}  // namespace origin::media
