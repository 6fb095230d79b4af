// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/h265.hpp"

#include <algorithm>

#include "origin/media/sei.hpp"

namespace origin::media {

namespace {

// nal_unit_type, ITU-T H.265 table 7-1
constexpr uint8_t kLastVcl = 31, kVps = 32, kSps = 33, kPps = 34, kPrefixSei = 39;
constexpr size_t kLengthSizeAt = 21;
constexpr uint8_t kArrayCompleteness = 0x80;
constexpr size_t kNalHeader = 2;
constexpr size_t kGeneralProfileBits = 88, kLevelBits = 8;

uint8_t type_of(ByteSpan nal) {
  return (nal[0] >> 1) & 0x3f;
}

// Of the NAL units in samples, by an HEVCDecoderConfigurationRecord.
unsigned length_size_of(ByteSpan config) {
  return config.size() > kLengthSizeAt ? (config[kLengthSizeAt] & 3u) + 1 : 4;
}

// profile_tier_level(1, max_sub_layers_minus1), 7.3.3.
void skip_profile_tier_level(BitReader& reader, unsigned max_sub_layers_minus1) {
  reader.skip(kGeneralProfileBits + kLevelBits);
  if (max_sub_layers_minus1 == 0) return;
  std::array<uint32_t, 8> present{};
  for (uint32_t& flags : present) flags = reader.bits(2);  // unused ones are reserved bits
  for (unsigned i = 0; i < max_sub_layers_minus1; ++i) {
    if (present[i] & 2) reader.skip(kGeneralProfileBits);
    if (present[i] & 1) reader.skip(kLevelBits);
  }
}

// scaling_list_data(), 7.3.4.
void skip_scaling_lists(BitReader& reader) {
  for (unsigned size = 0; size < 4; ++size) {
    for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.ue();  // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (size > 1) reader.skip_se();
      const unsigned coefficients = std::min(64u, 1u << (4 + 2 * size));
      for (unsigned i = 0; i < coefficients && reader.ok(); ++i) reader.skip_se();
    }
  }
}

// st_ref_pic_set(index), 7.3.7: gives NumDeltaPocs, which the next set may be predicted from. Counts a
// predicted delta of 0 as one (7-61 and 7-62 do not); no encoder codes a reference to the picture itself.
uint32_t read_ref_pic_set(BitReader& reader, bool first, uint32_t previous_count) {
  constexpr uint32_t kMost = 16;
  if (!first && reader.flag()) {  // inter_ref_pic_set_prediction_flag
    reader.skip(1);
    reader.ue();
    uint32_t count = 0;
    for (uint32_t i = 0; i <= previous_count; ++i) {
      const bool used = reader.flag();
      if (used || reader.flag()) ++count;
    }
    return count;
  }
  const uint32_t negative = reader.ue(), positive = reader.ue();
  if (negative > kMost || positive > kMost) {
    reader.skip(reader.bits_left() + 1);  // no such set: fails the reader
    return 0;
  }
  for (uint32_t i = 0; i < negative + positive; ++i) {
    reader.ue();
    reader.skip(1);
  }
  return negative + positive;
}

// From the bit depths to just before vui_parameters_present_flag.
void skip_to_vui(BitReader& reader, unsigned max_sub_layers_minus1) {
  reader.ue();  // bit_depth_luma_minus8
  reader.ue();  // bit_depth_chroma_minus8
  const uint32_t poc_lsb_bits = std::min(reader.ue(), 28u) + 4;
  for (unsigned i = reader.flag() ? 0 : max_sub_layers_minus1; i <= max_sub_layers_minus1; ++i) {
    for (int field = 0; field < 3; ++field) reader.ue();
  }
  for (int field = 0; field < 6; ++field) reader.ue();  // block sizes and transform depths
  if (reader.flag() && reader.flag()) skip_scaling_lists(reader);
  reader.skip(2);
  if (reader.flag()) {  // pcm_enabled_flag
    reader.skip(8);
    reader.ue();
    reader.ue();
    reader.skip(1);
  }
  const uint32_t sets = reader.ue();
  uint32_t count = 0;
  for (uint32_t i = 0; i < sets && reader.ok(); ++i) count = read_ref_pic_set(reader, i == 0, count);
  if (reader.flag()) {  // long_term_ref_pics_present_flag
    const uint32_t long_term = reader.ue();
    for (uint32_t i = 0; i < long_term && reader.ok(); ++i) reader.skip(poc_lsb_bits + 1);
  }
  reader.skip(2);
}

// Calls visit(offset of the array's first byte, nal_unit_type, nal) for each NAL unit from numOfArrays on.
template <typename Visit>
void for_each_array(BitReader& reader, Visit visit) {
  const size_t size = reader.bits_left() / 8;
  const uint32_t arrays = reader.byte();
  for (uint32_t i = 0; i < arrays && reader.ok(); ++i) {
    const size_t offset = size - reader.bits_left() / 8;
    const uint8_t type = reader.byte() & 0x3f;
    const uint32_t count = reader.bits(16);
    for (uint32_t n = 0; n < count; ++n) {
      const ByteSpan nal = reader.bytes(reader.bits(16));
      if (!reader.ok()) return;
      visit(offset, type, nal);
    }
  }
}

}  // namespace

std::optional<HevcConfig> parse_hevc_config(ByteSpan record) {
  BitReader reader(record);
  HevcConfig config;
  if (reader.byte() != 1) return std::nullopt;  // configurationVersion
  config.profile_space = static_cast<uint8_t>(reader.bits(2));
  config.high_tier = reader.flag();
  config.profile = static_cast<uint8_t>(reader.bits(5));
  config.compatibility = reader.bits(32);
  for (uint8_t& byte : config.constraints) byte = reader.byte();
  config.level = reader.byte();
  reader.bytes(kLengthSizeAt - 13);
  reader.skip(6);
  config.length_size = reader.bits(2) + 1;
  unsigned found = 0;
  for_each_array(reader, [&](size_t, uint8_t type, ByteSpan nal) {
    if (type == kSps && config.sps.empty()) config.sps = nal;
    if (type >= kVps && type <= kPps) found |= 1u << (type - kVps);
  });
  config.has_parameter_sets = found == 7;
  if (!reader.ok() || config.length_size == 3) return std::nullopt;
  return config;
}

Bytes with_complete_arrays(const Bytes& record) {
  std::vector<uint8_t> copy(record.data(), record.data() + record.size());
  BitReader reader(record.span().subspan(kLengthSizeAt + 1));
  for_each_array(reader, [&](size_t offset, uint8_t type, ByteSpan) {
    if (type >= kVps && type <= kPps) copy[kLengthSizeAt + 1 + offset] |= kArrayCompleteness;
  });
  Bytes complete = Bytes::take(std::move(copy));
  return complete == record ? record : complete;
}

std::optional<PictureParameters> parse_hevc_sps(ByteSpan nal) {
  const std::vector<uint8_t> plain = unescape(nal);
  BitReader reader(plain);
  reader.skip(16 + 4);  // NAL unit header, sps_video_parameter_set_id
  const unsigned max_sub_layers_minus1 = reader.bits(3);
  reader.skip(1);
  skip_profile_tier_level(reader, max_sub_layers_minus1);
  reader.ue();  // sps_seq_parameter_set_id
  const uint32_t chroma_format = reader.ue();
  if (chroma_format == 3) reader.skip(1);
  const uint64_t width = reader.ue(), height = reader.ue();
  uint64_t crop_x = 0, crop_y = 0;
  if (reader.flag()) {  // conformance_window_flag, in units of table 6-1
    crop_x = (uint64_t{reader.ue()} + reader.ue()) * (chroma_format == 1 || chroma_format == 2 ? 2 : 1);
    crop_y = (uint64_t{reader.ue()} + reader.ue()) * (chroma_format == 1 ? 2 : 1);
  }
  if (!reader.ok() || crop_x >= width || crop_y >= height || width > UINT16_MAX || height > UINT16_MAX) {
    return std::nullopt;
  }
  PictureParameters picture;
  picture.width = static_cast<uint32_t>(width - crop_x);
  picture.height = static_cast<uint32_t>(height - crop_y);
  skip_to_vui(reader, max_sub_layers_minus1);
  if (reader.flag()) picture.colour = read_vui_colour(reader);
  return picture;
}

// nal_unit_type of ITU-T H.265 table 7-1. A decoder that begins at a picture of type BLA_W_LP or CRA leaves
// out the RASL pictures that follow it; the other IRAP types have none (7.4.2.2).
Access hevc_access(ByteSpan config, ByteSpan sample) {
  constexpr uint8_t kRaslN = 8, kRaslR = 9, kBlaWithLeading = 16, kFirstClosed = 17, kLastClosed = 20,
                    kLastIrap = 23;
  std::optional<uint32_t> recovery_pictures;
  Access access = Access::kNone;
  for_each_nal(sample, length_size_of(config), [&](ByteSpan nal) {
    const uint8_t type = type_of(nal);
    if (type == kPrefixSei && !recovery_pictures) recovery_pictures = recovery_point(nal, kNalHeader);
    if (type > kLastVcl) return false;
    if (type == kRaslN || type == kRaslR) {
      access = Access::kSkipped;
    } else if (type >= kFirstClosed && type <= kLastClosed) {
      access = Access::kSync;
    } else if (type >= kBlaWithLeading && type <= kLastIrap) {
      access = Access::kClean;
    } else if (recovery_pictures) {
      const bool later = *recovery_pictures % 2 == 1;  // odd code numbers are positive: 9.2.2
      access = later ? Access::kGradual : Access::kRecovery;
    }
    return true;
  });
  return access;
}

bool hevc_has_captions(ByteSpan config, ByteSpan sample) {
  bool found = false;
  for_each_nal(sample, length_size_of(config), [&](ByteSpan nal) {
    const uint8_t type = type_of(nal);
    found = type == kPrefixSei && carries_captions(nal, kNalHeader);
    return found || type <= kLastVcl;
  });
  return found;
}

}  // namespace origin::media
