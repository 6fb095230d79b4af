// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/metrics.hpp"

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::metrics;

START_TEST(test_a_histogram_counts_up_to_its_bounds) {
  constexpr Duration kBounds[] = {1ms, 1s};
  Histogram histogram(kBounds);
  for (const Duration value :
       {Duration(0), Duration(1ms), Duration(1ms + 1ns), Duration(1s), Duration(5s), Duration(-1s)})
    histogram.observe(value);
  const Distribution values = histogram.values();
  ck_assert_uint_eq(values.counts[0], 3);
  ck_assert_uint_eq(values.counts[1], 2);
  ck_assert_uint_eq(values.counts[2], 1);
  ck_assert_int_eq(values.sum.count(), Duration(6s + 2ms + 1ns).count());
}
END_TEST

START_TEST(test_the_text_is_what_prometheus_reads) {
  constexpr Duration kBounds[] = {10ms, 1s};
  Histogram histogram(kBounds);
  histogram.observe(2ms);
  histogram.observe(500ms);
  histogram.observe(3s);
  Families families;
  metrics::add(add_counter(families, "things_total", "Things."), {{"kind", "a\"b\n"}}, 3);
  metrics::add(add_gauge(families, "level", "A level."), {}, -0.5);
  metrics::add(add_histogram(families, "time_seconds", "Times."), {{"of", "x"}}, histogram.values());
  const std::string text = text_of(families);
  ck_assert_str_eq(text.c_str(),
                   "# HELP things_total Things.\n"
                   "# TYPE things_total counter\n"
                   "things_total{kind=\"a\\\"b\\n\"} 3\n"
                   "# HELP level A level.\n"
                   "# TYPE level gauge\n"
                   "level -0.5\n"
                   "# HELP time_seconds Times.\n"
                   "# TYPE time_seconds histogram\n"
                   "time_seconds_count{of=\"x\"} 3\n"
                   "time_seconds_sum{of=\"x\"} 3.502\n"
                   "time_seconds_bucket{of=\"x\",le=\"0.01\"} 1\n"
                   "time_seconds_bucket{of=\"x\",le=\"1\"} 2\n"
                   "time_seconds_bucket{of=\"x\",le=\"+Inf\"} 3\n");
}
END_TEST

int main() {
  const Test tests[] = {test_a_histogram_counts_up_to_its_bounds, test_the_text_is_what_prometheus_reads};
  return run_tests("metrics", tests);
}
