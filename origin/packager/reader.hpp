// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads CMAF that others have written (ISO/IEC 23000-19, ISO/IEC 14496-12), unit by unit as Splitter gives
// it: a header once, then chunks by what it said. Every size and count is checked before it is used. Pure
// functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/media/format.hpp"
#include "origin/media/sample.hpp"

namespace origin::packager {

// Of samples that do not say so themselves (trex, ISO/IEC 14496-12 8.8.3).
struct SampleDefaults {
  uint32_t duration = 0;
  uint32_t size = 0;
  uint32_t flags = 0;
};

struct CmafTrack {
  uint32_t track_id = 0;
  // As write_init_segment takes it; frame_rate is not in a header. Where the record has parameter sets, they
  // count as complete (hvc1), whatever the sample entry was called.
  media::Format format;
  // elng's tag (BCP 47), else mdhd's three letters; empty where neither says.
  std::string language;
  // Ticks that the edit list takes off all times (negative: adds).
  int64_t edit_shift = 0;
  SampleDefaults defaults;
};

// Of a unit kHeader. Errors: kUnsupported for what is understood but not taken (encrypted entries, several
// tracks or sample entries, codecs that media::Codec does not have, edits other than a shift), kInvalid.
Result<CmafTrack> read_track(ByteSpan header);

// prft (ISO/IEC 14496-12 8.16.5): when the sample shown at media_time was captured or encoded.
struct ProducerTime {
  UtcTime utc;
  int64_t media_time = 0;  // ticks, shifted like those of samples
};

struct CmafChunk {
  uint32_t sequence_number = 0;  // mfhd; 0 if there is none
  std::optional<ProducerTime> producer_time;
  // In decoding order. Data are slices of the unit, which lives as long as any of them. access is kSync or
  // kNone by the sample flags alone: what the bitstream says is media::access_of. Times are those in the
  // chunk less edit_shift, and so may be negative; pts - dts is the composition offset as it was.
  std::vector<media::Sample> samples;
};

// The most samples that a chunk may have.
constexpr size_t kMostSamples = 1 << 16;

// Of a unit kChunk. Errors: kTooLarge for more than kMostSamples, kUnsupported for several track fragments or
// a base-data-offset (which CMAF excludes), kInvalid.
Result<CmafChunk> read_chunk(const CmafTrack& track, const Bytes& chunk);

}  // namespace origin::packager
