// SPDX-License-Identifier: LGPL-2.1-or-later
// The renditions of a multivariant playlist (RFC 8216bis 4.4.6). Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "origin/base/result.hpp"

namespace origin::bench {

struct Rendition {
  std::string uri;
  uint64_t bandwidth = 0;  // 0: one of EXT-X-MEDIA, which says none
};

// Whether the text is a multivariant playlist.
bool is_multivariant(std::string_view text);

// Each media playlist once, variants first.
std::vector<Rendition> parse_multivariant_playlist(std::string_view text);

// By name: "highest" and "lowest" bandwidth, "all", its number counted from 0, or a piece of its URI.
Result<std::vector<Rendition>> choose(const std::vector<Rendition>& renditions, std::string_view which);

}  // namespace origin::bench
