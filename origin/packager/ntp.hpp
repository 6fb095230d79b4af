// SPDX-License-Identifier: LGPL-2.1-or-later
// The 64 bit timestamps of RFC 5905 6, as prft has them: seconds since 1900 and their fraction in 32 bits
// each. Pure functions, any thread.
#pragma once

#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::packager {

constexpr int64_t kSecondsFrom1900To1970 = 2'208'988'800;

constexpr uint64_t ntp_timestamp(UtcTime time) {
  const int64_t nanoseconds = time.time_since_epoch().count();
  const int64_t seconds = floor_div(nanoseconds, kNanosecondsPerSecond);
  const auto remainder = static_cast<uint64_t>(nanoseconds - seconds * kNanosecondsPerSecond);
  return static_cast<uint64_t>(seconds + kSecondsFrom1900To1970) << 32 |
         (remainder << 32) / static_cast<uint64_t>(kNanosecondsPerSecond);
}

// Of the era whose time is between 1968 and 2104. Rounded to nanoseconds, and so the inverse of
// ntp_timestamp.
constexpr UtcTime utc_of_ntp(uint64_t timestamp) {
  constexpr int64_t kEra = int64_t{1} << 32;
  const auto in_era = static_cast<int64_t>(timestamp >> 32);
  const int64_t seconds = in_era + (in_era < kEra / 2 ? kEra : 0) - kSecondsFrom1900To1970;
  const auto fraction = static_cast<int64_t>(timestamp & UINT32_MAX);
  return UtcTime(
      Duration(seconds * kNanosecondsPerSecond + scale_round(fraction, kNanosecondsPerSecond, kEra)));
}

}  // namespace origin::packager
