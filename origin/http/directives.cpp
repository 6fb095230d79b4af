// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/directives.hpp"

#include <charconv>
#include <string>

#include "origin/base/text.hpp"

namespace origin::http {

namespace {

constexpr uint8_t kDelta = 1, kDeltaWithoutDateRanges = 2;

Error invalid(std::string_view name, std::string_view value, const char* right) {
  return {ErrorCode::kInvalid, std::string(name) + "=" + std::string(value) + ": " + right};
}

Result<uint64_t> parse_number(std::string_view name, std::string_view value) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    return invalid(name, value, "a decimal number below 2^64 is asked for");
  }
  return number;
}

Status take(Directives& directives, std::string_view name, std::string_view value) {
  if (name == "_HLS_skip") {
    if (value != "YES" && value != "v2") return invalid(name, value, "YES or v2 is asked for");
    if (directives.edition) return invalid(name, value, "given twice");
    directives.edition = value == "YES" ? kDelta : kDeltaWithoutDateRanges;
    return {};
  }
  std::optional<uint64_t>* field = name == "_HLS_msn"    ? &directives.sequence
                                   : name == "_HLS_part" ? &directives.part
                                                         : nullptr;
  if (!field) return {};
  if (*field) return invalid(name, value, "given twice");
  const Result<uint64_t> number = parse_number(name, value);
  if (!number) return number.error();
  *field = *number;
  return {};
}

}  // namespace

Result<Directives> parse_directives(std::string_view query) {
  Directives directives;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const std::string_view name = take_until(value, '=');
    if (Status status = take(directives, name, value); !status) return status.error();
  }
  if (directives.part && !directives.sequence) {
    return Error{ErrorCode::kInvalid, "_HLS_part needs _HLS_msn"};
  }
  return directives;
}

Result<std::optional<store::Position>> awaited_position(const Directives& directives,
                                                        const store::Message& newest) {
  if (!directives.sequence) return std::optional<store::Position>();
  const store::Position now = newest.position();
  const uint64_t sequence = *directives.sequence;
  // The last whole segment is the one before the one that is being written.
  if (sequence > now.major + 1) {
    return Error{ErrorCode::kInvalid, "_HLS_msn=" + std::to_string(sequence) +
                                          " is more than two past segment " + std::to_string(now.major - 1) +
                                          ", which is the last"};
  }
  if (sequence + 1 < now.major) return std::optional<store::Position>();
  if (!directives.part) return std::optional(store::Position{sequence + 1, 0});

  const uint64_t part = *directives.part;
  const uint64_t newest_part = sequence == now.major ? now.minor : 0;  // counted from 1
  if (sequence >= now.major && part >= newest_part + newest.ahead()->max_parts) {
    return Error{ErrorCode::kInvalid, "_HLS_part=" + std::to_string(part) + " of segment " +
                                          std::to_string(sequence) + " is more than " +
                                          std::to_string(newest.ahead()->max_parts) + " parts ahead"};
  }
  // A part past the last one of its segment is the first of the next.
  if (sequence + 1 == now.major && part >= newest.ahead()->parts_before) {
    return std::optional(store::Position{now.major, 1});
  }
  return std::optional(store::Position{sequence, part + 1});
}

}  // namespace origin::http
