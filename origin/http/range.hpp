// SPDX-License-Identifier: LGPL-2.1-or-later
// The Range field (RFC 9110 14.1.2, 14.2) and the bytes it means. Any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "origin/base/bytes.hpp"

namespace origin::http {

struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;  // inclusive
  uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

struct Ranges {
  enum class Kind {
    kWhole,          // no Range that means anything here: the whole body, 200
    kOne,            // `one`, within the body: 206
    kSeveral,        // `list`, each within the body: 206
    kUnsatisfiable,  // 416
  };
  Kind kind = Kind::kWhole;
  ByteRange one{};
  std::vector<ByteRange> list;

  void add(const ByteRange& range);
};

// What `field` asks of a body of `size` bytes. More than `max_ranges`, or ranges that together are longer
// than the body, are an attack rather than a request (RFC 9110 17.15): kWhole.
Ranges parse_ranges(std::string_view field, uint64_t size, size_t max_ranges);

// The same memory, without copying. REQUIRES: range.last < body_size(body).
Body slice_body(const Body& body, ByteRange range);

}  // namespace origin::http
