// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a pushed track's times lie: edit list, decode time of a fragment, producer reference time. Pure
// functions, any thread.
#pragma once

#include "origin/base/result.hpp"
#include "origin/packager/reader.hpp"
#include "origin/packager/reader_boxes.hpp"

namespace origin::packager {

// Ticks that the edit list of a trak takes off all times; 0 without one. It may say from which time on the
// media is shown (encoder delay, reordering), and how much later than the movie's begin, in movie_timescale.
// How long it is shown does not count: that grows. Errors: kUnsupported for other edits, kInvalid.
Result<int64_t> read_edit_shift(const Box& trak, uint32_t timescale, uint32_t movie_timescale);

// tfdt (ISO/IEC 14496-12 8.8.12), shifted.
Result<int64_t> read_decode_time(const Box& tfdt, int64_t edit_shift);

// prft, shifted.
Result<ProducerTime> read_producer_time(const Box& prft, int64_t edit_shift);

}  // namespace origin::packager
