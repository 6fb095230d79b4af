// SPDX-License-Identifier: LGPL-2.1-or-later
// Every limit of the HTTP room, with its default. Any thread.
#pragma once

#include <cstdint>

#include "origin/base/time.hpp"

namespace origin::http {

struct Limits {
  uint32_t max_held = 20'000;  // requests that wait for something at once, in the process; beyond: 503
  uint32_t max_ranges = 16;    // byte ranges in one request; beyond: the whole body (RFC 9110 14.2)
  uint64_t max_object_bytes = 64 << 20;              // of one that is uploaded; beyond: 413
  uint32_t max_uploads = 5'000;                      // on their way at once, in the process; beyond: 503
  Duration max_ttl = std::chrono::hours(24 * 3650);  // that an upload may ask for; more: 400
  uint32_t max_listed = 1'000;                       // objects in one answer of a listing
  Duration viewer_window = 15s;                      // who fetched something within it counts as a viewer
  uint32_t max_viewers = 100'000;  // remembered in the server; beyond, new ones are not counted
  uint32_t max_logged = 10'000;    // lines of the access log that wait to be written; beyond: lost
  Duration stop_grace = 1s;        // how long stop() lets answers leave before it cuts them
};

}  // namespace origin::http
