// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/sei.hpp"

#include <algorithm>
#include <array>

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

// Calls visit(type, payload) for each message until it returns true.
template <typename Visit>
void for_each_message(ByteSpan nal, size_t header_size, Visit visit) {
  constexpr size_t kTrailingBits = 8;
  const std::vector<uint8_t> plain = unescape(nal);
  BitReader reader(plain);
  reader.skip(header_size * 8);
  while (reader.bits_left() > kTrailingBits) {
    const size_t type = read_number(reader), size = read_number(reader);
    const ByteSpan payload = reader.bytes(size);
    if (!reader.ok() || visit(type, payload)) return;
  }
}

}  // namespace

std::optional<uint32_t> recovery_point(ByteSpan nal, size_t header_size) {
  constexpr size_t kRecoveryPoint = 6;
  std::optional<uint32_t> distance;
  for_each_message(nal, header_size, [&](size_t type, ByteSpan payload) {
    if (type != kRecoveryPoint) return false;
    BitReader reader(payload);
    const uint32_t code = reader.ue();
    if (reader.ok()) distance = code;
    return true;
  });
  return distance;
}

bool carries_captions(ByteSpan nal, size_t header_size) {
  constexpr size_t kRegisteredByT35 = 4;
  // United States, ATSC, "GA94", cc_data.
  constexpr std::array<uint8_t, 8> kCaptions{0xb5, 0x00, 0x31, 'G', 'A', '9', '4', 0x03};
  bool found = false;
  for_each_message(nal, header_size, [&](size_t type, ByteSpan payload) {
    found = type == kRegisteredByT35 && payload.size() > kCaptions.size() &&
            std::equal(kCaptions.begin(), kCaptions.end(), payload.begin());
    return found;
  });
  return found;
}

}  // namespace origin::media
