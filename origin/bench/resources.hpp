// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process itself uses. Any thread.
#pragma once

#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::bench {

struct Resources {
  Duration user{0}, system{0};
  uint64_t resident = 0, peak_resident = 0;  // bytes

  static Resources now();
};

}  // namespace origin::bench
