// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/segmenter/grid.hpp"

#include <vector>

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::segmenter;

namespace {

constexpr Duration kSegment = 2s;
constexpr Duration kLongest = 2450ms;
constexpr int64_t kSlot = 850'000'000;
constexpr Duration kStart = kSegment * kSlot;

// The boundaries from a time on, until `until`.
std::vector<Duration> boundaries(const Grid& grid, Duration from, Duration until) {
  std::vector<Duration> found;
  for (Duration at = grid.next(from); at <= until; at = grid.next(at)) found.push_back(at);
  return found;
}

}  // namespace

START_TEST(test_plain_grid) {
  const Grid grid(kSegment);
  ck_assert(grid.next(kStart) == kStart + 2s);
  ck_assert(grid.next(kStart - 1ns) == kStart);
  ck_assert(grid.next(-1ns) == 0s);
  ck_assert_int_eq(grid.number_at(kStart + 1999ms), kSlot);
  ck_assert(grid.next(kStart) == grid.slot_end(kStart));
}
END_TEST

START_TEST(test_number_ahead_is_given_back) {
  Grid grid(kSegment);
  grid.begin(kStart + 700ms, kSlot + 1, kLongest);
  const std::vector<Duration> wanted = {kStart + 3150ms, kStart + 5600ms, kStart + 8s, kStart + 10s,
                                        kStart + 12s};
  ck_assert(boundaries(grid, kStart + 700ms, kStart + 12s) == wanted);
  ck_assert_int_eq(grid.number_at(kStart + 700ms), kSlot + 1);
  ck_assert_int_eq(grid.number_at(kStart + 3150ms), kSlot + 2);
  ck_assert_int_eq(grid.number_at(kStart + 7999ms), kSlot + 3);
  ck_assert_int_eq(grid.number_at(kStart + 8s), kSlot + 4);
}
END_TEST

START_TEST(test_numbers_that_agree_or_lag_change_nothing) {
  for (const int64_t number : {kSlot, kSlot - 1, kSlot - 100}) {
    Grid grid(kSegment);
    grid.begin(kStart + 700ms, number, kLongest);
    ck_assert(grid.next(kStart + 700ms) == kStart + 2s);
  }
}
END_TEST

START_TEST(test_nothing_is_stretched_without_room) {
  Grid grid(kSegment);
  grid.begin(kStart + 700ms, kSlot + 1, kSegment);
  ck_assert(grid.next(kStart + 700ms) == kStart + 2s);
}
END_TEST

// Tracks begin within a frame of each other, and one may come later.
START_TEST(test_who_says_the_same_again_changes_nothing) {
  Grid grid(kSegment);
  grid.begin(kStart + 700ms, kSlot + 1, kLongest);
  const auto wanted = boundaries(grid, kStart + 700ms, kStart + 20s);
  for (const Duration late : {-20ms, 20ms, 1300ms}) {
    grid.begin(kStart + 700ms + late, kSlot + 1, kLongest);
    ck_assert(boundaries(grid, kStart + 700ms, kStart + 20s) == wanted);
  }
  grid.begin(kStart + 3150ms, kSlot + 2, kLongest - 30ms);
  ck_assert(boundaries(grid, kStart + 700ms, kStart + 20s) == wanted);
  ck_assert(grid.next(kStart + 690ms) == wanted.front());
}
END_TEST

START_TEST(test_another_cut_is_given_back_too) {
  Grid grid(kSegment);
  grid.begin(kStart + 700ms, kSlot + 1, kLongest);
  grid.begin(kStart + 1s, kSlot + 2, kLongest);
  grid.begin(kStart + 1300ms, kSlot + 3, kLongest);
  Duration begin = kStart + 1300ms;
  int64_t number = kSlot + 3;
  while (number > grid.slot(begin)) {
    const Duration end = grid.next(begin);
    ck_assert(end - begin <= kLongest);
    ck_assert(end - begin == kLongest || end == kSegment * (number + 1));
    begin = end;
    ++number;
    ck_assert_int_eq(grid.number_at(begin), number);
  }
  ck_assert(begin == kSegment * number);
  ck_assert(begin < kStart + 40s);
}
END_TEST

START_TEST(test_boundaries_that_were_asked_for_stay) {
  Grid grid(kSegment);
  grid.settle(kStart + 5s);  // an encoder that looks ahead
  grid.begin(kStart + 700ms, kSlot + 1, kLongest);
  ck_assert((boundaries(grid, kStart + 700ms, kStart + 7s) ==
             std::vector<Duration>{kStart + 2s, kStart + 4s, kStart + 6450ms}));
  ck_assert_int_eq(grid.number_at(kStart + 4s), kSlot + 3);
  // Stretched ones as well.
  grid.settle(kStart + 7s);
  grid.begin(kStart + 2500ms, kSlot + 3, kLongest);
  ck_assert((boundaries(grid, kStart + 2500ms, kStart + 9s) ==
             std::vector<Duration>{kStart + 4s, kStart + 6450ms, kStart + 8900ms}));
}
END_TEST

START_TEST(test_a_time_far_ahead_is_no_endless_plan) {
  Grid grid(kSegment);
  grid.settle(kStart + 24h * 365);
  grid.begin(kStart + 700ms, kSlot + 1, kLongest);
  ck_assert(grid.next(kStart + 700ms) == kStart + 2s);
  ck_assert(grid.next(kStart + 24h) == kStart + 24h + 2s);
}
END_TEST

int main() {
  const Test tests[] = {
      test_plain_grid,
      test_number_ahead_is_given_back,
      test_numbers_that_agree_or_lag_change_nothing,
      test_nothing_is_stretched_without_room,
      test_who_says_the_same_again_changes_nothing,
      test_another_cut_is_given_back_too,
      test_boundaries_that_were_asked_for_stay,
      test_a_time_far_ahead_is_no_endless_plan,
  };
  return run_tests("grid", tests);
}
