// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/media/ac3.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "origin/media/bit_reader.hpp"
#include "origin/media/bit_writer.hpp"

namespace origin::media {

namespace {

constexpr std::array<uint32_t, 3> kRates{48'000, 44'100, 32'000};
constexpr std::array<uint32_t, 8> kChannels{2, 1, 2, 3, 3, 4, 4, 5};  // acmod, table 4.3, without LFE
// chan_loc, table F.6.1: bits 0, 1, 4, 5 and 6 are pairs.
constexpr uint32_t kPairs = 0x73;
constexpr uint32_t kSamplesPerBlock = 256;
constexpr uint8_t kLastAc3Bsid = 8, kFirstEac3Bsid = 11, kLastEac3Bsid = 16;

struct Frame {
  bool enhanced = false;
  bool dependent = false;
  uint8_t substream = 0;
  uint8_t fscod = 0;
  uint8_t bsid = 0;
  uint8_t bsmod = 0;
  uint8_t acmod = 0;
  bool lfe = false;
  uint8_t bit_rate_code = 0;  // AC-3
  uint16_t chan_loc = 0;      // a dependent substream's
  uint32_t sample_rate = 0;
  uint32_t samples = 0;
  size_t size = 0;
};

// syncinfo() and bsi() of AC-3, 4.3.1 and 4.3.2, from behind the syncword.
std::optional<Frame> read_ac3(BitReader& reader) {
  constexpr std::array<uint32_t, 19> kBitRates{32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                               192, 224, 256, 320, 384, 448, 512, 576, 640};
  Frame frame;
  reader.skip(16);  // crc1
  frame.fscod = static_cast<uint8_t>(reader.bits(2));
  const uint32_t frame_size_code = reader.bits(6);
  frame.bit_rate_code = static_cast<uint8_t>(frame_size_code / 2);
  frame.bsid = static_cast<uint8_t>(reader.bits(5));
  frame.bsmod = static_cast<uint8_t>(reader.bits(3));
  frame.acmod = static_cast<uint8_t>(reader.bits(3));
  if ((frame.acmod & 1) && frame.acmod != 1) reader.skip(2);  // cmixlev
  if (frame.acmod & 4) reader.skip(2);                        // surmixlev
  if (frame.acmod == 2) reader.skip(2);                       // dsurmod
  frame.lfe = reader.flag();
  if (frame.fscod >= kRates.size() || frame.bit_rate_code >= kBitRates.size()) return std::nullopt;
  frame.sample_rate = kRates[frame.fscod];
  frame.samples = 6 * kSamplesPerBlock;
  // Words of 16 bits in 1536 samples, table 4.13; at 44.1 kHz the code's low bit adds the fraction's word.
  const uint32_t words = kBitRates[frame.bit_rate_code] * 1000 / 16 * frame.samples / frame.sample_rate;
  frame.size = 2 * (words + (frame.sample_rate == 44'100 ? frame_size_code % 2 : 0));
  return frame;
}

// chanmap (table E.1.4, bit 0 is the highest) to chan_loc (table F.6.1, bit 0 is the lowest).
uint16_t to_chan_loc(uint32_t chanmap) {
  uint32_t chan_loc = 0;
  for (unsigned i = 0; i < 8; ++i) chan_loc |= ((chanmap >> (10 - i)) & 1) << i;  // Lc/Rc to Cvh
  chan_loc |= ((chanmap >> 1) & 1) << 8;                                          // LFE2
  return static_cast<uint16_t>(chan_loc);
}

// syncinfo() and bsi() of E-AC-3, E.1.2.1 and E.1.2.2, up to the channel map. bsmod lies behind the mixing
// metadata: taken as 0, "complete main".
std::optional<Frame> read_eac3(BitReader& reader) {
  constexpr uint32_t kDependent = 1, kReserved = 3;
  constexpr std::array<uint32_t, 4> kBlocks{1, 2, 3, 6};
  Frame frame;
  frame.enhanced = true;
  const uint32_t stream_type = reader.bits(2);
  frame.dependent = stream_type == kDependent;
  frame.substream = static_cast<uint8_t>(reader.bits(3));
  frame.size = 2 * (reader.bits(11) + 1);
  frame.fscod = static_cast<uint8_t>(reader.bits(2));
  const uint32_t fscod2_or_blocks = reader.bits(2);
  if (stream_type == kReserved || (frame.fscod == 3 && fscod2_or_blocks == 3)) return std::nullopt;
  frame.sample_rate = frame.fscod == 3 ? kRates[fscod2_or_blocks] / 2 : kRates[frame.fscod];
  frame.samples = (frame.fscod == 3 ? 6 : kBlocks[fscod2_or_blocks]) * kSamplesPerBlock;
  frame.acmod = static_cast<uint8_t>(reader.bits(3));
  frame.lfe = reader.flag();
  frame.bsid = static_cast<uint8_t>(reader.bits(5));
  for (int program = 0; program < (frame.acmod == 0 ? 2 : 1); ++program) {
    reader.skip(5);                     // dialnorm
    if (reader.flag()) reader.skip(8);  // compr
  }
  if (frame.dependent && reader.flag()) frame.chan_loc = to_chan_loc(reader.bits(16));
  return frame;
}

// Takes the first frame off data; nothing when the rest does not start with one.
std::optional<Frame> next_frame(ByteSpan& data) {
  constexpr uint32_t kSyncword = 0x0b77;
  constexpr size_t kBsidAt = 5;  // in both syntaxes
  if (data.size() <= kBsidAt) return std::nullopt;
  const uint8_t bsid = data[kBsidAt] >> 3;
  BitReader reader(data);
  if (reader.bits(16) != kSyncword) return std::nullopt;
  std::optional<Frame> frame;
  if (bsid <= kLastAc3Bsid) frame = read_ac3(reader);
  if (bsid >= kFirstEac3Bsid && bsid <= kLastEac3Bsid) frame = read_eac3(reader);
  if (!frame || !reader.ok()) return std::nullopt;
  data = data.subspan(std::min(frame->size, data.size()));
  return frame;
}

// An independent substream of E-AC-3 with those that depend on it, as EC3SpecificBox lists them (F.6.1).
struct Substream {
  Frame frame;
  uint32_t dependents = 0;
  uint32_t chan_loc = 0;
};

uint32_t channels_of(uint8_t acmod, bool lfe, uint32_t chan_loc) {
  return kChannels[acmod] + (lfe ? 1 : 0) +
         static_cast<uint32_t>(std::popcount(chan_loc) + std::popcount(chan_loc & kPairs));
}

}  // namespace

Bytes make_ac3_config(ByteSpan sample) {
  const std::optional<Frame> frame = next_frame(sample);
  if (!frame || frame->enhanced) return {};
  BitWriter writer;
  writer.bits(frame->fscod, 2);
  writer.bits(frame->bsid, 5);
  writer.bits(frame->bsmod, 3);
  writer.bits(frame->acmod, 3);
  writer.flag(frame->lfe);
  writer.bits(frame->bit_rate_code, 5);
  writer.bits(0, 5);
  return std::move(writer).finish();
}

Bytes make_eac3_config(ByteSpan sample) {
  std::vector<Substream> substreams;
  bool enhanced = false;
  uint64_t bytes = 0;
  uint32_t samples = 0;
  while (const std::optional<Frame> frame = next_frame(sample)) {
    enhanced |= frame->enhanced;
    bytes += frame->size;
    if (frame->dependent) {
      if (substreams.empty()) return {};
      Substream& parent = substreams.back();
      // A sample of several short frames has each dependent substream more than once.
      parent.dependents = std::max(parent.dependents, uint32_t{frame->substream} + 1);
      parent.chan_loc |= frame->chan_loc;
      continue;
    }
    if (frame->substream == 0) samples += frame->samples;
    const auto known = [&](const Substream& other) { return other.frame.substream == frame->substream; };
    if (std::none_of(substreams.begin(), substreams.end(), known)) substreams.push_back({*frame});
  }
  if (!enhanced || substreams.empty() || samples == 0) return {};
  const uint64_t kbit_per_second = bytes * 8 * substreams[0].frame.sample_rate / samples / 1000;
  BitWriter writer;
  writer.bits(static_cast<uint32_t>(std::min<uint64_t>(kbit_per_second, 0x1fff)), 13);
  writer.bits(static_cast<uint32_t>(substreams.size() - 1), 3);
  for (const Substream& substream : substreams) {
    writer.bits(substream.frame.fscod, 2);
    writer.bits(substream.frame.bsid, 5);
    writer.bits(0, 2);  // reserved, asvc
    writer.bits(substream.frame.bsmod, 3);
    writer.bits(substream.frame.acmod, 3);
    writer.flag(substream.frame.lfe);
    writer.bits(0, 3);
    writer.bits(substream.dependents, 4);
    writer.bits(substream.chan_loc, substream.dependents > 0 ? 9 : 1);
  }
  return std::move(writer).finish();
}

std::optional<AudioFormat> parse_ac3_config(ByteSpan record) {
  BitReader reader(record);
  const uint32_t fscod = reader.bits(2);
  reader.skip(5 + 3);
  const auto acmod = static_cast<uint8_t>(reader.bits(3));
  const bool lfe = reader.flag();
  reader.skip(10);
  if (!reader.ok() || fscod >= kRates.size()) return std::nullopt;
  return AudioFormat{kRates[fscod], channels_of(acmod, lfe, 0)};
}

std::optional<AudioFormat> parse_eac3_config(ByteSpan record) {
  BitReader reader(record);
  reader.skip(13 + 3);
  const uint32_t fscod = reader.bits(2);
  reader.skip(5 + 2 + 3);
  const auto acmod = static_cast<uint8_t>(reader.bits(3));
  const bool lfe = reader.flag();
  reader.skip(3);
  const bool dependents = reader.bits(4) > 0;
  const uint32_t chan_loc = reader.bits(dependents ? 9 : 1);
  if (!reader.ok()) return std::nullopt;
  return AudioFormat{fscod < kRates.size() ? kRates[fscod] : 0,
                     channels_of(acmod, lfe, dependents ? chan_loc : 0)};
}

uint32_t ac3_samples(ByteSpan sample) {
  uint32_t samples = 0;
  while (const std::optional<Frame> frame = next_frame(sample)) {
    if (!frame->dependent && frame->substream == 0) samples += frame->samples;
  }
  return samples;
}

uint32_t ac3_sample_rate(ByteSpan sample) {
  const std::optional<Frame> frame = next_frame(sample);
  return frame ? frame->sample_rate : 0;
}

}  // namespace origin::media
