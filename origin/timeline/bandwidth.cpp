// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/bandwidth.hpp"

#include <algorithm>
#include <cmath>

namespace origin::timeline {

namespace {

uint64_t rate(uint64_t bytes, Duration duration) {
  if (duration <= Duration::zero()) return 0;
  return static_cast<uint64_t>(std::ceil(static_cast<double>(bytes) * 8.0 / to_seconds(duration)));
}

}  // namespace

void BandwidthMeter::add(Duration duration, uint64_t bytes) {
  bytes_ += bytes;
  duration_ += duration;
  recent_.push_back({duration, bytes});
  // Every contiguous set that ends with the new segment.
  Duration set_duration{};
  uint64_t set_bytes = 0;
  size_t used = 0;
  for (auto piece = recent_.rbegin(); piece != recent_.rend(); ++piece) {
    set_duration += piece->duration;
    set_bytes += piece->bytes;
    if (set_duration > target_ * 3 / 2) break;
    ++used;
    if (set_duration >= target_ / 2) peak_ = std::max(peak_, rate(set_bytes, set_duration));
  }
  // A single segment that is longer than 1.5 target durations is its own set.
  if (used == 0) peak_ = std::max(peak_, rate(bytes, duration));
  while (recent_.size() > used + 1) recent_.pop_front();
}

uint64_t BandwidthMeter::peak() const {
  return peak_ ? peak_ : average();
}

uint64_t BandwidthMeter::average() const {
  return rate(bytes_, duration_);
}

}  // namespace origin::timeline
