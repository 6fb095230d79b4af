// SPDX-License-Identifier: LGPL-2.1-or-later
// AV1: open bitstream units (AV1 Bitstream & Decoding Process 5.3 to 5.9) and the configuration record (AV1
// in ISOBMFF 2.3.3). Pure functions, any thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

struct Av1Sequence {
  uint8_t profile = 0;
  uint8_t level = 0;  // seq_level_idx[0]
  bool high_tier = false;
  uint8_t bit_depth = 8;
  bool monochrome = false;
  bool subsampling_x = true;
  bool subsampling_y = true;
  uint8_t chroma_position = 0;
  bool reduced_still_picture = false;
  uint32_t width = 0;  // largest that a frame may have
  uint32_t height = 0;
  std::optional<Colour> colour;
};

// The first sequence header in a run of OBUs.
std::optional<Av1Sequence> find_av1_sequence(ByteSpan obus);

// An AV1CodecConfigurationRecord from the first sequence header in a run of OBUs; empty if there is none.
Bytes make_av1_config(ByteSpan obus);

// What the fixed part of a record says, with size and colour from its configOBUs where it has them.
std::optional<Av1Sequence> parse_av1_config(ByteSpan record);

// A sequence header, and the first frame is a shown key frame (AV1 in ISOBMFF 2.4).
bool is_av1_sync_sample(ByteSpan sample);

// Without temporal delimiters: the same memory where there is none inside, else a copy.
Bytes without_temporal_delimiters(const Bytes& sample);

}  // namespace origin::media
