// SPDX-License-Identifier: LGPL-2.1-or-later
// Names for requests, to be found again in logs: UUID version 7 (RFC 9562 5.7). One per thread.
#pragma once

#include <random>
#include <string>

#include "origin/base/time.hpp"

namespace origin::http {

class RequestIds {
 public:
  // "0193554a-63d2-7cc3-98c4-dc0c0c07398f": sorts by time to the millisecond, the rest is random.
  void append_next(std::string& text, UtcTime now);

 private:
  std::mt19937_64 random_{(static_cast<uint64_t>(std::random_device{}()) << 32) | std::random_device{}()};
};

}  // namespace origin::http
