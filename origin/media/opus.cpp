// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/opus.hpp"

#include <algorithm>
#include <array>

#include "origin/media/bit_reader.hpp"
#include "origin/media/bit_writer.hpp"

namespace origin::media {

namespace {

uint32_t little_endian(ByteSpan bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Bytes make_opus_config(ByteSpan header) {
  constexpr std::string_view kMagic = "OpusHead";
  BitReader reader(header);
  const ByteSpan magic = reader.bytes(kMagic.size());
  if (!std::equal(magic.begin(), magic.end(), kMagic.begin(), kMagic.end())) return {};
  if (reader.byte() >> 4 != 0) return {};  // an incompatible version
  const uint8_t channels = reader.byte();
  const uint32_t pre_skip = little_endian(reader.bytes(2));
  const uint32_t input_rate = little_endian(reader.bytes(4));
  const uint32_t gain = little_endian(reader.bytes(2));
  const uint8_t family = reader.byte();
  // Stream count, coupled count and a channel mapping, in the same layout as in the box.
  const ByteSpan mapping = family != 0 ? reader.bytes(2 + size_t{channels}) : ByteSpan{};
  if (!reader.ok() || channels == 0 || (family == 0 && channels > 2)) return {};
  BitWriter writer;
  writer.bits(0, 8);  // Version
  writer.bits(channels, 8);
  writer.bits(pre_skip, 16);
  writer.bits(input_rate, 32);
  writer.bits(gain, 16);
  writer.bits(family, 8);
  writer.bytes(mapping);
  return std::move(writer).finish();
}

Bytes make_opus_config(const AudioFormat& audio) {
  if (audio.channels == 0 || audio.channels > 2) return {};
  BitWriter writer;
  writer.bits(0, 8);
  writer.bits(audio.channels, 8);
  writer.bits(0, 16);
  writer.bits(audio.sample_rate, 32);
  writer.bits(0, 24);
  return std::move(writer).finish();
}

std::optional<uint32_t> opus_channels(ByteSpan config) {
  BitReader reader(config);
  const uint8_t version = reader.byte();
  const uint8_t channels = reader.byte();
  reader.bytes(2 + 4 + 2);
  if (reader.byte() != 0) reader.bytes(2 + size_t{channels});
  if (!reader.ok() || version != 0 || channels == 0) return std::nullopt;
  return channels;
}

bool is_opus_stereo(ByteSpan packet) {
  return !packet.empty() && (packet[0] & 4) != 0;
}

uint32_t opus_packet_samples(ByteSpan packet) {
  constexpr uint32_t kMost = kOpusRate * 120 / 1000;  // RFC 6716 3.2.5
  if (packet.empty()) return 0;
  const unsigned configuration = packet[0] >> 3, size_code = configuration & 3;
  uint32_t frame = 0;
  if (configuration < 12) {
    constexpr std::array<uint32_t, 4> kSilk{480, 960, 1920, 2880};
    frame = kSilk[size_code];
  } else if (configuration < 16) {
    frame = configuration & 1 ? 960 : 480;
  } else {
    frame = 120u << size_code;
  }
  uint32_t frames = 1;
  switch (packet[0] & 3) {
    case 0:
      break;
    case 3:
      if (packet.size() < 2) return 0;
      frames = packet[1] & 0x3f;
      break;
    default:
      frames = 2;
  }
  return frame * frames <= kMost ? frame * frames : 0;
}

}  // namespace origin::media
