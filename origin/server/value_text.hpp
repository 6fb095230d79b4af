// SPDX-License-Identifier: LGPL-2.1-or-later
// Sizes and times as a configuration writes them. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "origin/base/time.hpp"

namespace origin::server {

// Bytes: digits, and K, M or G for 1024, 1024² or 1024³. Saturates instead of overflowing.
std::optional<uint64_t> parse_size(std::string_view text);
// With the largest of the suffixes that leaves no fraction: "1G", "1536M", "1000".
std::string format_size(uint64_t bytes);

// Seconds: digits with a fraction of up to nine more, and "s" or nothing behind; "ms" for milliseconds. What
// is longer than 10^9 s is taken for 10^9 s.
std::optional<Duration> parse_duration(std::string_view text);
// "10s", "0.5s". REQUIRES: not negative.
std::string format_duration(Duration duration);

}  // namespace origin::server
