// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/packager/reader_times.hpp"

#include "origin/packager/ntp.hpp"

namespace origin::packager {

namespace {

// The sums of a few of them still fit 64 bits.
constexpr int64_t kMostTicks = int64_t{1} << 60;

Error too_late(const Box& box, uint64_t ticks) {
  return {ErrorCode::kInvalid, box.place() + " has a time of " + std::to_string(ticks) +
                                   " ticks; it may be at most " + std::to_string(kMostTicks)};
}

Error not_a_shift(const Box& elst) {
  return {ErrorCode::kUnsupported, elst.place() +
                                       " does more than shift the track; understood is one edit at normal "
                                       "speed, and an empty one before it"};
}

struct Edit {
  uint64_t duration = 0;  // of the movie's timescale
  int64_t media_time = 0;
  bool is_empty = false;
  bool normal_speed = false;
};

// An entry of EditListBox, ISO/IEC 14496-12 8.6.6.
Edit read_edit(FullBox& elst) {
  constexpr uint32_t kNormal = 0x10000;
  Edit edit;
  edit.duration = read_sized(elst);
  const uint64_t media_time = read_sized(elst);
  edit.media_time = elst.version == 0 ? static_cast<int32_t>(media_time) : static_cast<int64_t>(media_time);
  edit.is_empty = edit.media_time == -1;
  edit.normal_speed = elst.fields.bits(32) == kNormal;
  return edit;
}

}  // namespace

Result<int64_t> read_edit_shift(const Box& trak, uint32_t timescale, uint32_t movie_timescale) {
  const Result<std::vector<Box>> boxes = read_boxes(trak);
  if (!boxes) return boxes.error();
  const Box* edts = find_box(*boxes, "edts");
  if (!edts) return int64_t{0};
  const Result<Box> elst = get_box(*edts, "elst");
  if (!elst) return elst.error();
  FullBox box(*elst);
  const uint32_t count = box.fields.bits(32);
  if (count > 2) return not_a_shift(*elst);
  int64_t shift = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Edit edit = read_edit(box);
    if (!box.fields.ok()) return too_short(*elst);
    const bool is_last = i + 1 == count;
    if (edit.is_empty && !is_last) {
      const __int128 delay = static_cast<__int128>(edit.duration) * timescale / movie_timescale;
      if (edit.duration > kMostTicks || delay > kMostTicks) return too_late(*elst, edit.duration);
      shift -= scale_round(static_cast<int64_t>(edit.duration), timescale, movie_timescale);
    } else if (is_last && edit.media_time >= 0 && edit.normal_speed) {
      if (edit.media_time > kMostTicks) return too_late(*elst, static_cast<uint64_t>(edit.media_time));
      shift += edit.media_time;
    } else {
      return not_a_shift(*elst);
    }
  }
  return box.fields.ok() ? Result<int64_t>(shift) : too_short(*elst);
}

Result<int64_t> read_decode_time(const Box& tfdt, int64_t edit_shift) {
  FullBox box(tfdt);
  const uint64_t time = read_sized(box);
  if (!box.fields.ok()) return too_short(tfdt);
  if (time > kMostTicks) return too_late(tfdt, time);
  return static_cast<int64_t>(time) - edit_shift;
}

Result<ProducerTime> read_producer_time(const Box& prft, int64_t edit_shift) {
  FullBox box(prft);
  box.fields.skip(32);  // reference_track_ID
  const uint64_t ntp = read_u64(box.fields), media_time = read_sized(box);
  if (!box.fields.ok()) return too_short(prft);
  if (media_time > kMostTicks) return too_late(prft, media_time);
  return ProducerTime{utc_of_ntp(ntp), static_cast<int64_t>(media_time) - edit_shift};
}

}  // namespace origin::packager
