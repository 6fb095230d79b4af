// SPDX-License-Identifier: LGPL-2.1-or-later
// How long things are waited for, and how long caches may keep them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "origin/channel/options.hpp"

namespace origin::channel {

// How often the timekeeper looks at outages, deadlines and retention.
constexpr Duration kTick = 100ms;

// How long a track may go without a new segment: 1.5 target durations (RFC 8216bis 6.2.1), of which the
// timekeeper needs one look.
inline Duration outage_patience(Duration target_duration) {
  return target_duration * 3 / 2 - kTick;
}

// How long a request for a playlist, segment or part that will be there soon is held: three target durations
// (RFC 8216bis 6.2.5.2); before the target is known, three segments of the asked length.
inline Duration hold_limit(const Options& options, uint32_t target_duration) {
  if (target_duration) return std::chrono::seconds(3 * target_duration);
  return std::max<Duration>(3 * options.segment_duration, 6s);
}

// How long the first playlists wait for tracks that were announced and do not come.
inline Duration patience(const Options& options) {
  return std::max<Duration>(3 * options.segment_duration, 5s);
}

// How long a request for the multivariant playlist is held: who asks from the start sees the first segment
// come, which takes up to two to be whole and one more where an encoder is slow to begin, and then waits for
// tracks that do not.
inline Duration multivariant_hold_limit(const Options& options) {
  return patience(options) + 3 * options.segment_duration;
}

// The longest segment before it is known how far apart keyframes are.
inline Duration longest_at_first(const Options& options) {
  return std::max<Duration>(options.gop_limit, 2 * options.segment_duration);
}

// The longest that a target duration may turn out to be, for what is published before it is known.
inline std::chrono::seconds longest_target(const Options& options) {
  return std::chrono::ceil<std::chrono::seconds>(options.segment_duration + longest_at_first(options));
}

// A header by which clients can tell how long something has been on its way: microseconds since 1970.
inline std::pair<std::string, std::string> published_at(UtcTime now) {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return {"Origin-Published", std::to_string(time.count())};
}

inline std::string max_age(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return "public, max-age=" + std::to_string(std::max<int64_t>(1, seconds));
}

}  // namespace origin::channel
