// SPDX-License-Identifier: LGPL-2.1-or-later
// AAC: AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1). Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "origin/base/bytes.hpp"

namespace origin::media {

struct AacConfig {
  uint8_t object_type = 0;    // what RFC 6381 wants: 2 LC, 5 with SBR, 29 with SBR and PS, …
  uint32_t sample_rate = 0;   // that comes out: twice the core's with SBR
  uint32_t channels = 0;      // that come out: 2 from a mono core with PS
  uint32_t frame_length = 0;  // samples of sample_rate
};

// SBR and PS count where they are signalled; where they are not, nobody can know before decoding.
std::optional<AacConfig> parse_aac_config(ByteSpan config);

}  // namespace origin::media
