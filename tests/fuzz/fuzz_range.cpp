// SPDX-License-Identifier: LGPL-2.1-or-later
// Range and its conditions: the first line is the size of the body, the second Range, the third If-Range, the
// fourth If-None-Match, the fifth a date. Whatever they say, ranges lie within the body and are not longer
// than it.
#include <cstdlib>
#include <string>

#include "origin/base/text.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/range.hpp"

using namespace origin;
using namespace origin::http;

namespace {

constexpr size_t kMaxRanges = 16;
constexpr uint64_t kBodyBytes = 1000;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  return take_until(rest, '\n');
}

std::vector<ByteRange> all_ranges(std::string_view field, uint64_t size) {
  const Ranges ranges = parse_ranges(field, size, kMaxRanges);
  require((ranges.kind == Ranges::Kind::kSeveral) == (ranges.list.size() > 1));
  require(ranges.list.size() <= kMaxRanges);
  return ranges.kind == Ranges::Kind::kOne ? std::vector<ByteRange>{ranges.one} : ranges.list;
}

void check_ranges(std::string_view field, uint64_t size) {
  uint64_t rest = size;
  for (const ByteRange& range : all_ranges(field, size)) {
    require(range.first <= range.last && range.last < size);
    require(range.length() <= rest);
    rest -= range.length();
  }
}

void check_slices(std::string_view field) {
  static const std::string text(kBodyBytes, 'x');
  const Bytes whole = Bytes::of_static(text);
  const Body body{whole.slice(0, 1), whole.slice(1, 499), whole.slice(500, 500)};
  for (const ByteRange& range : all_ranges(field, kBodyBytes)) {
    require(body_size(slice_body(body, range)) == range.length());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const uint64_t body_bytes = parse_number(take_line(rest)).value_or(kBodyBytes);
  const std::string_view range = take_line(rest), if_range = take_line(rest), if_none_match = take_line(rest);
  const std::string_view date = take_line(rest);
  check_ranges(range, body_bytes);
  check_slices(range);

  const Validators validators{"\"v1\"", UtcTime(std::chrono::seconds(784111777))};
  range_applies(if_range, validators, validators.last_modified + 1h);
  judge({.if_match = if_range, .if_none_match = if_none_match, .if_modified_since = date}, validators);
  judge({.if_none_match = if_none_match, .if_unmodified_since = date}, validators);
  return 0;
}
