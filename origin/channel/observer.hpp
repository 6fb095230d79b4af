// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "origin/base/time.hpp"

namespace origin::channel {

struct SegmentAdded {
  std::string track;
  uint64_t sequence = 0;
  Duration running_time{};
  Duration duration{};
  uint64_t bytes = 0;
};

// Told what happens to a presentation. Called on streaming threads and the timekeeper's, with no lock held.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void segment_added(const SegmentAdded& segment) = 0;
  // `hint` says what to set.
  virtual void warning(const std::string& message, const std::string& hint) = 0;
};

}  // namespace origin::channel
