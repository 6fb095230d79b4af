// SPDX-License-Identifier: LGPL-2.1-or-later
// VP9: uncompressed header (VP9 Bitstream & Decoding Process 6.2), superframes (annex B) and the
// configuration record (VP Codec ISO Media File Format Binding). Pure functions, any thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

// What a key frame says about itself.
struct Vp9KeyFrame {
  uint8_t profile = 0;
  uint8_t bit_depth = 8;
  bool subsampling_x = true;
  bool subsampling_y = true;
  std::optional<Colour> colour;  // only matrix and range are in the bitstream
  uint32_t width = 0;
  uint32_t height = 0;
};

// The first frame of a sample, if it is a key frame. In a superframe the first one counts, shown or hidden.
std::optional<Vp9KeyFrame> parse_vp9_key_frame(ByteSpan sample);

struct Vp9Config {
  uint8_t profile = 0;
  uint8_t level = 0;  // ten times the level number
  uint8_t bit_depth = 8;
  uint8_t chroma_subsampling = 1;
  Colour colour;
};

// The lowest level (times ten) whose picture size and luma sample rate hold this; 30 frames/s where the rate
// is unknown.
uint8_t vp9_level(uint32_t width, uint32_t height, Rational frame_rate);

Bytes make_vp9_config(const Vp9KeyFrame& key_frame, const VideoFormat& video);
std::optional<Vp9Config> parse_vp9_config(ByteSpan record);

}  // namespace origin::media
