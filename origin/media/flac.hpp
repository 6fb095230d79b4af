// SPDX-License-Identifier: LGPL-2.1-or-later
// FLAC: STREAMINFO and frame headers (RFC 9639 8.2, 9.1). Pure functions, any thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

struct FlacStreamInfo {
  uint32_t sample_rate = 0;
  uint32_t channels = 0;
  uint32_t bits_per_sample = 0;
};

// The STREAMINFO block alone, marked as the last one: tags and pictures have no place in an init segment.
// header is a native stream's start ("fLaC" and blocks), Ogg's (0x7F "FLAC" before it, RFC 9639 10.1), or a
// STREAMINFO with or without its block header. Empty if there is none.
Bytes make_flac_config(ByteSpan header);

// What the STREAMINFO at the start of metadata blocks says.
std::optional<FlacStreamInfo> parse_flac_config(ByteSpan blocks);

// Block size of a frame; 0 if it is none.
uint32_t flac_frame_samples(ByteSpan frame);

}  // namespace origin::media
