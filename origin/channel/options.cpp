// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/options.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace origin::channel {

namespace {

constexpr size_t kMaxNameLength = 128;
constexpr Duration kMinSegment = 100ms;
constexpr Duration kMaxSegment = 60s;
constexpr Duration kMinPart = 20ms;
// Who gives less than this mistook the unit.
constexpr Duration kMinRetention = 1ms;

Error invalid(std::string message) {
  return {ErrorCode::kInvalid, std::move(message)};
}

std::string readable(Duration duration) {
  if (std::chrono::abs(duration) < 1ms) return std::to_string(duration.count()) + " ns";
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) + " ms";
}

}  // namespace

std::string_view name_of(timeline::PlaylistType type) {
  switch (type) {
    case timeline::PlaylistType::kLive:
      return "live";
    case timeline::PlaylistType::kEvent:
      return "event";
    case timeline::PlaylistType::kVod:
      return "vod";
  }
  return "";
}

Status validate_name(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kRoutes = {"topics", "time", "healthz", "metrics", "api"};
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
  };
  if (name.empty() || name.size() > kMaxNameLength) {
    return invalid("name '" + name.substr(0, kMaxNameLength) + "' has " + std::to_string(name.size()) +
                   " characters; it takes 1 to " + std::to_string(kMaxNameLength));
  }
  if (!std::all_of(name.begin(), name.end(), allowed) || name.front() == '_' || name.front() == '.') {
    return invalid("name '" + name +
                   "' may hold only letters, digits, '-', '_', '.', '~', and not begin with '_' or '.'");
  }
  if (std::find(kRoutes.begin(), kRoutes.end(), name) != kRoutes.end()) {
    return invalid("name '" + name + "' is a route of the origin; take another");
  }
  return {};
}

Status validate(const Options& options) {
  if (Status status = validate_name(options.name); !status) {
    return invalid("presentation " + status.error().message);
  }
  if (options.segment_duration < kMinSegment || options.segment_duration > kMaxSegment) {
    return invalid("segment-duration of " + readable(options.segment_duration) +
                   " is out of range; it takes " + readable(kMinSegment) + " to " + readable(kMaxSegment));
  }
  if (options.part_duration != Duration::zero() &&
      (options.part_duration < kMinPart || options.part_duration > options.segment_duration)) {
    return invalid("part-duration of " + readable(options.part_duration) +
                   " is out of range; it takes 0 or " + readable(kMinPart) + " to segment-duration (" +
                   readable(options.segment_duration) + ")");
  }
  const auto whole = std::chrono::ceil<std::chrono::seconds>(options.segment_duration).count();
  if (options.target_duration && options.target_duration < whole) {
    return invalid("target-duration of " + std::to_string(options.target_duration) +
                   " s is shorter than segment-duration; it takes 0 or at least " + std::to_string(whole));
  }
  if (options.window != Duration::zero() && options.window < options.segment_duration) {
    return invalid("window of " + readable(options.window) +
                   " is shorter than segment-duration; it takes 0 (everything) or at least " +
                   readable(options.segment_duration));
  }
  if (options.retention > Duration::zero() && options.retention < kMinRetention) {
    return invalid("retention of " + readable(options.retention) +
                   " is out of range; it takes -1 (forever), 0 or at least " + readable(kMinRetention));
  }
  return {};
}

}  // namespace origin::channel
