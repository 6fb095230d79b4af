// SPDX-License-Identifier: LGPL-2.1-or-later
// Delivery directives: what a client asks of a media playlist in its query (RFC 8216bis 6.2.5). Pure, any
// thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/store/topic.hpp"

namespace origin::http {

struct Directives {
  std::optional<uint64_t> sequence;  // _HLS_msn
  std::optional<uint64_t> part;      // _HLS_part
  uint8_t edition = 0;               // store::Form's, of _HLS_skip
};

// kInvalid with the name, the value and what would be right. Parameters of other names are none of ours.
Result<Directives> parse_directives(std::string_view query);

// Those of a query alone, without needless escapes.
std::string directives_of(std::string_view query);

// The position that the asked version is at or after; nothing if the newest will do. `newest` allows waiting.
// kInvalid if it is further ahead than anyone should ask (6.2.5.2).
Result<std::optional<store::Position>> awaited_position(const Directives& directives,
                                                        const store::Message& newest);

}  // namespace origin::http
