// SPDX-License-Identifier: LGPL-2.1-or-later
// A clock whose hands a test turns. Any thread.
#pragma once

#include <atomic>

#include "origin/base/clock.hpp"

namespace origin {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(Duration utc_since_1970 = std::chrono::seconds(1'700'000'000))
      : start_(utc_since_1970) {}
  UtcTime utc() const override { return UtcTime(start_ + Duration(passed_.load())); }
  MonotonicTime monotonic() const override { return MonotonicTime(1s + Duration(passed_.load())); }
  void advance(Duration duration) { passed_ += duration.count(); }

 private:
  const Duration start_;
  std::atomic<int64_t> passed_{0};
};

}  // namespace origin
