// SPDX-License-Identifier: LGPL-2.1-or-later
// The last names of many, by their hashes: bounded memory, and seldom a name taken for another. One thread at
// a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace origin::store {

class RecentNames {
 public:
  void add(std::string_view name) {
    const uint64_t hash = std::hash<std::string_view>{}(name);
    if (ring_.size() < kMost) {
      ring_.push_back(hash);
    } else {
      const auto oldest = counts_.find(ring_[next_]);
      if (--oldest->second == 0) counts_.erase(oldest);
      ring_[next_] = hash;
      next_ = (next_ + 1) % kMost;
    }
    ++counts_[hash];
  }
  bool has(std::string_view name) const { return counts_.contains(std::hash<std::string_view>{}(name)); }

 private:
  static constexpr size_t kMost = 16'384;

  std::vector<uint64_t> ring_;  // in the order in which they came, from next_ on
  size_t next_ = 0;
  std::unordered_map<uint64_t, uint32_t> counts_;
};

}  // namespace origin::store
