// SPDX-License-Identifier: LGPL-2.1-or-later
// Supplemental enhancement information: what H.264 and H.265 say beside the pictures. Pure functions, any
// thread.
#pragma once

#include <optional>

#include "origin/base/bytes.hpp"

namespace origin::media {

// The recovery point that an SEI NAL unit carries, as the code number of its first field: the distance to
// where pictures are right, ue(v) in ITU-T H.264 D.1.8, se(v) in H.265 D.2.8. `header_size` is that of the
// NAL unit header.
std::optional<uint32_t> recovery_point(ByteSpan nal, size_t header_size);

// Whether an SEI NAL unit carries CEA-608 or CEA-708 captions (ATSC A/53 part 4, 6.2.3).
bool carries_captions(ByteSpan nal, size_t header_size);

}  // namespace origin::media
