// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/h264.hpp"

#include <algorithm>
#include <array>

#include "origin/media/sei.hpp"

namespace origin::media {

namespace {

// ITU-T H.264 table 7-1.
constexpr uint8_t kSlice = 1, kIdrSlice = 5, kSei = 6;

uint8_t type_of(ByteSpan nal) {
  return nal[0] & 0x1f;
}

// Of the NAL units in samples, by an AVCDecoderConfigurationRecord.
unsigned length_size_of(ByteSpan config) {
  constexpr size_t kAt = 4;
  return config.size() > kAt ? (config[kAt] & 3u) + 1 : 4;
}

// The profiles whose SPS has chroma_format_idc (ITU-T H.264 7.3.2.1.1).
bool has_chroma_format(uint8_t profile) {
  constexpr std::array<uint8_t, 13> kProfiles{44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244};
  return std::binary_search(kProfiles.begin(), kProfiles.end(), profile);
}

int32_t read_se(BitReader& reader) {
  const int64_t code = reader.ue();
  return static_cast<int32_t>(code % 2 ? (code + 1) / 2 : -(code / 2));
}

// scaling_list() of 7.3.2.1.1.1: how long it is depends on its values.
void skip_scaling_list(BitReader& reader, unsigned size) {
  int32_t last = 8, next = 8;
  for (unsigned i = 0; i < size && reader.ok(); ++i) {
    if (next != 0) next = static_cast<int32_t>((int64_t{last} + read_se(reader)) & 0xff);
    if (next != 0) last = next;
  }
}

// From chroma_format_idc to the scaling matrix; gives chroma_format_idc, 0 for separately coded planes.
uint32_t read_chroma(BitReader& reader) {
  const uint32_t chroma_format = reader.ue();
  const bool separate_planes = chroma_format == 3 && reader.flag();
  reader.ue();  // bit_depth_luma_minus8
  reader.ue();  // bit_depth_chroma_minus8
  reader.skip(1);
  if (reader.flag()) {  // seq_scaling_matrix_present_flag
    const unsigned lists = chroma_format == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; ++i) {
      if (reader.flag()) skip_scaling_list(reader, i < 6 ? 16 : 64);
    }
  }
  return separate_planes ? 0 : chroma_format;
}

void skip_picture_order_count(BitReader& reader) {
  const uint32_t type = reader.ue();
  if (type == 0) {
    reader.ue();
  } else if (type == 1) {
    reader.skip(1);
    reader.skip_se();
    reader.skip_se();
    const uint32_t cycle = reader.ue();
    for (uint32_t i = 0; i < cycle && reader.ok(); ++i) reader.skip_se();
  }
}

}  // namespace

std::optional<AvcConfig> parse_avc_config(ByteSpan record) {
  BitReader reader(record);
  AvcConfig config;
  if (reader.byte() != 1) return std::nullopt;  // configurationVersion
  config.profile = reader.byte();
  config.compatibility = reader.byte();
  config.level = reader.byte();
  reader.skip(6);
  config.length_size = reader.bits(2) + 1;
  reader.skip(3);
  const uint32_t sps_count = reader.bits(5);
  for (uint32_t i = 0; i < sps_count; ++i) {
    const ByteSpan sps = reader.bytes(reader.bits(16));
    if (i == 0) config.sps = sps;
  }
  const uint32_t pps_count = reader.byte();
  for (uint32_t i = 0; i < pps_count; ++i) reader.bytes(reader.bits(16));
  if (!reader.ok() || config.length_size == 3) return std::nullopt;
  return config;
}

std::optional<PictureParameters> parse_avc_sps(ByteSpan nal) {
  const std::vector<uint8_t> plain = unescape(nal);
  BitReader reader(plain);
  reader.skip(8);
  const uint8_t profile = reader.byte();
  reader.skip(16);
  reader.ue();  // seq_parameter_set_id
  const uint32_t chroma_array = has_chroma_format(profile) ? read_chroma(reader) : 1;
  reader.ue();  // log2_max_frame_num_minus4
  skip_picture_order_count(reader);
  reader.ue();  // max_num_ref_frames
  reader.skip(1);
  const uint64_t width_in_mbs = uint64_t{reader.ue()} + 1;
  const uint64_t height_in_map_units = uint64_t{reader.ue()} + 1;
  const unsigned fields = reader.flag() ? 1 : 2;  // frame_mbs_only_flag
  if (fields == 2) reader.skip(1);
  reader.skip(1);
  uint64_t crop_x = 0, crop_y = 0;
  if (reader.flag()) {  // frame_cropping_flag, in units of 7.4.2.1.1
    const unsigned unit_x = chroma_array == 1 || chroma_array == 2 ? 2 : 1;
    const unsigned unit_y = (chroma_array == 1 ? 2 : 1) * fields;
    crop_x = (uint64_t{reader.ue()} + reader.ue()) * unit_x;
    crop_y = (uint64_t{reader.ue()} + reader.ue()) * unit_y;
  }
  const uint64_t width = width_in_mbs * 16, height = height_in_map_units * 16 * fields;
  if (!reader.ok() || crop_x >= width || crop_y >= height || width > UINT16_MAX || height > UINT16_MAX) {
    return std::nullopt;
  }
  PictureParameters picture;
  picture.width = static_cast<uint32_t>(width - crop_x);
  picture.height = static_cast<uint32_t>(height - crop_y);
  if (reader.flag()) picture.colour = read_vui_colour(reader);
  return picture;
}

Access avc_access(ByteSpan config, ByteSpan sample) {
  std::optional<uint32_t> recovery_frames;
  Access access = Access::kNone;
  for_each_nal(sample, length_size_of(config), [&](ByteSpan nal) {
    const uint8_t type = type_of(nal);
    if (type == kSei && !recovery_frames) recovery_frames = recovery_point(nal, 1);
    if (type < kSlice || type > kIdrSlice) return false;
    if (type == kIdrSlice) {
      access = Access::kSync;
    } else if (recovery_frames) {
      access = *recovery_frames == 0 ? Access::kRecovery : Access::kGradual;
    }
    return true;
  });
  return access;
}

bool avc_has_captions(ByteSpan config, ByteSpan sample) {
  bool found = false;
  for_each_nal(sample, length_size_of(config), [&](ByteSpan nal) {
    const uint8_t type = type_of(nal);
    found = type == kSei && carries_captions(nal, 1);
    return found || (type >= kSlice && type <= kIdrSlice);
  });
  return found;
}

}  // namespace origin::media
