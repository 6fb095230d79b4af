// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace origin::bench {

namespace {

// Each power of two of microseconds has this many buckets, smaller durations a microsecond each.
constexpr unsigned kBits = 7;
constexpr uint64_t kSteps = 1 << kBits;

size_t bucket_of(uint64_t microseconds) {
  if (microseconds < kSteps) return microseconds;
  const auto shift = static_cast<unsigned>(std::bit_width(microseconds)) - 1 - kBits;
  return (shift + 1) * kSteps + (microseconds >> shift) - kSteps;
}

// The longest duration in the bucket.
uint64_t end_of(size_t bucket) {
  if (bucket < kSteps) return bucket;
  const size_t shift = bucket / kSteps - 1;
  return ((bucket % kSteps + kSteps + 1) << shift) - 1;
}

}  // namespace

void Histogram::add(Duration duration) {
  if (duration < Duration(0)) {
    ++negative_;
    duration = Duration(0);
  }
  const auto microseconds =
      static_cast<uint64_t>(std::chrono::ceil<std::chrono::microseconds>(duration).count());
  const size_t bucket = bucket_of(microseconds);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  ++buckets_[bucket];
  ++count_;
  max_ = std::max(max_, duration);
}

Duration Histogram::quantile(double q) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen > 0)
      return std::min<Duration>(std::chrono::microseconds(end_of(bucket)), max_);
  }
  return Duration(0);
}

}  // namespace origin::bench
