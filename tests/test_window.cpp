// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/window.hpp"

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::timeline;

namespace {

const auto kStretch = std::make_shared<const Stretch>(Stretch{"run", "init.mp4"});

Window make(Duration length, PlaylistType type = PlaylistType::kLive) {
  Window window({.type = type, .segment_duration = 2s, .length = length, .has_dates = true, .charge = {}});
  window.set_target_duration(2);
  return window;
}

void add(Window& window, uint64_t sequence, uint64_t epoch = 0, Duration duration = 2s,
         uint64_t bytes = 1000) {
  Segment segment;
  segment.sequence = sequence;
  segment.stretch = kStretch;
  segment.start = 2s * sequence;
  segment.epoch = epoch;
  window.open(std::move(segment));
  window.add_part({.duration = duration, .bytes = bytes, .self_contained = true});
  window.close();
}

}  // namespace

START_TEST(test_live_window_slides_and_keeps_its_length) {
  Window window = make(20s);
  for (uint64_t i = 100; i < 200; ++i) {
    add(window, i);
    window.trim();
    ck_assert(window.duration() <= 22s);
  }
  ck_assert_uint_eq(window.size(), 10);
  ck_assert_uint_eq(window.first()->sequence, 190);
  ck_assert_uint_eq(window.bytes(), 10'000);
}
END_TEST

START_TEST(test_live_window_never_shrinks_below_three_target_durations) {
  Window window = make(1s);
  for (uint64_t i = 0; i < 20; ++i) {
    add(window, i);
    window.trim();
    if (i >= 2) ck_assert(window.duration() >= 6s);
  }
  ck_assert_uint_eq(window.size(), 3);
}
END_TEST

START_TEST(test_want_of_memory_leaves_one_segment_while_live) {
  Window window = make(60s);
  for (uint64_t i = 0; i < 3; ++i) add(window, i);
  while (window.may_drop_oldest()) window.drop_oldest();
  ck_assert_uint_eq(window.size(), 1);
  window.end();
  ck_assert(window.may_drop_oldest());
}
END_TEST

START_TEST(test_event_keeps_everything) {
  Window window = make(4s, PlaylistType::kEvent);
  for (uint64_t i = 0; i < 500; ++i) {
    add(window, i);
    ck_assert(window.trim().empty());
  }
  ck_assert_uint_eq(window.size(), 500);
  ck_assert(!window.may_drop_oldest());
  ck_assert_uint_eq(window.snapshot()->size(), 500);
}
END_TEST

START_TEST(test_snapshot_does_not_change_after_it_was_taken) {
  Window window = make(0s);
  for (uint64_t i = 0; i < 100; ++i) add(window, i);
  const MediaSnapshotRef before = window.snapshot();
  for (uint64_t i = 100; i < 300; ++i) add(window, i);
  ck_assert_uint_eq(before->size(), 100);
  ck_assert_uint_eq(before->last()->sequence, 99);
  ck_assert_uint_eq(window.snapshot()->size(), 300);
}
END_TEST

START_TEST(test_discontinuity_sequence_counts_removed_tags) {
  Window window = make(20s);
  for (uint64_t i = 0; i < 40; ++i) {
    add(window, i, i / 5);
    window.trim();
    const MediaSnapshotRef snapshot = window.snapshot();
    // Tags before the first listed segment have left, its own has not.
    const uint64_t first = snapshot->first()->sequence;
    const uint64_t removed = first == 0 ? 0 : (first - 1) / 5;
    ck_assert_uint_eq(snapshot->discontinuity_sequence(), removed);
  }
  ck_assert_uint_eq(window.discontinuities(), 7);
}
END_TEST

START_TEST(test_open_segment_can_be_discarded) {
  Window window = make(20s);
  add(window, 7);
  window.open({.sequence = 8, .stretch = kStretch});
  window.discard();
  ck_assert_uint_eq(*window.last_sequence(), 7);
  ck_assert(!window.is_open());
}
END_TEST

START_TEST(test_bytes_and_duration_are_those_of_what_is_listed) {
  Window window = make(0s);
  for (uint64_t i = 0; i < 200; ++i) add(window, i, 0, 1900ms, i);
  ck_assert_uint_eq(window.bytes(), 199 * 200 / 2);
  ck_assert(window.duration() == 200 * 1900ms);
  ck_assert(window.longest() == 1900ms);
}
END_TEST

START_TEST(test_parts_are_kept_for_three_target_durations) {
  Window window = make(0s);
  for (uint64_t i = 0; i < 9; ++i) add(window, i);
  const MediaSnapshotRef before = window.snapshot();
  add(window, 9);
  const MediaSnapshotRef after = window.snapshot();
  for (size_t i = 0; i < 10; ++i) ck_assert_uint_eq(after->tail[i]->parts.size(), i < 7 ? 0 : 1);
  ck_assert_uint_eq(before->tail[6]->parts.size(), 1);
  ck_assert_uint_eq(after->tail[6]->bytes, 1000);
}
END_TEST

START_TEST(test_segments_with_parts_stay_out_of_blocks) {
  Window window = make(0s);
  window.set_target_duration(100);  // 150 segments
  for (uint64_t i = 0; i < 200; ++i) add(window, i);
  const MediaSnapshotRef snapshot = window.snapshot();
  ck_assert_uint_eq(snapshot->size(), 200);
  for (const auto& block : snapshot->blocks) {
    for (const SegmentRef& segment : block->segments) ck_assert(segment->parts.empty());
  }
  ck_assert_uint_ge(snapshot->tail.size(), 150);
}
END_TEST

START_TEST(test_what_grows_is_charged_until_it_goes) {
  size_t charged = 0;
  const auto charge = [&](size_t bytes) {
    charged += bytes;
    return std::shared_ptr<void>(nullptr, [&charged, bytes](void*) { charged -= bytes; });
  };
  {
    Window window({.length = 0s, .charge = charge});
    for (uint64_t i = 0; i < 1000; ++i) add(window, i);
    ck_assert_uint_gt(charged, 900 * sizeof(Segment));
    const MediaSnapshotRef reader = window.snapshot();
    const size_t all = charged;
    while (window.may_drop_oldest()) window.drop_oldest();
    ck_assert_uint_eq(charged, all);
  }
  ck_assert_uint_eq(charged, 0);
}
END_TEST

int main() {
  const Test tests[] = {
      test_live_window_slides_and_keeps_its_length,
      test_live_window_never_shrinks_below_three_target_durations,
      test_want_of_memory_leaves_one_segment_while_live,
      test_event_keeps_everything,
      test_snapshot_does_not_change_after_it_was_taken,
      test_discontinuity_sequence_counts_removed_tags,
      test_open_segment_can_be_discarded,
      test_bytes_and_duration_are_those_of_what_is_listed,
      test_parts_are_kept_for_three_target_durations,
      test_segments_with_parts_stay_out_of_blocks,
      test_what_grows_is_charged_until_it_goes,
  };
  return run_tests("window", tests);
}
