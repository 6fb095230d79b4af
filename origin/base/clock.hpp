// SPDX-License-Identifier: LGPL-2.1-or-later
// Where time comes from, so that tests can turn the hands. Any thread.
#pragma once

#include "origin/base/time.hpp"

namespace origin {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UtcTime utc() const = 0;
  virtual MonotonicTime monotonic() const = 0;

  // The machine's clocks. Lives as long as the process.
  static const Clock& system();
};

}  // namespace origin
