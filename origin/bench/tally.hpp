// SPDX-License-Identifier: LGPL-2.1-or-later
// What was measured and what went wrong, for all clients together. The load's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "origin/base/time.hpp"
#include "origin/bench/histogram.hpp"
#include "origin/bench/published.hpp"

namespace origin::bench {

// Enumerators below are the indices of the tables in tally.cpp.

enum class Fault { kConnect, kClosed, kTimeout, kPublishedHeader, kRedirect };
constexpr size_t kFaults = 5;

// Against RFC 9112 or RFC 8216bis, whatever the server is.
enum class Violation {
  kMalformedResponse,
  kTruncatedBody,
  kMalformedPlaylist,
  kRefusedReload,
  kNotAwaited,
  kWentBack,
  kBadDelta,
  kMissingPart,
  kHintNotKept,
  kHintNotListed,
  kRangeIgnored,
  kHeldTooLong
};
constexpr size_t kViolations = 12;

enum class Kind { kPlaylist, kHeldPlaylist, kPart, kHintedPart, kSegment };
constexpr size_t kKinds = 5;

const char* name_of(Fault fault);
const char* name_of(Violation violation);
const char* name_of(Kind kind);

struct Incident {
  uint64_t count = 0;
  std::string first;  // the first one in words

  void add(const std::string& detail);
};

// How one part reached everyone.
struct Delivery {
  std::string name;
  uint64_t served = 0;
  uint64_t audience = 0;  // clients that follow its rendition
  PublishedBy by = PublishedBy::kNothing;
  Duration p50{0}, p90{0}, p99{0}, max{0};
  Duration spread{0};  // from the first client's last byte to the last one's
};

class Tally {
 public:
  // Times and traffic count from now on; what went wrong before stays.
  void begin();

  void fault(Fault fault, const std::string& detail) { faults_[static_cast<size_t>(fault)].add(detail); }
  void status(int status, const std::string& detail) { statuses_[status].add(detail); }
  void violation(Violation violation, const std::string& detail);
  void request(Kind kind) { ++requests_[static_cast<size_t>(kind)]; }
  // A hinted part that there never was.
  void idle_hint() { ++idle_hints_; }
  // One that was followed.
  void redirect() { ++redirects_; }
  void received(size_t bytes) { bytes_ += bytes; }
  void connection(bool again) { ++(again ? reconnections_ : connections_); }
  void first_byte(Kind kind, Duration duration) { first_byte_[static_cast<size_t>(kind)].add(duration); }
  // From arrival in this machine until this program looked at it.
  void own_delay(Duration duration) { own_delay_.add(duration); }
  void answer(Kind kind, const Publication& publication, UtcTime last_byte);
  void part(const std::string& name, uint64_t audience, const Publication& publication, UtcTime last_byte);

  const Incident& faults(Fault fault) const { return faults_[static_cast<size_t>(fault)]; }
  const Incident& violations(Violation violation) const {
    return violations_[static_cast<size_t>(violation)];
  }
  const std::map<int, Incident>& statuses() const { return statuses_; }
  uint64_t violation_count() const;
  uint64_t error_count() const;
  uint64_t requests(Kind kind) const { return requests_[static_cast<size_t>(kind)]; }
  uint64_t request_count() const;
  // Different parts or segments that anybody got.
  size_t delivery_count() const { return deliveries_; }
  uint64_t idle_hints() const { return idle_hints_; }
  uint64_t redirects() const { return redirects_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t connections() const { return connections_; }
  uint64_t reconnections() const { return reconnections_; }
  const Histogram& first_byte(Kind kind) const { return first_byte_[static_cast<size_t>(kind)]; }
  const Histogram& own_delay() const { return own_delay_; }
  const Histogram& latency(Kind kind, PublishedBy by) const {
    return latency_[static_cast<size_t>(kind)][static_cast<size_t>(by)];
  }
  uint64_t undated(Kind kind) const { return undated_[static_cast<size_t>(kind)]; }
  // In the order in which they came.
  std::vector<Delivery> deliveries() const;

 private:
  struct OpenDelivery {
    size_t order = 0;
    uint64_t served = 0;
    uint64_t audience = 0;
    PublishedBy by = PublishedBy::kNothing;
    Histogram latency;
    UtcTime first, last;
  };

  static Delivery summary(const std::string& name, const OpenDelivery& open);
  void close_old_deliveries();

  std::array<Incident, kFaults> faults_;
  std::array<Incident, kViolations> violations_;
  std::map<int, Incident> statuses_;
  std::array<uint64_t, kKinds> requests_{};
  std::array<uint64_t, kKinds> undated_{};
  std::array<Histogram, kKinds> first_byte_;
  std::array<std::array<Histogram, kPublishedBy>, kKinds> latency_;
  Histogram own_delay_;
  uint64_t idle_hints_ = 0;
  uint64_t redirects_ = 0;
  uint64_t bytes_ = 0;
  uint64_t connections_ = 0;
  uint64_t reconnections_ = 0;
  // Histograms of parts that are still being served; older ones keep their summary only.
  std::unordered_map<std::string, OpenDelivery> open_;
  std::vector<Delivery> closed_;
  size_t closed_through_ = 0;  // in the order of first answers
  size_t deliveries_ = 0;
};

}  // namespace origin::bench
