// SPDX-License-Identifier: LGPL-2.1-or-later
// Sample entries that others have written: the part of a CMAF header that depends on the codec. Pure
// functions, any thread.
#pragma once

#include "origin/base/result.hpp"
#include "origin/media/format.hpp"
#include "origin/packager/reader_boxes.hpp"

namespace origin::packager {

// All of a format but its timescale and language, from stsd (ISO/IEC 14496-12 8.5.2). Errors like
// read_track's.
Result<media::Format> read_sample_entry(const Box& stsd);

}  // namespace origin::packager
