// SPDX-License-Identifier: LGPL-2.1-or-later
// Times as playlists and HTTP headers write them. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/base/time.hpp"

namespace origin::bench {

// RFC 3339, also with "+0000" for "+00:00" and without a zone, which then is UTC.
std::optional<UtcTime> parse_rfc3339(std::string_view text);
// IMF-fixdate of RFC 9110 5.6.7: Sun, 22 Nov 2026 14:52:03 GMT.
std::optional<UtcTime> parse_http_date(std::string_view text);
// Microseconds since 1970, or RFC 3339.
std::optional<UtcTime> parse_published(std::string_view text);
// A decimal number of seconds from 0 to 10^9.
std::optional<Duration> parse_seconds(std::string_view text);

}  // namespace origin::bench
