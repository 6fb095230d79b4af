// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/viewers.hpp"

namespace origin::http {

namespace {

uint64_t hash_of(std::initializer_list<std::string_view> texts) {
  uint64_t hash = 0;
  // Multiplied by an odd number, so that the order counts.
  for (const std::string_view text : texts)
    hash = hash * 0x9e3779b97f4a7c15 + std::hash<std::string_view>{}(text);
  return hash ^ hash >> 32;
}

}  // namespace

void Viewers::note(std::string_view component, std::initializer_list<std::string_view> client,
                   MonotonicTime now) {
  const uint64_t hash = hash_of(client);
  Shard& shard = shards_[hash % kShards];
  MutexLock lock(shard.mutex);
  auto clients = shard.seen.find(component);
  if (clients != shard.seen.end()) {
    if (const auto known = clients->second.find(hash); known != clients->second.end()) {
      known->second = now;
      return;
    }
  }
  if (shard.size >= shard_capacity_) {
    // A full table is searched for leavers once in a while, not for everyone who knocks.
    if (now - shard.pruned < window_ / 16) return;
    prune(shard, now);
    if (shard.size >= shard_capacity_) return;
    clients = shard.seen.find(component);
  }
  if (clients == shard.seen.end()) clients = shard.seen.try_emplace(std::string(component)).first;
  clients->second.emplace(hash, now);
  ++shard.size;
}

std::map<std::string, uint64_t> Viewers::count(MonotonicTime now) {
  std::map<std::string, uint64_t> counts;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    prune(shard, now);
    for (const auto& [component, clients] : shard.seen) counts[component] += clients.size();
  }
  return counts;
}

void Viewers::prune(Shard& shard, MonotonicTime now) {
  shard.pruned = now;
  shard.size = 0;
  for (auto entry = shard.seen.begin(); entry != shard.seen.end();) {
    std::erase_if(entry->second, [&](const auto& client) { return now - client.second >= window_; });
    shard.size += entry->second.size();
    entry = entry->second.empty() ? shard.seen.erase(entry) : std::next(entry);
  }
}

}  // namespace origin::http
