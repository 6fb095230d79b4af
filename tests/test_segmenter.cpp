// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/segmenter.hpp"

#include <vector>

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::segmenter;

namespace {

constexpr uint32_t kScale = 90'000;

Segmenter video(Duration segment = 2s, Duration part = 500ms) {
  return Segmenter({.timescale = kScale, .video = true, .segment_duration = segment, .part_duration = part});
}

// Feeds frames of a fixed rate from `start` on; returns the times of the segment cuts.
std::vector<int64_t> segment_cuts(Segmenter& segmenter, int64_t start, int64_t frame, int count, int gop) {
  std::vector<int64_t> cuts;
  for (int i = 0; i < count; ++i) {
    const int64_t time = start + i * frame;
    if (segmenter.next({time, time, frame, i % gop == 0}, false).before == Cut::kSegment)
      cuts.push_back(time);
  }
  return cuts;
}

}  // namespace

START_TEST(test_cuts_at_first_keyframe_at_or_after_boundary) {
  Segmenter segmenter = video();
  // 30 fps, a keyframe every 47 frames (1.57 s), from 0.5 s on.
  const auto cuts = segment_cuts(segmenter, kScale / 2, 3000, 300, 47);
  const std::vector<int64_t> wanted = {45'000, 45'000 + 47 * 3000, 45'000 + 3 * 47 * 3000,
                                       45'000 + 4 * 47 * 3000, 45'000 + 5 * 47 * 3000};
  ck_assert_uint_eq(cuts.size(), wanted.size());
  for (size_t i = 0; i < cuts.size(); ++i) ck_assert_int_eq(cuts[i], wanted[i]);
  ck_assert_int_eq(segmenter.longest_gop(), 47 * 3000);
}
END_TEST

START_TEST(test_half_a_frame_before_boundary_counts_as_at_it) {
  for (const int64_t early : {1499, 1500, 1501}) {
    Segmenter segmenter = video();
    segmenter.next({0, 0, 3000, true}, false);
    const Decision decision = segmenter.next({2 * kScale - early, 2 * kScale - early, 3000, true}, false);
    ck_assert_msg((decision.before == Cut::kSegment) == (early <= 1500), "%d ticks early",
                  static_cast<int>(early));
  }
}
END_TEST

START_TEST(test_boundary_compares_presentation_time) {
  Segmenter segmenter = video();
  segmenter.next({0, 0, 3000, true}, false);
  // Decodes before the boundary, is shown at it.
  ck_assert_int_eq(
      static_cast<int>(segmenter.next({2 * kScale, 2 * kScale - 6000, 3000, true}, false).before),
      static_cast<int>(Cut::kSegment));
}
END_TEST

START_TEST(test_part_closes_before_it_would_exceed_target) {
  // 29.97 fps: 14 frames are 467.1 ms, 15 are 500.5 ms.
  Segmenter segmenter({.timescale = 30'000, .video = true, .segment_duration = 2s, .part_duration = 500ms});
  int in_part = 0;
  for (int i = 0; i < 500; ++i) {
    const int64_t time = i * 1001;
    const Cut cut = segmenter.next({time, time, 1001, i % 60 == 0}, false).before;
    if (cut != Cut::kNone) in_part = 0;
    ck_assert_int_le(++in_part, 14);
  }
}
END_TEST

START_TEST(test_no_parts_when_part_duration_is_zero) {
  Segmenter segmenter = video(2s, 0s);
  for (int i = 0; i < 300; ++i) {
    ck_assert(segmenter.next({i * 3000, i * 3000, 3000, i % 60 == 0}, false).before != Cut::kPart);
  }
}
END_TEST

START_TEST(test_cut_without_keyframe_before_target_is_exceeded) {
  Segmenter segmenter = video();
  segmenter.set_max_segment(4 * kScale);
  int64_t start = 0;
  int cuts = 0;
  for (int i = 0; i < 1000; ++i) {
    const Decision decision = segmenter.next({i * 3000, i * 3000, 3000, i == 0}, false);
    if (decision.before == Cut::kSegment && i > 0) {
      ck_assert_int_eq(static_cast<int>(decision.reason), static_cast<int>(CutReason::kTarget));
      ck_assert_int_le(i * 3000 - start, 4 * kScale);
      start = i * 3000;
      ++cuts;
    }
  }
  ck_assert_int_ge(cuts, 7);
}
END_TEST

START_TEST(test_late_keyframe_says_how_late) {
  Segmenter segmenter = video();
  segmenter.next({0, 0, 3000, true}, false);
  const Decision decision = segmenter.next({3 * kScale, 3 * kScale, 3000, true}, false);
  ck_assert_int_eq(static_cast<int>(decision.reason), static_cast<int>(CutReason::kBoundary));
  ck_assert_int_eq(decision.lateness, kScale);
}
END_TEST

START_TEST(test_force_cuts_anywhere_and_forgets_the_gop) {
  Segmenter segmenter = video();
  segmenter.next({0, 0, 3000, true}, false);
  const Decision decision = segmenter.next({kScale, kScale, 3000, false}, true);
  ck_assert_int_eq(static_cast<int>(decision.before), static_cast<int>(Cut::kSegment));
  ck_assert_int_eq(static_cast<int>(decision.reason), static_cast<int>(CutReason::kForced));
  segmenter.next({100 * kScale, 100 * kScale, 3000, true}, true);
  ck_assert_int_eq(segmenter.longest_gop(), 0);
}
END_TEST

START_TEST(test_an_hour_of_audio_stays_on_the_grid) {
  // 1024-sample frames at 44.1 kHz, times of day: each segment begins within a frame after a multiple of 2 s.
  Segmenter segmenter({.timescale = 44'100, .video = false, .segment_duration = 2s, .part_duration = 500ms});
  const int64_t start = 1'700'000'000LL * 44'100;
  int segments = 0;
  for (int64_t i = 0; i < 3600 * 44'100 / 1024; ++i) {
    const int64_t time = start + i * 1024;
    if (segmenter.next({time, time, 1024, true}, false).before != Cut::kSegment) continue;
    const int64_t past = time % (2 * 44'100);
    ck_assert_msg(past <= 512 || past >= 2 * 44'100 - 512, "%d past the grid", static_cast<int>(past));
    ++segments;
  }
  ck_assert_int_eq(segments, 1800);
}
END_TEST

int main() {
  const Test tests[] = {
      test_cuts_at_first_keyframe_at_or_after_boundary,
      test_half_a_frame_before_boundary_counts_as_at_it,
      test_boundary_compares_presentation_time,
      test_part_closes_before_it_would_exceed_target,
      test_no_parts_when_part_duration_is_zero,
      test_cut_without_keyframe_before_target_is_exceeded,
      test_late_keyframe_says_how_late,
      test_force_cuts_anywhere_and_forgets_the_gop,
      test_an_hour_of_audio_stays_on_the_grid,
  };
  return run_tests("segmenter", tests);
}
