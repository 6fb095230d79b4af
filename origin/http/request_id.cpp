// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/request_id.hpp"

#include <cstdio>

namespace origin::http {

std::string RequestIds::next(UtcTime now) {
  const auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  const uint64_t a = random_(), b = random_();
  char text[37];
  std::snprintf(text, sizeof text, "%08x-%04x-7%03x-%04x-%012llx",
                static_cast<unsigned>(ms >> 16 & 0xffffffff), static_cast<unsigned>(ms & 0xffff),
                static_cast<unsigned>(a & 0xfff), static_cast<unsigned>(0x8000 | (a >> 12 & 0x3fff)),
                static_cast<unsigned long long>(b & 0xffff'ffff'ffff));
  return text;
}

}  // namespace origin::http
