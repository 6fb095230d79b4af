// SPDX-License-Identifier: LGPL-2.1-or-later
// What first components of names may cost: how much is stored below each, and how much of it is read and
// written in a second. Any thread; its lock is held for a look at a table.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "origin/base/mutex.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/store/store.hpp"

namespace origin::http {

// 0: no limit, or nothing said.
struct NamespaceTerms {
  uint64_t max_objects = 0;  // uploaded ones
  uint64_t max_bytes = 0;    // of their bodies
  uint64_t reads_per_second = 0;
  uint64_t read_bytes_per_second = 0;
  uint64_t writes_per_second = 0;
  uint64_t write_bytes_per_second = 0;
  // How long an upload is kept, in seconds: of one that does not say so, and what it may say.
  uint64_t default_ttl = 0;
  uint64_t min_ttl = 0;
  uint64_t max_ttl = 0;
  bool operator==(const NamespaceTerms&) const = default;
};

// A term and its name, as it is in JSON.
struct NamespaceTerm {
  enum class Unit : uint8_t { kCount, kBytes, kSeconds };
  std::string_view name;
  uint64_t NamespaceTerms::*value;
  Unit unit;
};
std::span<const NamespaceTerm> namespace_terms();

// kInvalid, naming those that contradict each other.
Status check(const NamespaceTerms& terms);

class Namespaces {
 public:
  using Terms = std::map<std::string, NamespaceTerms, std::less<>>;
  enum class Traffic : uint8_t { kRead, kWrite };

  explicit Namespaces(store::Store& store) : store_(store) {}

  // Those of the configuration, in place of those that it had.
  void configure(Terms terms);
  // What an administrator says goes before it, until the process ends.
  void set(const std::string& name, const NamespaceTerms& terms);
  // Takes that back. False if there is nothing to take back.
  bool reset(std::string_view name);

  NamespaceTerms terms(std::string_view name) const;
  // Of all that have any; `by_administrator`: of those alone that set() was called for.
  Terms all() const;
  bool is_set(std::string_view name) const;

  // Nobody is limited in what is read and written. Without a lock.
  bool all_is_free() const { return all_is_free_.load(std::memory_order_relaxed); }
  // Counts a request; or zero is not what it returns: the time after which there is room for one.
  Duration admit(std::string_view name, Traffic traffic, MonotonicTime now);
  // Counts bytes. Those who come afterwards wait until they are paid for.
  void charge(std::string_view name, Traffic traffic, uint64_t bytes, MonotonicTime now);

 private:
  // Fills up at a rate, to what comes in a second; may be in debt.
  struct Bucket {
    double level = 0;
    MonotonicTime filled{};
    void fill(double rate, MonotonicTime now);
    Duration wait(double rate, double wanted) const;
  };
  struct Buckets {
    std::array<Bucket, 2> requests;  // by Traffic
    std::array<Bucket, 2> bytes;
  };

  const NamespaceTerms* find(std::string_view name) const REQUIRES_LOCK(mutex_);
  void apply() REQUIRES_LOCK(mutex_);

  store::Store& store_;
  std::atomic<bool> all_is_free_{true};
  mutable Mutex mutex_;
  Terms configured_ GUARDED_BY(mutex_);
  Terms set_ GUARDED_BY(mutex_);
  std::map<std::string, Buckets, std::less<>> buckets_ GUARDED_BY(mutex_);
};

}  // namespace origin::http
