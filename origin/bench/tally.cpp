// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/tally.hpp"

#include <algorithm>
#include <numeric>

namespace origin::bench {

namespace {

constexpr size_t kMaxOpenDeliveries = 256;

}  // namespace

const char* name_of(Fault fault) {
  static constexpr const char* kNames[kFaults] = {"cannot connect", "closed without an answer",
                                                  "no answer in time", "publication header unreadable",
                                                  "redirect that cannot be followed"};
  return kNames[static_cast<size_t>(fault)];
}

const char* name_of(Violation violation) {
  static constexpr const char* kNames[kViolations] = {"malformed response",
                                                      "truncated body",
                                                      "malformed playlist",
                                                      "reload refused",
                                                      "playlist without what was waited for",
                                                      "playlist went back",
                                                      "unusable delta update",
                                                      "listed part or segment missing",
                                                      "hinted part missing",
                                                      "hinted part not listed",
                                                      "range ignored",
                                                      "held for more than three target durations"};
  return kNames[static_cast<size_t>(violation)];
}

const char* name_of(Kind kind) {
  static constexpr const char* kNames[kKinds] = {"playlist", "held playlist", "part", "hinted part",
                                                 "segment"};
  return kNames[static_cast<size_t>(kind)];
}

void Incident::add(const std::string& detail) {
  if (count++ == 0) first = detail;
}

void Tally::begin() {
  Tally fresh;
  fresh.faults_ = std::move(faults_);
  fresh.violations_ = std::move(violations_);
  fresh.statuses_ = std::move(statuses_);
  fresh.connections_ = connections_;
  fresh.reconnections_ = reconnections_;
  *this = std::move(fresh);
}

void Tally::violation(Violation violation, const std::string& detail) {
  violations_[static_cast<size_t>(violation)].add(detail);
}

void Tally::answer(Kind kind, const Publication& publication, UtcTime last_byte) {
  const auto index = static_cast<size_t>(kind);
  if (publication.by == PublishedBy::kNothing) {
    ++undated_[index];
  } else {
    latency_[index][static_cast<size_t>(publication.by)].add(last_byte - publication.time);
  }
}

void Tally::part(const std::string& name, uint64_t audience, const Publication& publication,
                 UtcTime last_byte) {
  const auto [found, is_new] = open_.try_emplace(name);
  OpenDelivery& open = found->second;
  if (is_new) {
    open.order = deliveries_++;
    open.first = open.last = last_byte;
    open.by = publication.by;
    open.audience = audience;
  }
  ++open.served;
  open.first = std::min(open.first, last_byte);
  open.last = std::max(open.last, last_byte);
  if (publication.by != PublishedBy::kNothing) open.latency.add(last_byte - publication.time);
  if (open_.size() > kMaxOpenDeliveries) close_old_deliveries();
}

void Tally::close_old_deliveries() {
  closed_ = deliveries();
  closed_through_ = deliveries_ - kMaxOpenDeliveries / 2;
  closed_.resize(closed_through_);
  std::erase_if(open_, [this](const auto& entry) { return entry.second.order < closed_through_; });
}

std::vector<Delivery> Tally::deliveries() const {
  std::vector<Delivery> all = closed_;
  all.resize(deliveries_);
  for (const auto& [name, open] : open_) all[open.order] = summary(name, open);
  return all;
}

Delivery Tally::summary(const std::string& name, const OpenDelivery& open) {
  const Histogram& latency = open.latency;
  return {name,
          open.served,
          open.audience,
          open.by,
          latency.quantile(0.5),
          latency.quantile(0.9),
          latency.quantile(0.99),
          latency.max(),
          open.last - open.first};
}

uint64_t Tally::violation_count() const {
  return std::accumulate(violations_.begin(), violations_.end(), uint64_t{0},
                         [](uint64_t sum, const Incident& i) { return sum + i.count; });
}

uint64_t Tally::error_count() const {
  uint64_t count = std::accumulate(faults_.begin(), faults_.end(), uint64_t{0},
                                   [](uint64_t sum, const Incident& i) { return sum + i.count; });
  for (const auto& [status, incident] : statuses_) count += incident.count;
  return count;
}

uint64_t Tally::request_count() const {
  return std::accumulate(requests_.begin(), requests_.end(), uint64_t{0});
}

}  // namespace origin::bench
