// SPDX-License-Identifier: LGPL-2.1-or-later
// Content negotiation by Accept-Encoding (RFC 9110 12.5.3). Any thread.
#pragma once

#include <string_view>

namespace origin::http {

// Whether gzip is acceptable to the client and not worse to it than no encoding at all.
bool prefers_gzip(std::string_view accept_encoding);

}  // namespace origin::http
