// SPDX-License-Identifier: LGPL-2.1-or-later
// What a GstBuffer is to the origin. Pure functions, any thread.
#pragma once

#include <gst/gst.h>

#include <cstdint>

#include "gst/caps.hpp"

namespace gst {

struct SampleTimes {
  // Running times in nanoseconds, or ORIGIN_TIME_NONE.
  int64_t pts;
  int64_t dts;
  int64_t duration;
};

SampleTimes running_times(GstBuffer* buffer, const GstSegment* segment);

// False: nothing to decode, like the headers that some audio parsers send ahead and that are in the caps as
// well.
bool is_media(GstBuffer* buffer, const Codec& codec);

// Whether the whole of it lies before the segment's start.
bool is_before(GstBuffer* buffer, const GstSegment* segment);
bool is_after(GstBuffer* buffer, const GstSegment* segment);
// Of the segment's start.
int64_t start_of(const GstSegment* segment);

// The buffer's memory, without copying it unless it has to go back to a pool that would run dry. Null: not
// readable.
GBytes* bytes_of(GstBuffer* buffer);

}  // namespace gst
