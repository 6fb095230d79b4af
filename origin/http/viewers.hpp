// SPDX-License-Identifier: LGPL-2.1-or-later
// Who is watching what: distinct clients that fetched something below a name's first component lately. Any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "origin/base/mutex.hpp"
#include "origin/base/time.hpp"

namespace origin::http {

class Viewers {
 public:
  // Forgets who has fetched nothing for `window`. Remembers at most `capacity`; while full, new ones are not
  // counted.
  Viewers(Duration window, uint32_t capacity) : window_(window), shard_capacity_(capacity / kShards + 1) {}

  // `client` is whatever tells clients apart (address, user agent).
  void note(std::string_view component, std::initializer_list<std::string_view> client, MonotonicTime now);
  // Viewers of each component that has any.
  std::map<std::string, uint64_t> count(MonotonicTime now);

 private:
  static constexpr size_t kShards = 16;  // so that workers seldom meet at one mutex

  // Memory is spent on a hash per client only.
  struct Shard {
    Mutex mutex;
    std::map<std::string, std::unordered_map<uint64_t, MonotonicTime>, std::less<>> seen GUARDED_BY(mutex);
    size_t size GUARDED_BY(mutex) = 0;
    MonotonicTime pruned GUARDED_BY(mutex){};
  };
  void prune(Shard& shard, MonotonicTime now) REQUIRES_LOCK(shard.mutex);

  const Duration window_;
  const size_t shard_capacity_;
  std::array<Shard, kShards> shards_;
};

}  // namespace origin::http
