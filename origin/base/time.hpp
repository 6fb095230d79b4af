// SPDX-License-Identifier: LGPL-2.1-or-later
// Durations, the two time scales (UTC and monotonic), and exact conversion to media ticks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace origin {

using Duration = std::chrono::nanoseconds;
using UtcTime = std::chrono::sys_time<Duration>;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

using namespace std::chrono_literals;

inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// value * multiplier / divisor, rounded to nearest (halves away from zero), exact in 128 bits.
// REQUIRES: multiplier and divisor > 0, and a result that fits 64 bits.
constexpr int64_t scale_round(int64_t value, int64_t multiplier, int64_t divisor) {
  const __int128 product = static_cast<__int128>(value) * multiplier;
  const __int128 half = divisor / 2;
  return static_cast<int64_t>((product >= 0 ? product + half : product - half) / divisor);
}

constexpr int64_t floor_div(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// Seconds since 1970, or the first or last time that there is (in 1677 and 2262).
constexpr UtcTime utc_of_seconds(int64_t seconds) {
  constexpr int64_t kMost = INT64_MAX / kNanosecondsPerSecond;
  if (seconds > kMost) return UtcTime::max();
  return seconds < -kMost ? UtcTime::min() : UtcTime(std::chrono::seconds(seconds));
}

// Ticks of a timescale (units per second) for a duration, and back; each rounded once.
constexpr int64_t to_ticks(Duration duration, uint32_t timescale) {
  return scale_round(duration.count(), timescale, kNanosecondsPerSecond);
}
constexpr Duration from_ticks(int64_t ticks, uint32_t timescale) {
  return Duration(scale_round(ticks, kNanosecondsPerSecond, timescale));
}

// RFC 3339 in UTC with milliseconds: 2026-11-22T14:52:03.250Z (what EXT-X-PROGRAM-DATE-TIME and xs:dateTime
// take).
std::string format_rfc3339(UtcTime time);
// IMF-fixdate of RFC 9110 5.6.7: Sun, 22 Nov 2026 14:52:03 GMT.
std::string format_http_date(UtcTime time);

}  // namespace origin
