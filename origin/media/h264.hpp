// SPDX-License-Identifier: LGPL-2.1-or-later
// H.264: configuration record (ISO/IEC 14496-15 5.3.3.1), sequence parameter set (ITU-T H.264 7.3.2.1.1) and
// access points. Pure functions, any thread.
#pragma once

#include <optional>

#include "origin/media/access.hpp"
#include "origin/media/nal.hpp"

namespace origin::media {

struct AvcConfig {
  uint8_t profile = 0;
  uint8_t compatibility = 0;
  uint8_t level = 0;
  unsigned length_size = 4;  // bytes before each NAL unit of a sample
  // The first one, borrowed from the record; empty where the samples carry the parameter sets (sample entry
  // avc3).
  ByteSpan sps;
};

std::optional<AvcConfig> parse_avc_config(ByteSpan record);
std::optional<PictureParameters> parse_avc_sps(ByteSpan nal);
// config: an AVCDecoderConfigurationRecord.
Access avc_access(ByteSpan config, ByteSpan sample);
bool avc_has_captions(ByteSpan config, ByteSpan sample);

}  // namespace origin::media
