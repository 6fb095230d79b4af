// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/time_text.hpp"

#include <charconv>
#include <cmath>

#include "origin/base/text.hpp"

namespace origin::bench {

namespace {

// Reads fields of fixed width off the front of a text; `good` tells at the end whether all were there.
struct FieldReader {
  std::string_view rest;
  bool good = true;

  int digits(size_t count) {
    const std::optional<uint64_t> number = parse_number(rest.substr(0, count));
    good = good && number && rest.size() >= count;
    rest.remove_prefix(std::min(count, rest.size()));
    return number ? static_cast<int>(*number) : 0;
  }
  void literal(std::string_view wanted) {
    good = good && rest.starts_with(wanted);
    rest.remove_prefix(std::min(wanted.size(), rest.size()));
  }
  bool next_is(char wanted) const { return rest.starts_with(wanted); }
  Duration fraction() {
    int64_t nanoseconds = 0;
    int64_t unit = kNanosecondsPerSecond / 10;
    size_t count = 0;
    for (; count < rest.size() && rest[count] >= '0' && rest[count] <= '9'; ++count, unit /= 10) {
      nanoseconds += (rest[count] - '0') * unit;
    }
    good = good && count > 0;
    rest.remove_prefix(count);
    return Duration(nanoseconds);
  }
};

std::optional<UtcTime> utc_of(int year, int month, int day, Duration time) {
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  // What 64 bits of nanoseconds hold.
  if (!date.ok() || year < 1700 || year > 2200 || time > 24h) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + time;
}

Duration zone_offset(FieldReader& reader) {
  if (reader.rest.empty()) return Duration(0);
  if (reader.next_is('Z') || reader.next_is('z')) {
    reader.rest.remove_prefix(1);
    return Duration(0);
  }
  const int sign = reader.next_is('-') ? -1 : 1;
  reader.literal(sign < 0 ? "-" : "+");
  const int hours = reader.digits(2);
  if (reader.next_is(':')) reader.literal(":");
  return sign * (std::chrono::hours(hours) + std::chrono::minutes(reader.digits(2)));
}

}  // namespace

std::optional<UtcTime> parse_rfc3339(std::string_view text) {
  FieldReader reader{trimmed(text)};
  const int year = reader.digits(4);
  reader.literal("-");
  const int month = reader.digits(2);
  reader.literal("-");
  const int day = reader.digits(2);
  if (!reader.next_is('t'))
    reader.literal("T");
  else
    reader.literal("t");
  Duration time = std::chrono::hours(reader.digits(2));
  reader.literal(":");
  time += std::chrono::minutes(reader.digits(2));
  reader.literal(":");
  time += std::chrono::seconds(reader.digits(2));
  if (reader.next_is('.')) {
    reader.literal(".");
    time += reader.fraction();
  }
  const Duration offset = zone_offset(reader);
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  const std::optional<UtcTime> local = utc_of(year, month, day, time);
  return local ? std::optional(*local - offset) : std::nullopt;
}

std::optional<UtcTime> parse_http_date(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  text = trimmed(text);
  take_until(text, ',');
  FieldReader reader{trimmed(text)};
  const int day = reader.digits(2);
  reader.literal(" ");
  const size_t month = kMonths.find(reader.rest.substr(0, 3));
  reader.good = reader.good && month != std::string_view::npos && month % 3 == 0;
  reader.rest.remove_prefix(std::min<size_t>(3, reader.rest.size()));
  reader.literal(" ");
  const int year = reader.digits(4);
  reader.literal(" ");
  Duration time = std::chrono::hours(reader.digits(2));
  reader.literal(":");
  time += std::chrono::minutes(reader.digits(2));
  reader.literal(":");
  time += std::chrono::seconds(reader.digits(2));
  reader.literal(" GMT");
  if (!reader.good || !reader.rest.empty()) return std::nullopt;
  return utc_of(year, static_cast<int>(month / 3) + 1, day, time);
}

std::optional<UtcTime> parse_published(std::string_view text) {
  if (const std::optional<uint64_t> number = parse_number(trimmed(text))) {
    if (*number > INT64_MAX / 1000) return std::nullopt;
    return UtcTime(std::chrono::microseconds(*number));
  }
  return parse_rfc3339(text);
}

std::optional<Duration> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(seconds >= 0 && seconds <= 1e9)) return std::nullopt;
  return Duration(std::llround(seconds * 1e9));
}

}  // namespace origin::bench
