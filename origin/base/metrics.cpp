// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/metrics.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace origin::metrics {

namespace {

Family& add_family(Families& families, const char* name, const char* help, prometheus::MetricType type) {
  families.push_back({.name = name, .help = help, .type = type, .metric = {}});
  return families.back();
}

prometheus::ClientMetric& add_metric(Family& family, Labels labels) {
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [name, value] : labels) metric.label.push_back({name, std::string(value)});
  return metric;
}

}  // namespace

Distribution& Distribution::operator+=(const Distribution& other) {
  bounds = other.bounds;
  for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum += other.sum;
  return *this;
}

void Histogram::observe(Duration value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].add();
  nanoseconds_.add(static_cast<uint64_t>(std::max(value, Duration::zero()).count()));
}

Distribution Histogram::values() const {
  Distribution values{.bounds = bounds_, .sum = Duration(nanoseconds_.value())};
  std::ranges::transform(counts_, values.counts.begin(), &Counter::value);
  return values;
}

Family& add_counter(Families& families, const char* name, const char* help) {
  return add_family(families, name, help, prometheus::MetricType::Counter);
}

Family& add_gauge(Families& families, const char* name, const char* help) {
  return add_family(families, name, help, prometheus::MetricType::Gauge);
}

Family& add_histogram(Families& families, const char* name, const char* help) {
  return add_family(families, name, help, prometheus::MetricType::Histogram);
}

void add(Family& family, Labels labels, double value) {
  prometheus::ClientMetric& metric = add_metric(family, labels);
  (family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
}

void add(Family& family, Labels labels, const Distribution& values) {
  prometheus::ClientMetric::Histogram& histogram = add_metric(family, labels).histogram;
  const size_t buckets = values.bounds.size();
  for (size_t i = 0; i <= buckets; ++i) {
    histogram.sample_count += values.counts[i];
    const double bound = i < buckets ? to_seconds(values.bounds[i]) : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = to_seconds(values.sum);
}

std::string text_of(const Families& families) {
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace origin::metrics
