// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/value_text.hpp"

#include "origin/base/text.hpp"

namespace origin::server {

namespace {

constexpr std::string_view kSuffixes = "KMG";
constexpr Duration kLongest = 1'000'000'000s;
constexpr size_t kFractionDigits = 9;

// Of a fraction of a unit: "25" is a quarter. Nullopt if it is anything but one to nine digits.
std::optional<int64_t> fraction_of(std::string_view digits, Duration unit) {
  const std::optional<uint64_t> number = parse_number(digits);
  if (!number || digits.size() > kFractionDigits) return std::nullopt;
  int64_t divisor = 1;
  for (size_t i = 0; i < digits.size(); ++i) divisor *= 10;
  return scale_round(static_cast<int64_t>(*number), unit.count(), divisor);
}

}  // namespace

std::optional<uint64_t> parse_size(std::string_view text) {
  uint64_t unit = 1;
  if (const size_t suffix = text.empty() ? kSuffixes.npos : kSuffixes.find(text.back());
      suffix != kSuffixes.npos) {
    unit <<= 10 * (suffix + 1);
    text = trimmed(text.substr(0, text.size() - 1));
  }
  const std::optional<uint64_t> number = parse_number(text);
  if (!number) return std::nullopt;
  return *number > UINT64_MAX / unit ? UINT64_MAX : *number * unit;
}

std::string format_size(uint64_t bytes) {
  size_t suffix = 0;
  while (bytes > 0 && bytes % 1024 == 0 && suffix < kSuffixes.size()) {
    bytes /= 1024;
    ++suffix;
  }
  const std::string number = std::to_string(bytes);
  return suffix == 0 ? number : number + kSuffixes[suffix - 1];
}

std::optional<Duration> parse_duration(std::string_view text) {
  Duration unit = 1s;
  if (text.ends_with("ms")) {
    unit = 1ms;
    text.remove_suffix(2);
  } else if (text.ends_with('s')) {
    text.remove_suffix(1);
  }
  text = trimmed(text);
  const size_t point = text.find('.');
  const std::optional<uint64_t> whole = parse_number(text.substr(0, point));
  if (!whole) return std::nullopt;
  int64_t fraction = 0;
  if (point != std::string_view::npos) {
    const std::optional<int64_t> more = fraction_of(text.substr(point + 1), unit);
    if (!more) return std::nullopt;
    fraction = *more;
  }
  const auto most = static_cast<uint64_t>(kLongest / unit);
  if (*whole >= most) return kLongest;
  return unit * static_cast<int64_t>(*whole) + Duration(fraction);
}

std::string format_duration(Duration duration) {
  std::string text = std::to_string(duration / 1s);
  const int64_t fraction = (duration % 1s).count();
  if (fraction > 0) {
    std::string digits = std::to_string(fraction);
    digits.insert(0, kFractionDigits - digits.size(), '0');
    digits.erase(digits.find_last_not_of('0') + 1);
    text += "." + digits;
  }
  return text + "s";
}

}  // namespace origin::server
