// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/aac.hpp"

#include <array>

#include "origin/media/bit_reader.hpp"

namespace origin::media {

namespace {

// Audio object types, ISO/IEC 14496-3 table 1.17.
constexpr uint32_t kLc = 2, kSbr = 5, kScalable = 6, kErLc = 17, kErScalable = 20, kErBsac = 22, kErLd = 23,
                   kPs = 29, kErEld = 39;

uint32_t read_object_type(BitReader& reader) {
  constexpr uint32_t kEscape = 31;
  const uint32_t type = reader.bits(5);
  return type == kEscape ? 32 + reader.bits(6) : type;
}

// samplingFrequencyIndex, table 1.18; 0 for a reserved one.
uint32_t read_sample_rate(BitReader& reader) {
  constexpr std::array<uint32_t, 13> kRates{96'000, 88'200, 64'000, 48'000, 44'100, 32'000, 24'000,
                                            22'050, 16'000, 12'000, 11'025, 8'000,  7'350};
  constexpr uint32_t kExplicit = 15;
  const uint32_t index = reader.bits(4);
  if (index == kExplicit) return reader.bits(24);
  return index < kRates.size() ? kRates[index] : 0;
}

// channelConfiguration, table 1.19; 0 for a reserved one.
uint32_t channels_of(uint32_t configuration) {
  constexpr std::array<uint32_t, 16> kChannels{0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0};
  return kChannels[configuration];
}

// program_config_element(), 4.4.1.1, as far as the channels go.
uint32_t read_program_config(BitReader& reader) {
  reader.skip(4 + 2 + 4);
  uint32_t elements = 0;
  for (int group = 0; group < 3; ++group) elements += reader.bits(4);  // front, side, back
  const uint32_t lfe = reader.bits(2);
  reader.skip(3 + 4);
  if (reader.flag()) reader.skip(4);  // mono_mixdown
  if (reader.flag()) reader.skip(4);  // stereo_mixdown
  if (reader.flag()) reader.skip(3);  // matrix_mixdown
  uint32_t channels = lfe;
  for (uint32_t i = 0; i < elements; ++i) {
    channels += reader.flag() ? 2 : 1;  // a pair, or one
    reader.skip(4);
  }
  return reader.ok() ? channels : 0;
}

bool is_general_audio(uint32_t type) {
  return (type >= 1 && type <= 7 && type != kSbr) || type == kErLc || (type >= 19 && type <= kErLd);
}

// GASpecificConfig(), 4.4.1. False for what it does not allow.
bool read_general_audio(BitReader& reader, uint32_t type, uint32_t channel_configuration, AacConfig& config) {
  const bool short_frame = reader.flag();
  if (type == kErLd) {
    config.frame_length = short_frame ? 480 : 512;
  } else {
    config.frame_length = short_frame ? 960 : 1024;
  }
  if (reader.flag()) reader.skip(14);  // coreCoderDelay
  const bool extension = reader.flag();
  if (channel_configuration == 0) config.channels = read_program_config(reader);
  if (type == kScalable || type == kErScalable) reader.skip(3);
  if (extension) {
    if (type == kErBsac) reader.skip(5 + 11);
    if (type == kErLc || type == 19 || type == kErScalable || type == kErLd) reader.skip(3);
    reader.skip(1);
  }
  return reader.ok();
}

}  // namespace

std::optional<AacConfig> parse_aac_config(ByteSpan bytes) {
  constexpr uint32_t kSbrSync = 0x2b7, kPsSync = 0x548;
  BitReader reader(bytes);
  AacConfig config;
  uint32_t type = read_object_type(reader);
  config.sample_rate = read_sample_rate(reader);
  const uint32_t channel_configuration = reader.bits(4);
  config.channels = channels_of(channel_configuration);
  bool ps = type == kPs, sbr = ps || type == kSbr;
  uint32_t core_rate = config.sample_rate;
  if (sbr) {
    config.sample_rate = read_sample_rate(reader);
    type = read_object_type(reader);
    if (type == kErBsac) reader.skip(4);
  }
  if (type == kErEld) {
    config.frame_length = reader.flag() ? 480 : 512;
  } else if (!is_general_audio(type) || !read_general_audio(reader, type, channel_configuration, config)) {
    return std::nullopt;
  }
  // Backward compatible signalling, 1.6.5.2: the extension follows what an old decoder reads.
  if (!sbr && type == kLc && reader.bits_left() >= 16 && reader.bits(11) == kSbrSync &&
      read_object_type(reader) == kSbr && reader.flag()) {
    sbr = true;
    config.sample_rate = read_sample_rate(reader);
    ps = reader.bits_left() >= 12 && reader.bits(11) == kPsSync && reader.flag();
  }
  if (!reader.ok() || core_rate == 0 || config.sample_rate == 0 || config.channels == 0) return std::nullopt;
  // SBR may also run at the core's own rate ("downsampled").
  if (sbr && config.sample_rate == 2 * core_rate) config.frame_length *= 2;
  if (ps && config.channels == 1) config.channels = 2;
  config.object_type = static_cast<uint8_t>(ps ? kPs : sbr ? kSbr : type);
  return config;
}

}  // namespace origin::media
