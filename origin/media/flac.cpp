// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/flac.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "origin/media/bit_reader.hpp"

namespace origin::media {

namespace {

constexpr size_t kStreamInfoSize = 34;
constexpr uint32_t kStreamInfoType = 0;

bool skip_prefix(ByteSpan& data, std::string_view prefix) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  if (!text.starts_with(prefix)) return false;
  data = data.subspan(prefix.size());
  return true;
}

}  // namespace

Bytes make_flac_config(ByteSpan header) {
  constexpr size_t kOggVersionAndCount = 4;
  if (skip_prefix(header,
                  "\x7f"
                  "FLAC"))
    header = header.subspan(std::min(header.size(), kOggVersionAndCount));
  skip_prefix(header, "fLaC");
  ByteSpan stream_info = header;
  if (header.size() != kStreamInfoSize) {
    BitReader reader(header);
    reader.skip(1);  // last block
    const bool is_stream_info = reader.bits(7) == kStreamInfoType && reader.bits(24) == kStreamInfoSize;
    stream_info = reader.bytes(kStreamInfoSize);
    if (!reader.ok() || !is_stream_info) return {};
  }
  std::vector<uint8_t> block{0x80 | kStreamInfoType, 0, 0, kStreamInfoSize};
  block.insert(block.end(), stream_info.begin(), stream_info.end());
  if (!parse_flac_config(block)) return {};
  return Bytes::take(std::move(block));
}

std::optional<FlacStreamInfo> parse_flac_config(ByteSpan blocks) {
  BitReader reader(blocks);
  reader.skip(1);
  if (reader.bits(7) != kStreamInfoType || reader.bits(24) != kStreamInfoSize) return std::nullopt;
  reader.skip(16 + 16 + 24 + 24);
  FlacStreamInfo info;
  info.sample_rate = reader.bits(20);
  info.channels = reader.bits(3) + 1;
  info.bits_per_sample = reader.bits(5) + 1;
  reader.skip(36);
  reader.bytes(16);
  if (!reader.ok() || info.sample_rate == 0) return std::nullopt;
  return info;
}

uint32_t flac_frame_samples(ByteSpan frame) {
  constexpr uint32_t kSync = 0x7ffc;  // 14 bits of sync code and a reserved 0
  BitReader reader(frame);
  if (reader.bits(15) != kSync) return 0;
  reader.skip(1);
  const uint32_t code = reader.bits(4);
  reader.skip(4 + 4 + 3 + 1);
  // Coded like UTF-8: as many bytes as the first one has leading ones.
  const int ones = std::countl_one(reader.byte());
  if (ones == 1 || ones > 7) return 0;
  if (ones > 1) reader.bytes(static_cast<size_t>(ones) - 1);
  uint32_t samples = 0;
  if (code == 1) samples = 192;
  if (code >= 2 && code <= 5) samples = 144u << code;
  if (code == 6) samples = reader.bits(8) + 1;
  if (code == 7) samples = reader.bits(16) + 1;
  if (code >= 8) samples = 1u << code;
  return reader.ok() ? samples : 0;
}

}  // namespace origin::media
