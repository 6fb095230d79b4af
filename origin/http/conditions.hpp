// SPDX-License-Identifier: LGPL-2.1-or-later
// Conditional requests (RFC 9110 13) for GET and HEAD. Any thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/base/time.hpp"

namespace origin::http {

// The fields of a request that carry a condition; empty: not sent.
struct Conditions {
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view if_modified_since;
  std::string_view if_unmodified_since;
  std::string_view if_range;
};

// What a representation can be compared by.
struct Validators {
  std::string_view etag;    // strong, with its quotes; empty: none
  UtcTime last_modified{};  // 1970: none
};

enum class Verdict {
  kProceed,      // answer as if no condition had been made
  kNotModified,  // 304
  kFailed,       // 412
};

// In the order of RFC 9110 13.2.2. If-Range is not looked at.
Verdict judge(const Conditions& conditions, const Validators& validators);

// Whether Range counts (RFC 9110 13.1.5): there is no If-Range, or it names exactly this representation.
bool range_applies(std::string_view if_range, const Validators& validators, UtcTime now);

// Any of the three forms of RFC 9110 5.6.7; nullopt if it is none.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace origin::http
