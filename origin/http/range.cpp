// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/range.hpp"

#include <algorithm>
#include <optional>

#include "origin/base/text.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

enum class Verdict { kMalformed, kUnsatisfiable, kSatisfiable };

// One range-spec: "first-", "first-last" or "-suffix".
Verdict parse_range(std::string_view spec, uint64_t size, ByteRange& range) {
  const size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return Verdict::kMalformed;
  const std::string_view before = spec.substr(0, dash), after = spec.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = parse_number(after);
    if (!suffix) return Verdict::kMalformed;
    if (*suffix == 0 || size == 0) return Verdict::kUnsatisfiable;
    range = {size - std::min(*suffix, size), size - 1};
    return Verdict::kSatisfiable;
  }
  const auto first = parse_number(before);
  const auto last = after.empty() ? std::optional(UINT64_MAX) : parse_number(after);
  if (!first || !last || *last < *first) return Verdict::kMalformed;
  if (*first >= size) return Verdict::kUnsatisfiable;
  range = {*first, std::min(*last, size - 1)};
  return Verdict::kSatisfiable;
}

}  // namespace

// One alone needs no memory.
void Ranges::add(const ByteRange& range) {
  if (kind == Kind::kWhole) {
    kind = Kind::kOne;
    one = range;
    return;
  }
  if (kind == Kind::kOne) list.push_back(one);
  kind = Kind::kSeveral;
  list.push_back(range);
}

Ranges parse_ranges(std::string_view field, uint64_t size, size_t max_ranges) {
  const std::string_view unit = take_until(field, '=');
  if (!transport::equals_ignoring_case(unit, "bytes")) return {};
  Ranges ranges;
  size_t specs = 0;
  uint64_t total = 0;
  while (!field.empty()) {
    const std::string_view spec = take_until(field, ',');
    if (spec.empty()) continue;  // RFC 9110 5.6.1.2: empty list elements are ignored
    if (++specs > max_ranges) return {};
    ByteRange range;
    const Verdict verdict = parse_range(spec, size, range);
    if (verdict == Verdict::kMalformed) return {};
    if (verdict == Verdict::kUnsatisfiable) continue;
    if (range.length() > size - total) return {};
    total += range.length();
    ranges.add(range);
  }
  if (specs == 0) return {};
  if (ranges.kind == Ranges::Kind::kWhole) ranges.kind = Ranges::Kind::kUnsatisfiable;
  return ranges;
}

Body slice_body(const Body& body, ByteRange range) {
  Body slices;
  uint64_t skip = range.first, want = range.length();
  for (const Bytes& bytes : body) {
    if (skip >= bytes.size()) {
      skip -= bytes.size();
      continue;
    }
    const uint64_t take = std::min<uint64_t>(want, bytes.size() - skip);
    slices.push_back(bytes.slice(skip, take));
    want -= take;
    skip = 0;
    if (want == 0) break;
  }
  return slices;
}

}  // namespace origin::http
