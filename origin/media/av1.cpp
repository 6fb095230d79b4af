// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/av1.hpp"

#include <algorithm>
#include <vector>

#include "origin/media/bit_reader.hpp"
#include "origin/media/bit_writer.hpp"

namespace origin::media {

namespace {

enum ObuType : uint8_t { kSequenceHeader = 1, kTemporalDelimiter = 2, kFrameHeader = 3, kFrame = 6 };

struct Obu {
  uint8_t type = 0;
  ByteSpan whole;
  ByteSpan payload;
};

// leb128(), 4.10.5: at most 8 bytes, and a value below 2^32.
std::optional<uint32_t> read_leb128(BitReader& reader) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const uint8_t byte = reader.byte();
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) {
      if (!reader.ok() || value > UINT32_MAX) return std::nullopt;
      return static_cast<uint32_t>(value);
    }
  }
  return std::nullopt;
}

// Takes the first OBU off data; nothing when the rest is not one. An OBU without a size field is the last
// one.
std::optional<Obu> next_obu(ByteSpan& data) {
  BitReader reader(data);
  Obu obu;
  if (reader.flag()) return std::nullopt;  // obu_forbidden_bit
  obu.type = static_cast<uint8_t>(reader.bits(4));
  const bool extension = reader.flag(), has_size = reader.flag();
  reader.skip(1);
  if (extension) reader.skip(8);
  if (has_size) {
    const std::optional<uint32_t> size = read_leb128(reader);
    if (!size) return std::nullopt;
    obu.payload = reader.bytes(*size);
  } else {
    obu.payload = reader.rest();
  }
  if (!reader.ok()) return std::nullopt;
  const size_t length = data.size() - reader.bits_left() / 8;
  obu.whole = data.first(length);
  data = data.subspan(length);
  return obu;
}

std::optional<Obu> find_obu(ByteSpan obus, uint8_t type) {
  while (const std::optional<Obu> obu = next_obu(obus)) {
    if (obu->type == type) return obu;
  }
  return std::nullopt;
}

// Timing, decoder model and operating points, 5.5.1; only the first point is kept.
void read_operating_points(BitReader& reader, Av1Sequence& sequence) {
  bool decoder_model = false;
  unsigned delay_bits = 0;
  if (reader.flag()) {  // timing_info_present_flag
    reader.skip(64);
    if (reader.flag()) reader.ue();
    decoder_model = reader.flag();
    if (decoder_model) {
      delay_bits = reader.bits(5) + 1;
      reader.skip(32 + 5 + 5);
    }
  }
  const bool display_delay = reader.flag();
  const unsigned points = reader.bits(5) + 1;
  for (unsigned i = 0; i < points; ++i) {
    reader.skip(12);  // operating_point_idc
    const auto level = static_cast<uint8_t>(reader.bits(5));
    const bool tier = level > 7 && reader.flag();
    if (decoder_model && reader.flag()) reader.skip(2 * delay_bits + 1);
    if (display_delay && reader.flag()) reader.skip(4);
    if (i == 0) {
      sequence.level = level;
      sequence.high_tier = tier;
    }
  }
}

// From use_128x128_superblock to enable_restoration, 5.5.1.
void skip_tools(BitReader& reader, bool reduced) {
  reader.skip(3);
  if (!reduced) {
    reader.skip(4);
    const bool order_hint = reader.flag();
    if (order_hint) reader.skip(2);
    const bool choose_screen_content_tools = reader.flag();
    const bool screen_content_tools = choose_screen_content_tools || reader.flag();
    if (screen_content_tools && !reader.flag()) reader.skip(1);
    if (order_hint) reader.skip(3);
  }
  reader.skip(3);
}

// color_config(), 5.5.2.
void read_colour(BitReader& reader, Av1Sequence& sequence) {
  constexpr Colour kSrgb{1, 13, 0, true};
  const bool high_bit_depth = reader.flag();
  const bool twelve_bit = sequence.profile == 2 && high_bit_depth && reader.flag();
  sequence.bit_depth = twelve_bit ? 12 : high_bit_depth ? 10 : 8;
  sequence.monochrome = sequence.profile != 1 && reader.flag();
  Colour colour;
  const bool described = reader.flag();
  if (described) {
    colour.primaries = reader.byte();
    colour.transfer = reader.byte();
    colour.matrix = reader.byte();
  }
  if (!sequence.monochrome && colour.primaries == kSrgb.primaries && colour.transfer == kSrgb.transfer &&
      colour.matrix == kSrgb.matrix) {
    colour.full_range = true;
    sequence.subsampling_x = sequence.subsampling_y = false;
  } else {
    colour.full_range = reader.flag();
    if (!sequence.monochrome && sequence.profile == 1) {
      sequence.subsampling_x = sequence.subsampling_y = false;
    } else if (!sequence.monochrome && sequence.profile == 2) {
      sequence.subsampling_x = !twelve_bit || reader.flag();
      sequence.subsampling_y = twelve_bit && sequence.subsampling_x && reader.flag();
    }
    if (!sequence.monochrome && sequence.subsampling_x && sequence.subsampling_y) {
      sequence.chroma_position = static_cast<uint8_t>(reader.bits(2));
    }
  }
  if (described || colour.full_range) sequence.colour = colour;
}

// sequence_header_obu(), 5.5.1.
std::optional<Av1Sequence> parse_sequence(ByteSpan payload) {
  BitReader reader(payload);
  Av1Sequence sequence;
  sequence.profile = static_cast<uint8_t>(reader.bits(3));
  reader.skip(1);
  sequence.reduced_still_picture = reader.flag();
  if (sequence.reduced_still_picture) {
    sequence.level = static_cast<uint8_t>(reader.bits(5));
  } else {
    read_operating_points(reader, sequence);
  }
  const unsigned width_bits = reader.bits(4) + 1, height_bits = reader.bits(4) + 1;
  sequence.width = reader.bits(width_bits) + 1;
  sequence.height = reader.bits(height_bits) + 1;
  if (!sequence.reduced_still_picture && reader.flag()) reader.skip(4 + 3);  // frame ids
  skip_tools(reader, sequence.reduced_still_picture);
  read_colour(reader, sequence);
  if (!reader.ok() || sequence.profile > 2) return std::nullopt;
  return sequence;
}

}  // namespace

std::optional<Av1Sequence> find_av1_sequence(ByteSpan obus) {
  const std::optional<Obu> obu = find_obu(obus, kSequenceHeader);
  if (!obu) return std::nullopt;
  return parse_sequence(obu->payload);
}

Bytes make_av1_config(ByteSpan obus) {
  const std::optional<Obu> obu = find_obu(obus, kSequenceHeader);
  const std::optional<Av1Sequence> sequence = obu ? parse_sequence(obu->payload) : std::nullopt;
  if (!sequence) return {};
  BitWriter writer;
  writer.flag(true);  // marker
  writer.bits(1, 7);  // version
  writer.bits(sequence->profile, 3);
  writer.bits(sequence->level, 5);
  writer.flag(sequence->high_tier);
  writer.flag(sequence->bit_depth > 8);
  writer.flag(sequence->bit_depth == 12);
  writer.flag(sequence->monochrome);
  writer.flag(sequence->subsampling_x);
  writer.flag(sequence->subsampling_y);
  writer.bits(sequence->chroma_position, 2);
  writer.bits(0, 8);  // initial_presentation_delay_present 0
  // configOBUs have a size field (AV1 in ISOBMFF 2.3.4), whatever the stream did.
  writer.bits(kSequenceHeader << 3 | 2, 8);
  for (size_t size = obu->payload.size();; size >>= 7) {
    writer.bits(static_cast<uint32_t>((size & 0x7f) | (size > 0x7f ? 0x80 : 0)), 8);
    if (size <= 0x7f) break;
  }
  writer.bytes(obu->payload);
  return std::move(writer).finish();
}

std::optional<Av1Sequence> parse_av1_config(ByteSpan record) {
  BitReader reader(record);
  if (reader.byte() != 0x81) return std::nullopt;  // marker and version
  Av1Sequence sequence;
  sequence.profile = static_cast<uint8_t>(reader.bits(3));
  sequence.level = static_cast<uint8_t>(reader.bits(5));
  sequence.high_tier = reader.flag();
  const bool high_bit_depth = reader.flag(), twelve_bit = reader.flag();
  sequence.bit_depth = twelve_bit ? 12 : high_bit_depth ? 10 : 8;
  sequence.monochrome = reader.flag();
  sequence.subsampling_x = reader.flag();
  sequence.subsampling_y = reader.flag();
  sequence.chroma_position = static_cast<uint8_t>(reader.bits(2));
  reader.skip(8);
  if (!reader.ok() || sequence.profile > 2) return std::nullopt;
  if (const std::optional<Av1Sequence> header = find_av1_sequence(reader.rest())) {
    sequence.reduced_still_picture = header->reduced_still_picture;
    sequence.width = header->width;
    sequence.height = header->height;
    sequence.colour = header->colour;
  }
  return sequence;
}

bool is_av1_sync_sample(ByteSpan sample) {
  std::optional<Av1Sequence> sequence;
  while (const std::optional<Obu> obu = next_obu(sample)) {
    if (obu->type == kSequenceHeader) {
      sequence = parse_sequence(obu->payload);
    } else if (obu->type == kFrame || obu->type == kFrameHeader) {
      if (!sequence) return false;
      if (sequence->reduced_still_picture) return true;
      // uncompressed_header(), 5.9.2: show_existing_frame 0, frame_type KEY_FRAME (0), show_frame 1
      BitReader reader(obu->payload);
      return reader.bits(4) == 1 && reader.ok();
    }
  }
  return false;
}

Bytes without_temporal_delimiters(const Bytes& sample) {
  ByteSpan rest = sample.span();
  // A delimiter opens the temporal unit, where there is one: cutting it off copies nothing.
  size_t start = 0;
  for (ByteSpan tail = rest; const std::optional<Obu> obu = next_obu(tail);) {
    if (obu->type != kTemporalDelimiter) break;
    start = sample.size() - tail.size();
    rest = tail;
  }
  if (start == sample.size()) return {};
  if (!find_obu(rest, kTemporalDelimiter)) return sample.slice(start, sample.size() - start);

  std::vector<uint8_t> kept;
  kept.reserve(rest.size());
  while (const std::optional<Obu> obu = next_obu(rest)) {
    if (obu->type != kTemporalDelimiter) kept.insert(kept.end(), obu->whole.begin(), obu->whole.end());
  }
  kept.insert(kept.end(), rest.begin(), rest.end());
  return Bytes::take(std::move(kept));
}

}  // namespace origin::media
