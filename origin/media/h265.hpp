// SPDX-License-Identifier: LGPL-2.1-or-later
// H.265: configuration record (ISO/IEC 14496-15 8.3.3.1), sequence parameter set (ITU-T H.265 7.3.2.2) and
// access points. Pure functions, any thread.
#pragma once

#include <array>
#include <optional>

#include "origin/media/access.hpp"
#include "origin/media/nal.hpp"

namespace origin::media {

struct HevcConfig {
  uint8_t profile_space = 0;
  bool high_tier = false;
  uint8_t profile = 0;
  uint32_t compatibility = 0;
  std::array<uint8_t, 6> constraints{};
  uint8_t level = 0;
  unsigned length_size = 4;
  ByteSpan sps;  // the first one, borrowed from the record; may be empty
  // The record has VPS, SPS and PPS (sample entry hvc1); else the samples carry them (hev1).
  bool has_parameter_sets = false;
};

std::optional<HevcConfig> parse_hevc_config(ByteSpan record);
// The record with array_completeness set for VPS, SPS and PPS, as hvc1 requires (ISO/IEC 14496-15 8.4.1.1.1):
// encoders' parsers leave it 0. The same memory where it is set already. REQUIRES: a record that
// parse_hevc_config accepts.
Bytes with_complete_arrays(const Bytes& record);
std::optional<PictureParameters> parse_hevc_sps(ByteSpan nal);
// config: an HEVCDecoderConfigurationRecord.
Access hevc_access(ByteSpan config, ByteSpan sample);
bool hevc_has_captions(ByteSpan config, ByteSpan sample);

}  // namespace origin::media
