// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts durations in buckets less than 1 % wide, so that quantiles of any number of them take little memory.
// One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "origin/base/time.hpp"

namespace origin::bench {

class Histogram {
 public:
  // Less than nothing is counted as nothing, and apart as negative(): two clocks that disagree.
  void add(Duration duration);

  uint64_t count() const { return count_; }
  uint64_t negative() const { return negative_; }
  Duration max() const { return max_; }
  // At least the fraction `q` of what was added is no longer than this (by up to 1 %). 0 if nothing was
  // added.
  Duration quantile(double q) const;

 private:
  std::vector<uint32_t> buckets_;
  uint64_t count_ = 0;
  uint64_t negative_ = 0;
  Duration max_{0};
};

}  // namespace origin::bench
