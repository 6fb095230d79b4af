// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/vp9.hpp"

#include <algorithm>
#include <array>

#include "origin/media/bit_reader.hpp"
#include "origin/media/bit_writer.hpp"

namespace origin::media {

namespace {

// The first frame with any bytes: annex B puts an index of the sizes at the end of a superframe.
ByteSpan first_frame(ByteSpan sample) {
  if (sample.empty()) return sample;
  const uint8_t marker = sample.back();
  if (marker >> 5 != 0b110) return sample;
  const size_t frames = (marker & 7u) + 1, bytes_per_size = ((marker >> 3) & 3u) + 1;
  const size_t index_size = 2 + frames * bytes_per_size;
  if (sample.size() < index_size || sample[sample.size() - index_size] != marker) return sample;
  const ByteSpan data = sample.first(sample.size() - index_size);
  const ByteSpan index = sample.subspan(data.size() + 1);
  for (size_t frame = 0; frame < frames; ++frame) {
    size_t size = 0;
    for (size_t i = bytes_per_size; i-- > 0;) size = size << 8 | index[frame * bytes_per_size + i];
    if (size > 0) return data.first(std::min(size, data.size()));
  }
  return {};
}

// matrix_coefficients for color_space 1 to 6 (7.2.2); unspecified for the others.
uint8_t matrix_of(uint32_t color_space) {
  constexpr std::array<uint8_t, 8> kMatrices{2, 6, 1, 6, 7, 9, 2, 0};
  return kMatrices[color_space];
}

// color_config(), 6.2.2. False for what the specification does not allow.
bool read_colour(BitReader& reader, Vp9KeyFrame& frame) {
  constexpr uint32_t kUnknown = 0, kRgb = 7;
  const bool has_subsampling = frame.profile == 1 || frame.profile == 3;
  if (frame.profile >= 2) frame.bit_depth = reader.flag() ? 12 : 10;
  const uint32_t color_space = reader.bits(3);
  Colour colour;
  colour.matrix = matrix_of(color_space);
  if (color_space == kRgb) {
    if (!has_subsampling) return false;
    colour.full_range = true;
    frame.subsampling_x = frame.subsampling_y = false;
    reader.skip(1);
  } else {
    colour.full_range = reader.flag();
    if (has_subsampling) {
      frame.subsampling_x = reader.flag();
      frame.subsampling_y = reader.flag();
      reader.skip(1);
    }
  }
  if (color_space != kUnknown || colour.full_range) frame.colour = colour;
  return true;
}

}  // namespace

std::optional<Vp9KeyFrame> parse_vp9_key_frame(ByteSpan sample) {
  constexpr uint32_t kFrameMarker = 2, kSyncCode = 0x498342;
  BitReader reader(first_frame(sample));
  Vp9KeyFrame frame;
  if (reader.bits(2) != kFrameMarker) return std::nullopt;
  const bool profile_low = reader.flag(), profile_high = reader.flag();
  frame.profile = static_cast<uint8_t>((profile_high ? 2 : 0) + (profile_low ? 1 : 0));
  if (frame.profile == 3 && reader.flag()) return std::nullopt;  // reserved_zero
  const bool show_existing_frame = reader.flag();
  const bool non_key_frame = reader.flag();
  if (show_existing_frame || non_key_frame) return std::nullopt;
  reader.skip(2);  // show_frame, error_resilient_mode
  if (reader.bits(24) != kSyncCode || !read_colour(reader, frame)) return std::nullopt;
  frame.width = reader.bits(16) + 1;
  frame.height = reader.bits(16) + 1;
  if (!reader.ok()) return std::nullopt;
  return frame;
}

uint8_t vp9_level(uint32_t width, uint32_t height, Rational frame_rate) {
  struct Level {
    uint8_t number;
    uint64_t luma_rate;
    uint64_t luma_size;
    uint32_t side;
  };
  static constexpr std::array<Level, 14> kLevels{{{10, 829'440, 36'864, 512},
                                                  {11, 2'764'800, 73'728, 768},
                                                  {20, 4'608'000, 122'880, 960},
                                                  {21, 9'216'000, 245'760, 1344},
                                                  {30, 20'736'000, 552'960, 2048},
                                                  {31, 36'864'000, 983'040, 2752},
                                                  {40, 83'558'400, 2'228'224, 4160},
                                                  {41, 160'432'128, 2'228'224, 4160},
                                                  {50, 311'951'360, 8'912'896, 8384},
                                                  {51, 588'251'136, 8'912'896, 8384},
                                                  {52, 1'176'502'272, 8'912'896, 8384},
                                                  {60, 1'176'502'272, 35'651'584, 16832},
                                                  {61, 2'353'004'544, 35'651'584, 16832},
                                                  {62, 4'706'009'088, 35'651'584, 16832}}};
  if (frame_rate.num == 0 || frame_rate.den == 0) frame_rate = {30, 1};
  const uint64_t size = uint64_t{width} * height;
  const auto fits = [&](const Level& level) {
    return size <= level.luma_size && std::max(width, height) <= level.side &&
           static_cast<unsigned __int128>(size) * frame_rate.num <=
               static_cast<unsigned __int128>(level.luma_rate) * frame_rate.den;
  };
  const auto* level = std::find_if(kLevels.begin(), kLevels.end(), fits);
  return level != kLevels.end() ? level->number : kLevels.back().number;
}

Bytes make_vp9_config(const Vp9KeyFrame& key_frame, const VideoFormat& video) {
  constexpr uint8_t k420Colocated = 1, k422 = 2, k444 = 3, k440 = 4;
  const Colour colour = video.colour.value_or(key_frame.colour.value_or(Colour{}));
  BitWriter writer;
  writer.bits(key_frame.profile, 8);
  writer.bits(vp9_level(video.width, video.height, video.frame_rate), 8);
  writer.bits(key_frame.bit_depth, 4);
  if (key_frame.subsampling_x) {
    writer.bits(key_frame.subsampling_y ? k420Colocated : k422, 3);
  } else {
    writer.bits(key_frame.subsampling_y ? k440 : k444, 3);
  }
  writer.flag(colour.full_range);
  writer.bits(colour.primaries, 8);
  writer.bits(colour.transfer, 8);
  writer.bits(colour.matrix, 8);
  writer.bits(0, 16);  // codecInitializationDataSize
  return std::move(writer).finish();
}

std::optional<Vp9Config> parse_vp9_config(ByteSpan record) {
  BitReader reader(record);
  Vp9Config config;
  config.profile = reader.byte();
  config.level = reader.byte();
  config.bit_depth = static_cast<uint8_t>(reader.bits(4));
  config.chroma_subsampling = static_cast<uint8_t>(reader.bits(3));
  config.colour.full_range = reader.flag();
  config.colour.primaries = reader.byte();
  config.colour.transfer = reader.byte();
  config.colour.matrix = reader.byte();
  reader.skip(16);
  if (!reader.ok() || config.profile > 3) return std::nullopt;
  return config;
}

}  // namespace origin::media
