// SPDX-License-Identifier: LGPL-2.1-or-later
// CMAF tracks: the init segment and the chunks (ISO/IEC 23000-19, ISO/IEC 14496-12). Pure functions, any
// thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/media/format.hpp"
#include "origin/media/sample.hpp"

namespace origin::packager {

// The CMAF header `ftyp moov` of a track with track_ID 1. Errors: kInvalid for a config record its codec does
// not allow.
Result<Bytes> write_init_segment(const media::Format& format);

// RFC 6381 `codecs` value of the sample entry that write_init_segment writes: "avc1.64001f", "mp4a.40.2",
// "av01.0.04M.08", "vp09.00.30.08", "hvc1.1.6.L93.B0", "opus", "fLaC", "ac-3", "ec-3"; complete enough for
// MediaSource.isTypeSupported.
Result<std::string> codecs_string(const media::Format& format);

// "SDR", "PQ" or "HLG" for EXT-X-VIDEO-RANGE (from the transfer characteristics; SDR where unknown).
std::string_view video_range(const media::Format& format);

struct ChunkHeader {
  uint32_t sequence_number = 1;          // mfhd
  bool starts_segment = false;           // writes styp, and prft when producer_time is set
  bool ends_track = false;               // styp gets the brand lmsg (only with starts_segment)
  std::optional<UtcTime> producer_time;  // wall clock at which the first sample was captured or encoded
};

// One CMAF chunk `[styp] [prft] moof mdat` in one allocation: each payload byte is copied exactly once.
// tfdt is 64 bit, trun is version 1. REQUIRES: samples not empty, each sample's
// dts is its predecessor's dts + duration.
Bytes write_chunk(const media::Format& format, std::span<const media::Sample> samples,
                  const ChunkHeader& header);

}  // namespace origin::packager
