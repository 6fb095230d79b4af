// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/elementary_stream.hpp"

#include <cassert>
#include <optional>

#include "origin/base/text.hpp"
#include "origin/media/bit_reader.hpp"

namespace origin::packager {

namespace {

// Class tags, ISO/IEC 14496-1 table 1.
constexpr uint8_t kEsDescriptor = 3, kDecoderConfig = 4, kDecoderSpecificInfo = 5, kSlConfig = 6;
constexpr uint8_t kAudioIso14496_3 = 0x40, kAudioStream = 5;
constexpr size_t kDecoderConfigSize = 13;  // before the descriptors in it

// The content of the first descriptor with this tag: tag, length in bytes of seven bits, content (ISO/IEC
// 14496-1 8.3.3).
std::optional<ByteSpan> find_descriptor(ByteSpan descriptors, uint8_t tag) {
  media::BitReader reader(descriptors);
  while (reader.bits_left() > 0) {
    const uint8_t found = reader.byte();
    size_t length = 0;
    bool more = true;
    for (int i = 0; i < 4 && more; ++i) {
      more = reader.flag();
      length = length << 7 | reader.bits(7);
    }
    const ByteSpan content = reader.bytes(length);
    if (!reader.ok()) return std::nullopt;
    if (found == tag) return content;
  }
  return std::nullopt;
}

// The descriptors in an ES_Descriptor.
ByteSpan stream_descriptors(ByteSpan es_descriptor) {
  media::BitReader reader(es_descriptor);
  reader.skip(16);  // ES_ID
  const bool depends = reader.flag(), has_url = reader.flag(), has_clock = reader.flag();
  reader.skip(5);  // streamPriority
  if (depends) reader.skip(16);
  if (has_url) reader.bytes(reader.byte());
  if (has_clock) reader.skip(16);
  return reader.rest();
}

}  // namespace

void write_elementary_stream(BoxWriter& writer, ByteSpan config) {
  assert(config.size() <= kLongestAudioConfig);
  const auto config_size = static_cast<uint8_t>(config.size());
  writer.u8(kEsDescriptor);
  writer.u8(static_cast<uint8_t>(3 + 2 + kDecoderConfigSize + 2 + config_size + 3));
  writer.u16(0);  // ES_ID: 0 in a file (ISO/IEC 14496-14 4.1.2)
  writer.u8(0);
  writer.u8(kDecoderConfig);
  writer.u8(static_cast<uint8_t>(kDecoderConfigSize + 2 + config_size));
  writer.u8(kAudioIso14496_3);
  writer.u8(kAudioStream << 2 | 1);
  writer.u24(0);  // bufferSizeDB
  writer.u32(0);  // maxBitrate
  writer.u32(0);  // avgBitrate: not known
  writer.u8(kDecoderSpecificInfo);
  writer.u8(config_size);
  writer.bytes(config);
  writer.u8(kSlConfig);
  writer.u8(1);
  writer.u8(2);  // MP4
}

Result<ByteSpan> read_elementary_stream(ByteSpan descriptor) {
  const std::optional<ByteSpan> stream = find_descriptor(descriptor, kEsDescriptor);
  const std::optional<ByteSpan> decoder =
      stream ? find_descriptor(stream_descriptors(*stream), kDecoderConfig) : std::nullopt;
  if (!decoder || decoder->size() < kDecoderConfigSize) {
    return Error{ErrorCode::kInvalid, "'esds' has no DecoderConfigDescriptor (ISO/IEC 14496-1 7.2.6.6)"};
  }
  if (decoder->front() != kAudioIso14496_3) {
    return Error{ErrorCode::kUnsupported, "'esds' has objectTypeIndication 0x" + to_hex(decoder->first(1)) +
                                              "; only 0x40 (AAC) is understood"};
  }
  const std::optional<ByteSpan> config =
      find_descriptor(decoder->subspan(kDecoderConfigSize), kDecoderSpecificInfo);
  if (!config)
    return Error{ErrorCode::kInvalid, "'esds' has no AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)"};
  return *config;
}

}  // namespace origin::packager
