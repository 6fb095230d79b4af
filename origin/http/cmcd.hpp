// SPDX-License-Identifier: LGPL-2.1-or-later
// Common Media Client Data (CTA-5004): what players tell of themselves with a request. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/base/json.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

// What the four CMCD header fields and the query's CMCD parameter say, joined by commas; empty if nothing.
std::string cmcd_of(const transport::RequestHead& head);

// Adds each key with its value: strings, numbers, true, and tokens as strings. What is no key or no value of
// CTA-5004 3 is left out, and what comes after the first 40 keys.
void add_cmcd(JsonDocument& json, std::string_view text);

}  // namespace origin::http
