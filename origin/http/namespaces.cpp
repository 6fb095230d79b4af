// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/namespaces.hpp"

#include <algorithm>
#include <cmath>

namespace origin::http {

namespace {

using Unit = NamespaceTerm::Unit;

constexpr NamespaceTerm kTerms[] = {
    {"max_objects", &NamespaceTerms::max_objects, Unit::kCount},
    {"max_bytes", &NamespaceTerms::max_bytes, Unit::kBytes},
    {"reads_per_second", &NamespaceTerms::reads_per_second, Unit::kCount},
    {"read_bytes_per_second", &NamespaceTerms::read_bytes_per_second, Unit::kBytes},
    {"writes_per_second", &NamespaceTerms::writes_per_second, Unit::kCount},
    {"write_bytes_per_second", &NamespaceTerms::write_bytes_per_second, Unit::kBytes},
    {"default_ttl", &NamespaceTerms::default_ttl, Unit::kSeconds},
    {"min_ttl", &NamespaceTerms::min_ttl, Unit::kSeconds},
    {"max_ttl", &NamespaceTerms::max_ttl, Unit::kSeconds},
};

double seconds_between(MonotonicTime before, MonotonicTime now) {
  return std::max(0.0, to_seconds(now - before));
}

uint64_t request_rate(const NamespaceTerms& terms, Namespaces::Traffic traffic) {
  return traffic == Namespaces::Traffic::kRead ? terms.reads_per_second : terms.writes_per_second;
}

uint64_t byte_rate(const NamespaceTerms& terms, Namespaces::Traffic traffic) {
  return traffic == Namespaces::Traffic::kRead ? terms.read_bytes_per_second : terms.write_bytes_per_second;
}

bool limits_traffic(const NamespaceTerms& terms) {
  return terms.reads_per_second > 0 || terms.read_bytes_per_second > 0 || terms.writes_per_second > 0 ||
         terms.write_bytes_per_second > 0;
}

}  // namespace

std::span<const NamespaceTerm> namespace_terms() {
  return kTerms;
}

Status check(const NamespaceTerms& terms) {
  const auto refuse = [](const char* one, uint64_t value, const char* how, const char* other,
                         uint64_t bound) {
    return Error{ErrorCode::kInvalid, std::string(one) + " of " + std::to_string(value) + " is " + how + " " +
                                          other + " of " + std::to_string(bound)};
  };
  const auto [least, most, usual] = std::tuple(terms.min_ttl, terms.max_ttl, terms.default_ttl);
  if (most > 0 && least > most) return refuse("min_ttl", least, "more than", "max_ttl", most);
  if (most > 0 && usual > most) return refuse("default_ttl", usual, "more than", "max_ttl", most);
  if (usual > 0 && usual < least) return refuse("default_ttl", usual, "less than", "min_ttl", least);
  return {};
}

void Namespaces::configure(Terms terms) {
  MutexLock lock(mutex_);
  configured_ = std::move(terms);
  apply();
}

void Namespaces::set(const std::string& name, const NamespaceTerms& terms) {
  MutexLock lock(mutex_);
  set_[name] = terms;
  apply();
}

bool Namespaces::reset(std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = set_.find(name);
  if (found == set_.end()) return false;
  set_.erase(found);
  apply();
  return true;
}

const NamespaceTerms* Namespaces::find(std::string_view name) const {
  for (const Terms* terms : {&set_, &configured_}) {
    if (const auto found = terms->find(name); found != terms->end()) return &found->second;
  }
  return nullptr;
}

NamespaceTerms Namespaces::terms(std::string_view name) const {
  MutexLock lock(mutex_);
  const NamespaceTerms* found = find(name);
  return found ? *found : NamespaceTerms{};
}

Namespaces::Terms Namespaces::all() const {
  MutexLock lock(mutex_);
  Terms all = set_;
  all.insert(configured_.begin(), configured_.end());
  return all;
}

bool Namespaces::is_set(std::string_view name) const {
  MutexLock lock(mutex_);
  return set_.contains(name);
}

void Namespaces::apply() {
  std::map<std::string, store::Quota, std::less<>> quotas;
  bool free = true;
  for (const Terms* terms : {&set_, &configured_}) {
    for (const auto& [name, value] : *terms) {
      if (find(name) != &value) continue;
      if (value.max_objects > 0 || value.max_bytes > 0)
        quotas.emplace(name, store::Quota{value.max_objects, value.max_bytes});
      free = free && !limits_traffic(value);
    }
  }
  for (auto entry = buckets_.begin(); entry != buckets_.end();)
    entry = find(entry->first) ? std::next(entry) : buckets_.erase(entry);
  store_.set_quotas(std::move(quotas));
  all_is_free_.store(free, std::memory_order_relaxed);
}

void Namespaces::Bucket::fill(double rate, MonotonicTime now) {
  level = filled == MonotonicTime{} ? rate : std::min(rate, level + rate * seconds_between(filled, now));
  filled = now;
}

// How long until there is as much as is wanted; of bytes, any at all.
Duration Namespaces::Bucket::wait(double rate, double wanted) const {
  if (level >= wanted) return {};
  return std::chrono::ceil<Duration>(std::chrono::duration<double>((wanted - level) / rate));
}

Duration Namespaces::admit(std::string_view name, Traffic traffic, MonotonicTime now) {
  MutexLock lock(mutex_);
  const NamespaceTerms* terms = find(name);
  if (!terms || !limits_traffic(*terms)) return {};
  auto found = buckets_.find(name);
  if (found == buckets_.end()) found = buckets_.try_emplace(std::string(name)).first;
  const auto index = static_cast<size_t>(traffic);
  Bucket& requests = found->second.requests[index];
  Bucket& bytes = found->second.bytes[index];
  Duration wait{};
  const auto request = static_cast<double>(request_rate(*terms, traffic));
  const auto byte = static_cast<double>(byte_rate(*terms, traffic));
  if (byte > 0) {
    bytes.fill(byte, now);
    wait = bytes.wait(byte, 0);
  }
  if (request > 0) {
    requests.fill(request, now);
    wait = std::max(wait, requests.wait(request, 1));
  }
  if (request > 0 && wait == Duration::zero()) requests.level -= 1;
  return wait;
}

void Namespaces::charge(std::string_view name, Traffic traffic, uint64_t bytes, MonotonicTime now) {
  MutexLock lock(mutex_);
  const NamespaceTerms* terms = find(name);
  if (!terms || byte_rate(*terms, traffic) == 0) return;
  const auto found = buckets_.find(name);
  if (found == buckets_.end()) return;
  Bucket& bucket = found->second.bytes[static_cast<size_t>(traffic)];
  bucket.fill(static_cast<double>(byte_rate(*terms, traffic)), now);
  bucket.level -= static_cast<double>(bytes);
}

}  // namespace origin::http
