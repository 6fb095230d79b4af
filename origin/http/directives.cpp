// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/directives.hpp"

#include <glib.h>

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

// In the form in which RFC 3986 6.2.2 compares: what needs no escape has none. libsoup has done so already.
std::string normalised(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
      continue;
    }
    const auto c = static_cast<char>(high << 4 | low);
    if (g_ascii_isalnum(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      result += c;
    } else {
      result += {'%', g_ascii_toupper(text[i + 1]), g_ascii_toupper(text[i + 2])};
    }
    i += 2;
  }
  return result;
}

// Calls visit(name, value) for each field of a query that is a directive, until that is no success.
template <typename Visit>
Status for_each_directive(std::string_view query, Visit visit) {
  std::string plain_name, plain_value;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    std::string_view name = take_until(value, '=');
    if (name.find('%') != std::string_view::npos) name = plain_name = normalised(name);
    if (!name.starts_with("_HLS_")) continue;
    if (value.find('%') != std::string_view::npos) value = plain_value = normalised(value);
    if (Status status = visit(name, value); !status) return status;
  }
  return {};
}

}  // namespace

std::string directives_of(std::string_view query) {
  std::string found;
  (void)for_each_directive(query, [&](std::string_view name, std::string_view value) -> Status {
    if (!found.empty()) found += '&';
    found.append(name).append("=").append(value);
    return {};
  });
  return found;
}

Result<Directives> parse_directives(std::string_view query) {
  Directives directives;
  const Status status = for_each_directive(
      query, [&](std::string_view name, std::string_view value) { return take(directives, name, value); });
  if (!status) return status.error();
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
  // Parts between the last one and the start of that segment: the one before is expected to be like the last
  // whole one.
  const uint64_t parts_before = newest.ahead()->parts_before;
  const uint64_t rest = sequence > now.major && parts_before > now.minor ? parts_before - now.minor : 0;
  const uint64_t newest_part = sequence == now.major ? now.minor : 0;  // counted from 1
  const uint64_t end = newest_part + newest.ahead()->max_parts;        // of what may be asked for
  if (sequence >= now.major && part >= end - std::min(rest, end)) {
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
