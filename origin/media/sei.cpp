// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/sei.hpp"

#include "origin/media/nal.hpp"

namespace origin::media {

namespace {

// payloadType and payloadSize: bytes of 255 and one that is less, added up (ITU-T H.264 7.3.2.3.1).
size_t read_number(BitReader& reader) {
  size_t number = 0;
  uint8_t byte = 255;
  while (byte == 255 && reader.ok()) {
    byte = reader.byte();
    number += byte;
  }
  return number;
}

}  // namespace

std::optional<uint32_t> recovery_point(ByteSpan nal, size_t header_size) {
  constexpr size_t kRecoveryPoint = 6;
  constexpr size_t kTrailingBits = 8;
  const std::vector<uint8_t> plain = unescape(nal);
  BitReader reader(plain);
  reader.skip(header_size * 8);
  while (reader.bits_left() > kTrailingBits) {
    const size_t type = read_number(reader), size = read_number(reader);
    BitReader payload(reader.bytes(size));
    if (!reader.ok()) return std::nullopt;
    if (type != kRecoveryPoint) continue;
    const uint32_t distance = payload.ue();
    return payload.ok() ? std::optional(distance) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace origin::media
