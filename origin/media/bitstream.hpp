// SPDX-License-Identifier: LGPL-2.1-or-later
// What a coded frame says about itself. Pure functions over one sample; never read outside the span.
#pragma once

#include "origin/base/bytes.hpp"
#include "origin/media/access.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

// What a decoder can do with this sample if it begins here: H.264 and H.265 by NAL unit types and recovery
// points, AV1 a temporal unit with a sequence header and a shown key frame, VP9 a key frame, any audio frame.
// H.264 and H.265 samples are length-prefixed as format.config says.
Access access_of(const Format& format, ByteSpan sample);

// Whether it carries CEA-608 or CEA-708 captions.
bool has_captions(const Format& format, ByteSpan sample);

// Duration of one audio frame in samples of the format's rate, read from the frame (Opus TOC, AC-3/E-AC-3
// blocks, FLAC block size, AAC 1024 or 960/2048 by AudioSpecificConfig); 0 if the frame does not say.
uint32_t audio_frame_samples(const Format& format, ByteSpan sample);

// What is stored of a sample: AV1 without temporal delimiter OBUs (AV1-ISOBMFF 2.4), everything else as it
// is.
Bytes storable(const Format& format, const Bytes& sample);

}  // namespace origin::media
