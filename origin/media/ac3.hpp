// SPDX-License-Identifier: LGPL-2.1-or-later
// AC-3 and E-AC-3: sync frames and the specific boxes (ETSI TS 102 366 clause 4, annexes E and F). Pure
// functions, any thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"
#include "origin/media/format.hpp"

namespace origin::media {

// Both give an empty record if the sample does not start with a frame of its codec. An E-AC-3 sample has all
// frames of its access unit: independent substreams, each followed by the substreams that depend on it.
Bytes make_ac3_config(ByteSpan sample);
Bytes make_eac3_config(ByteSpan sample);

// Sample rate and channels that a record describes, E-AC-3 with the channels that dependent substreams add.
std::optional<AudioFormat> parse_ac3_config(ByteSpan record);
std::optional<AudioFormat> parse_eac3_config(ByteSpan record);

// Duration of a sample: the frames of the first independent substream. 0 if it has none.
uint32_t ac3_samples(ByteSpan sample);
// Sample rate of the first frame, which E-AC-3's record cannot tell where it is halved; 0 if there is none.
uint32_t ac3_sample_rate(ByteSpan sample);

}  // namespace origin::media
