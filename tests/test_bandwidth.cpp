// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/bandwidth.hpp"

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::timeline;

START_TEST(test_peak_ignores_sets_shorter_than_half_a_target) {
  BandwidthMeter meter(2s);
  meter.add(40ms, 100'000);  // a lone keyframe before the first boundary: 20 Mbit/s
  meter.add(2s, 500'000);
  // Alone the second is 2 Mbit/s; with the first it is 600 kB in 2.04 s.
  ck_assert_uint_eq(meter.peak(), 2'352'942);
}
END_TEST

START_TEST(test_peak_is_the_highest_set_and_stays) {
  BandwidthMeter meter(2s);
  for (int i = 0; i < 10; ++i) meter.add(2s, i == 4 ? 1'000'000 : 250'000);
  ck_assert_uint_eq(meter.peak(), 4'000'000);
  ck_assert_uint_eq(meter.average(), 1'300'000);
}
END_TEST

START_TEST(test_a_segment_longer_than_any_set_counts_alone) {
  BandwidthMeter meter(2s);
  meter.add(12s, 3'000'000);
  ck_assert_uint_eq(meter.peak(), 2'000'000);
}
END_TEST

START_TEST(test_nothing_measured_is_nothing) {
  const BandwidthMeter meter(2s);
  ck_assert_uint_eq(meter.peak(), 0);
  ck_assert_uint_eq(meter.average(), 0);
}
END_TEST

int main() {
  const Test tests[] = {
      test_peak_ignores_sets_shorter_than_half_a_target,
      test_peak_is_the_highest_set_and_stays,
      test_a_segment_longer_than_any_set_counts_alone,
      test_nothing_measured_is_nothing,
  };
  return run_tests("bandwidth", tests);
}
