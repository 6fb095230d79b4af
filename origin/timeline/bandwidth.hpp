// SPDX-License-Identifier: LGPL-2.1-or-later
// Measured BANDWIDTH and AVERAGE-BANDWIDTH of a rendition. Not thread safe.
#pragma once

#include <cstdint>
#include <deque>

#include "origin/base/time.hpp"

namespace origin::timeline {

class BandwidthMeter {
 public:
  explicit BandwidthMeter(Duration target_duration) : target_(target_duration) {}
  void add(Duration duration, uint64_t bytes);

  // Peak segment bit rate (RFC 8216bis 4.4.6.2): the highest rate of any contiguous set of segments that
  // lasts between 0.5 and 1.5 target durations. The rate of everything so far while no set is that long. 0
  // before the first segment.
  uint64_t peak() const;
  uint64_t average() const;
  Duration measured() const { return duration_; }

 private:
  struct Piece {
    Duration duration;
    uint64_t bytes;
  };
  const Duration target_;
  std::deque<Piece> recent_;
  uint64_t peak_ = 0;
  uint64_t bytes_ = 0;
  Duration duration_{};
};

}  // namespace origin::timeline
