// SPDX-License-Identifier: LGPL-2.1-or-later
// Codec configuration records derived from the bitstream, for streams whose caps do not carry one. Pure
// functions.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

// Completes `format` from what the stream carries, so that an init segment can be written:
//   - config from `out_of_band` (caps codec_data or streamheader: avcC, hvcC, av1C, AudioSpecificConfig,
//   OpusHead,
//     FLAC "fLaC" + metadata blocks or a bare STREAMINFO block), or, where the codec allows (AV1, VP9, AC-3,
//     E-AC-3, Opus without OpusHead, FLAC never), from the first sample;
//   - sample rate, channels, colour where the configuration or the first sample says better than the caller.
// `first_sample` is a sync sample. Errors: kInvalid with what is missing or malformed.
Result<Format> complete_format(Format format, const Bytes& out_of_band, ByteSpan first_sample);

// Completes a format whose config is the record of its sample entry box, and whose size, colour and sample
// rate are what the entry says (0 and none where it does not): the rest from the record. FLAC's tags and
// pictures are left out of it. Nothing if the record is malformed.
std::optional<Format> complete_from_config(Format format);

}  // namespace origin::media
