// SPDX-License-Identifier: LGPL-2.1-or-later
// What H.264 and H.265 have in common: NAL units. Pure functions, any thread.
#pragma once

#include <optional>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/media/bit_reader.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

// What a sequence parameter set says about the shown picture.
struct PictureParameters {
  uint32_t width = 0;
  uint32_t height = 0;
  std::optional<Colour> colour;
};

// Calls visit(nal) for each length-prefixed NAL unit of a sample (ISO/IEC 14496-15 4.3.3) until it returns
// true or the sample ends; a length that points outside ends it too. REQUIRES: 1 <= length_size <= 4.
template <typename Visit>
void for_each_nal(ByteSpan sample, unsigned length_size, Visit visit) {
  while (sample.size() > length_size) {
    size_t length = 0;
    for (unsigned i = 0; i < length_size; ++i) length = length << 8 | sample[i];
    sample = sample.subspan(length_size);
    if (length > sample.size()) return;
    if (length > 0 && visit(sample.first(length))) return;
    sample = sample.subspan(length);
  }
}

// The NAL unit without emulation prevention bytes (ITU-T H.264 7.3.1, H.265 7.3.1.1).
inline std::vector<uint8_t> unescape(ByteSpan nal) {
  std::vector<uint8_t> plain;
  plain.reserve(nal.size());
  unsigned zeros = 0;
  for (const uint8_t byte : nal) {
    if (zeros >= 2 && byte == 3) {
      zeros = 0;
      continue;
    }
    zeros = byte == 0 ? zeros + 1 : 0;
    plain.push_back(byte);
  }
  return plain;
}

// The start of vui_parameters(), the same in ITU-T H.264 E.1.1 and H.265 E.2.1, up to the colour description.
inline std::optional<Colour> read_vui_colour(BitReader& reader) {
  constexpr uint32_t kExtendedSar = 255;
  if (reader.flag() && reader.bits(8) == kExtendedSar) reader.skip(32);
  if (reader.flag()) reader.skip(1);        // overscan_appropriate_flag
  if (!reader.flag()) return std::nullopt;  // video_signal_type_present_flag
  reader.skip(3);                           // video_format
  Colour colour;
  colour.full_range = reader.flag();
  if (reader.flag()) {
    colour.primaries = reader.byte();
    colour.transfer = reader.byte();
    colour.matrix = reader.byte();
  }
  if (!reader.ok()) return std::nullopt;
  return colour;
}

}  // namespace origin::media
