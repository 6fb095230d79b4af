// SPDX-License-Identifier: LGPL-2.1-or-later
// What is counted while the origin runs, and the text that Prometheus reads it as. Counting allocates nothing
// and takes no lock: one thread counts, any thread reads.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "origin/base/time.hpp"

namespace origin::metrics {

class Counter {
 public:
  void add(uint64_t count = 1) { value_.store(value() + count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Upper bounds of a distribution's buckets, ascending.
using Bounds = std::span<const Duration>;
constexpr size_t kMostBounds = 20;
// From a fast answer out of memory to a slow client.
inline constexpr Duration kTimeBounds[] = {100us, 250us, 500us, 1ms, 2500us, 5ms, 10ms, 25ms, 50ms,
                                           100ms, 250ms, 500ms, 1s,  2s,     5s,  10s,  30s,  60s};

// How often a duration was within which bounds.
struct Distribution {
  Bounds bounds;
  std::array<uint64_t, kMostBounds + 1> counts{};  // the last one: beyond all bounds
  Duration sum{};

  Distribution& operator+=(const Distribution& other);
};

class Histogram {
 public:
  explicit Histogram(Bounds bounds) : bounds_(bounds) {}
  void observe(Duration value);
  Distribution values() const;

 private:
  const Bounds bounds_;
  std::array<Counter, kMostBounds + 1> counts_;
  Counter nanoseconds_;
};

using Family = prometheus::MetricFamily;
using Families = std::vector<Family>;
using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

// A new family at the end, valid until the next one; what it has is added with add(). Names follow
// Prometheus' conventions: base units, counters end with _total.
Family& add_counter(Families& families, const char* name, const char* help);
Family& add_gauge(Families& families, const char* name, const char* help);
Family& add_histogram(Families& families, const char* name, const char* help);
void add(Family& family, Labels labels, double value);
void add(Family& family, Labels labels, const Distribution& values);

// The text exposition format, version 0.0.4.
inline constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";
std::string text_of(const Families& families);

// Adds what it knows when somebody asks.
class Source {
 public:
  virtual ~Source() = default;
  // Any thread; must not block.
  virtual void collect(Families& families) const = 0;
};

}  // namespace origin::metrics
