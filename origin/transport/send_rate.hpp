// SPDX-License-Identifier: LGPL-2.1-or-later
// How fast a client takes what is sent to it. A value; worker's thread only.
#pragma once

#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::transport {

class SendRate {
 public:
  // From here on the client is waited for.
  void restart(MonotonicTime now) {
    *this = {};
    begun_ = since_ = now;
  }
  void add(uint64_t bytes) {
    bytes_ += bytes;
    all_bytes_ += bytes;
  }
  // Whether it was under `least` bytes/s in the last whole window. To be asked whenever bytes have gone,
  // since that ends a window.
  bool below(uint32_t least, Duration window, MonotonicTime now) {
    const Duration elapsed = now - since_;
    if (elapsed < window) return below_;
    below_ = static_cast<double>(bytes_) < least * to_seconds(elapsed);
    since_ = now;
    bytes_ = 0;
    return below_;
  }
  // Whether it has been waited for this long at least, and was under `least` bytes/s in all that time.
  bool always_below(uint32_t least, Duration time, MonotonicTime now) const {
    const Duration elapsed = now - begun_;
    return elapsed >= time && static_cast<double>(all_bytes_) < least * to_seconds(elapsed);
  }

 private:
  MonotonicTime begun_{};
  uint64_t all_bytes_ = 0;  // since then
  MonotonicTime since_{};
  uint64_t bytes_ = 0;
  bool below_ = false;
};

}  // namespace origin::transport
