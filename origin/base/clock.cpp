// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/clock.hpp"

namespace origin {

namespace {

class SystemClock final : public Clock {
 public:
  UtcTime utc() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  MonotonicTime monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

}  // namespace origin
