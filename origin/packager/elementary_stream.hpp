// SPDX-License-Identifier: LGPL-2.1-or-later
// What is in esds: the ES_Descriptor (ISO/IEC 14496-1 7.2.6.5, ISO/IEC 14496-14 6.7.2) of an AAC track. Pure
// functions, any thread.
#pragma once

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/packager/box_writer.hpp"

namespace origin::packager {

// The longest AudioSpecificConfig that fits the one-byte lengths of what is written.
constexpr size_t kLongestAudioConfig = 64;

// REQUIRES: an AudioSpecificConfig of at most kLongestAudioConfig bytes.
void write_elementary_stream(BoxWriter& writer, ByteSpan config);

// The AudioSpecificConfig, pointing into the descriptor. Errors: kInvalid where there is none, kUnsupported
// for a stream of something else (MP3).
Result<ByteSpan> read_elementary_stream(ByteSpan descriptor);

}  // namespace origin::packager
