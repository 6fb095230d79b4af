// SPDX-License-Identifier: LGPL-2.1-or-later
// Opus: identification header (RFC 7845 5.1), OpusSpecificBox (Encapsulation of Opus in ISOBMFF 4.3.2) and
// frame durations (RFC 6716 3). Pure functions, any thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

constexpr uint32_t kOpusRate = 48'000;  // Opus always counts at 48 kHz (RFC 7845 4)

// OpusSpecificBox fields from "OpusHead" at the start of header; empty if it is none.
Bytes make_opus_config(ByteSpan header);
// The same for a stream without header: mono or stereo, nothing to skip. Empty for more than two channels,
// whose mapping only a header can tell.
Bytes make_opus_config(const AudioFormat& audio);

// Output channels of an OpusSpecificBox; nothing if it is malformed.
std::optional<uint32_t> opus_channels(ByteSpan config);

// True if the packet codes two channels (in its first stream).
bool is_opus_stereo(ByteSpan packet);
uint32_t opus_packet_samples(ByteSpan packet);

}  // namespace origin::media
