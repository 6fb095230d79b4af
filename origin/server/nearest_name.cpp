// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/nearest_name.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace origin::server {

namespace {

constexpr size_t kLongestName = 64;

// Levenshtein's distance, row by row.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

}  // namespace

std::string guess_at(std::string_view given, std::span<const std::string_view> names) {
  if (given.size() > kLongestName) return {};
  size_t least = std::max<size_t>(2, given.size() / 4) + 1;  // from here on, it is another word
  std::string_view nearest;
  for (const std::string_view name : names) {
    const size_t apart = distance(given, name);
    if (apart >= std::min(least, name.size())) continue;
    least = apart;
    nearest = name;
  }
  return nearest.empty() ? std::string() : " (did you mean '" + std::string(nearest) + "'?)";
}

}  // namespace origin::server
