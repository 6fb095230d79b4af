// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/timestamper.hpp"

#include <vector>

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::segmenter;

namespace {

constexpr Duration kEpochOffset = std::chrono::seconds(1'700'000'000);

Timestamper::Config video_config(uint32_t timescale, int64_t frame) {
  Timestamper::Config config;
  config.timescale = timescale;
  config.nominal_duration = frame;
  return config;
}

UtcTime at(Duration running_time) {
  return UtcTime(kEpochOffset + running_time);
}

Timed push(Timestamper& timestamper, const RawTimes& raw, UtcTime now, const Anchor& newest) {
  return timestamper.next(raw, now, timestamper.anchor_for(raw, now, newest));
}

Timed push(Timestamper& timestamper, Duration pts, Duration dts, Duration duration = 0ns) {
  return push(timestamper, {pts, dts, duration}, at(dts), timestamper.anchor());
}

int as_int(Break value) {
  return static_cast<int>(value);
}

}  // namespace

START_TEST(test_an_hour_of_ntsc_rates_has_no_drift) {
  for (const auto& [num, den] :
       std::vector<std::pair<int64_t, int64_t>>{{24'000, 1001}, {30'000, 1001}, {60'000, 1001}}) {
    Timestamper timestamper(video_config(static_cast<uint32_t>(num), den), {0, kEpochOffset});
    int64_t first = 0;
    const int64_t frames = 3600 * num / den;
    for (int64_t i = 0; i < frames; ++i) {
      const Duration time(scale_round(i * kNanosecondsPerSecond, den, num));
      const Timed timed = push(timestamper, time, time);
      if (i == 0) first = timed.pts;
      // Check is slow at assertions that hold, and these are nearly a million.
      if (timed.pts - first == i * den && timed.dts - first == i * den) continue;
      ck_abort_msg("frame %ld of %ld/%ld has times %ld and %ld", i, num, den, timed.pts - first,
                   timed.dts - first);
    }
  }
}
END_TEST

START_TEST(test_b_frames_before_zero_are_decoded_in_the_first_ticks) {
  // Presentation order 0 3 1 2, decode times two frames early, the first one negative.
  Timestamper timestamper(video_config(90'000, 3000), {});
  const Duration frame = 33'333'333ns;
  const std::vector<int> order = {0, 3, 1, 2, 6, 4, 5};
  int64_t last = -1;
  for (size_t i = 0; i < order.size(); ++i) {
    const Timed timed = push(timestamper, frame * order[i], frame * (static_cast<int>(i) - 2));
    ck_assert_int_eq(timed.pts, order[i] * 3000);
    ck_assert_int_eq(timed.place, static_cast<int64_t>(i) * 3000);
    ck_assert_int_eq(timed.dts, i <= 2 ? static_cast<int64_t>(i) : (static_cast<int64_t>(i) - 2) * 3000);
    ck_assert_int_le(timed.dts, timed.pts);
    ck_assert_int_gt(timed.dts, last);
    last = timed.dts;
  }
}
END_TEST

// FFmpeg shows video late by the lowest composition offset if that is negative.
START_TEST(test_reordering_that_begins_at_a_discontinuity_decodes_nothing_twice) {
  Timestamper before(video_config(90'000, 3000), {});
  for (int i = 0; i < 30; ++i) push(before, i * 33'333'333ns, i * 33'333'333ns);
  Timestamper after(video_config(90'000, 3000), before);
  int64_t last = 30 * 3000 - 1;
  for (int i = 0; i < 10; ++i) {
    const Timed timed = push(after, (30 + i) * 33'333'333ns, (28 + i) * 33'333'333ns);
    ck_assert_int_gt(timed.dts, last);
    ck_assert_int_ge(timed.pts, timed.dts);
    last = timed.dts;
  }
  ck_assert_int_eq(last, 37 * 3000);
}
END_TEST

START_TEST(test_composition_offsets_are_never_negative) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  const Duration frame = 33'333'333ns;
  const std::vector<int> order = {0, 3, 1, 2, 6, 4, 5};
  for (size_t i = 0; i < order.size(); ++i) {
    const Timed timed = push(timestamper, frame * order[i], frame * (static_cast<int>(i) - 2));
    ck_assert_int_le(timed.dts, timed.pts);
    ck_assert_int_eq(timed.place - timed.dts, 6000);
  }
}
END_TEST

// As out of Matroska, which has whole milliseconds and no decode times; wherever the stream begins.
START_TEST(test_reordered_frames_without_decode_times_keep_their_times) {
  for (const Duration start : {0ms, 61ms, 3'600'021ms}) {
    Timestamper::Config config = video_config(90'000, 3000);
    config.reorder_depth = 4;
    Timestamper timestamper(config, {0, kEpochOffset});
    const int64_t base = to_ticks(kEpochOffset + start, 90'000);
    int64_t last = 0;
    for (int group = 0; group < 50; ++group) {
      for (const int place : {0, 4, 2, 1, 3}) {
        if (group > 0 && place == 0) continue;
        const int n = group * 4 + place;
        const Duration pts = start + std::chrono::milliseconds(n * 100 / 3);
        const Timed timed = timestamper.next({pts, {}, {}}, at(pts), {});
        ck_assert_int_eq(as_int(timed.before), as_int(Break::kNone));
        ck_assert_int_le(std::abs(timed.pts - base - n * 3000), 90);
        ck_assert_int_gt(timed.dts, last);
        ck_assert_int_le(timed.dts, timed.pts);
        if (last) ck_assert_int_le(std::abs(timed.dts - last - 3000), 90);
        last = timed.dts;
      }
    }
  }
}
END_TEST

// Where frames are missing, those behind have no part in the times of those before.
START_TEST(test_decode_times_follow_a_jump) {
  DecodeTimes decode_times(2);
  for (int i = 0; i < 10; ++i) ck_assert(decode_times.next(i * 40ms, 40ms) == (i - 2) * 40ms);
  ck_assert(decode_times.next(5s, 40ms) == 5s - 80ms);
  ck_assert(decode_times.next(5s + 80ms, 40ms) == 5s - 40ms);
  ck_assert(decode_times.next(5s + 40ms, 40ms) == 5s);
  ck_assert(decode_times.next(1s, 40ms) == 1s - 80ms);
  // Three are reordered: it takes one more frame into account once it has seen them.
  DecodeTimes grows(2);
  Duration last = grows.next(0s, 40ms);
  size_t late = 0;
  for (int group = 0; group < 5; ++group) {
    for (const int place : {8, 4, 2, 1, 3, 6, 5, 7}) {
      const Duration pts = (group * 8 + place) * 40ms;
      const Duration dts = grows.next(pts, 40ms);
      ck_assert(dts > last);
      late += dts > pts;
      last = dts;
    }
  }
  ck_assert_uint_le(late, 1);
  DecodeTimes in_order(0);
  ck_assert(in_order.next(1s, 40ms) == 1s);
}
END_TEST

START_TEST(test_missing_times_follow_the_previous_frame) {
  Timestamper timestamper(video_config(90'000, 3000), {});
  push(timestamper, 0ns, 0ns);
  const Timed timed = timestamper.next({}, at(33ms), {});
  ck_assert_int_eq(timed.dts, 3000);
}
END_TEST

START_TEST(test_hole_stays_a_hole_on_the_wall_clock) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  const Timed before = push(timestamper, 0ns, 0ns);
  const Timed after = push(timestamper, 10s, 10s);
  ck_assert_int_eq(as_int(after.before), as_int(Break::kHole));
  ck_assert_int_eq(after.pts - before.pts, 900'000);
  ck_assert_uint_eq(timestamper.anchor().epoch, 0);
}
END_TEST

START_TEST(test_jump_back_is_a_new_epoch_that_goes_on_now) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  for (int i = 0; i < 300; ++i) push(timestamper, i * 33'333'333ns, i * 33'333'333ns);
  const Timed timed = push(timestamper, {1s, 1s, {}}, at(10s), timestamper.anchor());
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_uint_eq(timestamper.anchor().epoch, 1);
  ck_assert_int_eq(timed.pts / 90'000, (kEpochOffset + 10s) / 1s);
}
END_TEST

// An encoder that starts again may come with both.
START_TEST(test_jump_with_a_new_format_is_found) {
  for (const Duration by : {Duration(-2500ms), Duration(3300ms), Duration(1h)}) {
    Timestamper before(video_config(90'000, 3000), {0, kEpochOffset});
    for (int i = 0; i < 300; ++i) push(before, i * 33'333'333ns, i * 33'333'333ns);
    Timestamper after(video_config(15'360, 512), before);
    const Timed timed = push(after, {10s + by, 10s + by, {}}, at(10s), after.anchor());
    ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
    ck_assert_int_eq(timed.pts / 15'360, (kEpochOffset + 10s) / 1s);
    ck_assert_uint_eq(after.anchor().epoch, 1);
  }
}
END_TEST

// Audio has come to it already; and another track's new format is no jump.
START_TEST(test_jump_with_a_new_format_is_mapped_as_others_have_it) {
  Timestamper before(video_config(90'000, 3000), {0, kEpochOffset});
  for (int i = 0; i < 300; ++i) push(before, i * 33'333'333ns, i * 33'333'333ns);
  const Anchor of_audio{1, kEpochOffset - 1h + 30ms}, of_format{1, kEpochOffset};
  Timestamper after(video_config(15'360, 512), before);
  push(after, {10s + 1h, 10s + 1h, {}}, at(10s), of_audio);
  ck_assert(after.anchor() == of_audio);
  Timestamper other = before;
  push(other, {10s + 1500ms, 10s + 1500ms, {}}, at(10s), of_format);
  ck_assert_uint_eq(other.anchor().epoch, 2);
  ck_assert(other.anchor().offset < kEpochOffset - 1s);
}
END_TEST

START_TEST(test_new_format_without_a_jump_goes_on) {
  Timestamper before(video_config(90'000, 3000), {0, kEpochOffset});
  for (int i = 0; i < 300; ++i) push(before, i * 33'333'333ns, i * 33'333'333ns);
  Timestamper after(video_config(15'360, 512), before);
  const Timed timed = push(after, 10s, 10s);
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kNone));
  ck_assert_int_eq(timed.pts, to_ticks(kEpochOffset + 10s, 15'360));
  ck_assert_uint_eq(after.anchor().epoch, 0);
}
END_TEST

START_TEST(test_jump_far_ahead_of_the_clock_is_a_new_epoch) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  for (int i = 0; i < 30; ++i) push(timestamper, i * 33'333'333ns, i * 33'333'333ns);
  const Timed timed = push(timestamper, {1h, 1h, {}}, at(1s), timestamper.anchor());
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_int_eq(timed.pts / 90'000, (kEpochOffset + 1s) / 1s);
}
END_TEST

START_TEST(test_second_track_takes_the_anchor_of_the_first) {
  Timestamper a(video_config(90'000, 3000), {0, kEpochOffset});
  Timestamper b(video_config(90'000, 3000), {0, kEpochOffset});
  for (int i = 0; i < 300; ++i) push(a, i * 33'333'333ns, i * 33'333'333ns);
  for (int i = 0; i < 297; ++i) push(b, i * 33'333'333ns, i * 33'333'333ns);
  push(a, {0s, 0s, {}}, at(10s), a.anchor());
  // Frames of b from before the jump keep b's anchor.
  const Timed old = push(b, {297 * 33'333'333ns, 297 * 33'333'333ns, {}}, at(10s), a.anchor());
  ck_assert_int_eq(as_int(old.before), as_int(Break::kNone));
  push(b, {5ms, 5ms, {}}, at(10s), a.anchor());
  ck_assert_uint_eq(b.anchor().epoch, 1);
  ck_assert_int_eq(b.anchor().offset.count(), a.anchor().offset.count());
}
END_TEST

START_TEST(test_without_clock_a_jump_leaves_no_hole) {
  Timestamper::Config config = video_config(90'000, 3000);
  config.reach.wall_clock = false;
  config.hole_threshold = 10s;
  Timestamper timestamper(config, {});
  push(timestamper, 0ns, 0ns);
  const Timed timed = push(timestamper, 10h, 10h);
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_int_eq(timed.place, 3000);
  const Timed still = push(timestamper, 10h + 5s, 10h + 5s);
  ck_assert_int_eq(as_int(still.before), as_int(Break::kNone));
}
END_TEST

START_TEST(test_audio_jitter_is_laid_end_to_end_and_a_gap_is_kept) {
  Timestamper::Config config;
  config.timescale = 48'000;
  config.audio = true;
  config.nominal_duration = 1024;
  Timestamper timestamper(config, {});
  const Duration frame = 21'333'333ns;
  int64_t expected = 0;
  for (int i = 0; i < 1000; ++i) {
    const Duration jitter = i % 3 == 0 ? 5ms : i % 3 == 1 ? -5ms : 0ms;
    const Timed timed = push(timestamper, frame * i + (i ? jitter : 0ms), 0ns);
    ck_assert_int_eq(timed.pts, expected);
    expected += 1024;
  }
  // Half a second is missing: the time line keeps up with it.
  const Timed timed = push(timestamper, frame * 1000 + 500ms, 0ns);
  ck_assert_int_eq(timed.pts, to_ticks(frame * 1000 + 500ms, 48'000));
}
END_TEST

START_TEST(test_audio_of_a_fast_clock_never_runs_far_ahead) {
  Timestamper::Config config;
  config.timescale = 48'000;
  config.audio = true;
  config.nominal_duration = 1024;
  Timestamper timestamper(config, {});
  int64_t expected = 0;
  int left_out = 0;
  for (int i = 0; i < 1000; ++i) {
    const Duration time = 20ms * i;  // frames last 21.3 ms
    const Timed timed = push(timestamper, time, time);
    if (timed.before == Break::kOverlap) {
      ++left_out;
      continue;
    }
    ck_assert_int_eq(timed.pts, expected);
    ck_assert_int_le(timed.pts - to_ticks(time, 48'000), 4800);
    expected += 1024;
  }
  // 1000 frames came in the time of 937.5.
  ck_assert_int_ge(left_out, 57);
  ck_assert_int_le(left_out, 60);
}
END_TEST

START_TEST(test_owner_re_anchors_with_a_discontinuity) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  push(timestamper, 0ns, 0ns);
  timestamper.shift_anchor(1, 30s);
  const Timed timed = push(timestamper, {33'333'333ns, 33'333'333ns, {}}, at(30s), timestamper.anchor());
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_int_eq(timed.pts, to_ticks(kEpochOffset + 30s, 90'000) + 3000);
}
END_TEST

START_TEST(test_owner_re_anchors_a_source_that_had_jumped) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  push(timestamper, 0ns, 0ns);
  push(timestamper, {100s, 100s, {}}, at(33ms), timestamper.anchor());
  timestamper.shift_anchor(7, 30s);
  // Others have not jumped.
  const Timed timed = push(timestamper, {100'033ms, 100'033ms, {}}, at(30'066ms), {7, kEpochOffset + 30s});
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_uint_eq(timestamper.anchor().epoch, 7);
  ck_assert_int_le(std::abs(timed.pts - to_ticks(kEpochOffset + 30'066ms, 90'000)), 200);
}
END_TEST

START_TEST(test_owner_re_anchors_as_the_source_jumps) {
  Timestamper timestamper(video_config(90'000, 3000), {0, kEpochOffset});
  push(timestamper, 0ns, 0ns);
  timestamper.shift_anchor(1, 30s);
  const Timed timed = push(timestamper, {100s, 100s, {}}, at(30'033ms), timestamper.anchor());
  ck_assert_int_eq(as_int(timed.before), as_int(Break::kDiscontinuity));
  ck_assert_uint_eq(timestamper.anchor().epoch, 2);
  ck_assert_int_le(std::abs(timed.pts - to_ticks(kEpochOffset + 30'033ms, 90'000)), 200);
}
END_TEST

START_TEST(test_times_beyond_32_bits_keep_their_ticks) {
  Timestamper timestamper(video_config(90'000, 3000), {});
  const int64_t base = (1LL << 32) - 4500;
  for (int i = 0; i < 10; ++i) {
    const Duration time = from_ticks(base + i * 3000, 90'000);
    ck_assert_int_eq(push(timestamper, time, time).pts, base + i * 3000);
  }
}
END_TEST

int main() {
  const Test tests[] = {
      test_an_hour_of_ntsc_rates_has_no_drift,
      test_b_frames_before_zero_are_decoded_in_the_first_ticks,
      test_reordering_that_begins_at_a_discontinuity_decodes_nothing_twice,
      test_composition_offsets_are_never_negative,
      test_reordered_frames_without_decode_times_keep_their_times,
      test_decode_times_follow_a_jump,
      test_missing_times_follow_the_previous_frame,
      test_hole_stays_a_hole_on_the_wall_clock,
      test_jump_back_is_a_new_epoch_that_goes_on_now,
      test_jump_far_ahead_of_the_clock_is_a_new_epoch,
      test_jump_with_a_new_format_is_found,
      test_jump_with_a_new_format_is_mapped_as_others_have_it,
      test_new_format_without_a_jump_goes_on,
      test_second_track_takes_the_anchor_of_the_first,
      test_without_clock_a_jump_leaves_no_hole,
      test_audio_jitter_is_laid_end_to_end_and_a_gap_is_kept,
      test_audio_of_a_fast_clock_never_runs_far_ahead,
      test_owner_re_anchors_with_a_discontinuity,
      test_owner_re_anchors_a_source_that_had_jumped,
      test_owner_re_anchors_as_the_source_jumps,
      test_times_beyond_32_bits_keep_their_ticks,
  };
  return run_tests("timestamper", tests);
}
