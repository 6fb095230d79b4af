// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of requests: counted, and noted in the access log if there is one. A Ledger is for one worker,
// on its thread; its Tally is read by any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "origin/access/grant.hpp"
#include "origin/base/metrics.hpp"
#include "origin/base/mutex.hpp"
#include "origin/http/access_log.hpp"
#include "origin/http/reply.hpp"
#include "origin/transport/connection.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

struct Shared;

enum class Operation : uint8_t { kGet, kHead, kPut, kPost, kDelete, kOptions, kOther };
inline constexpr const char* kOperationNames[] = {"get", "head", "put", "post", "delete", "options", "other"};
Operation operation_of(std::string_view method);

enum class RequestResult : uint8_t {
  kHit,      // read, out of memory
  kMade,     // a page, or a document that was made for this request
  kWritten,  // took effect
  kMiss,     // nothing of that name
  kExpired,  // nothing of that name any more
  kDenied,   // 401, 403
  kLimited,  // a limit was reached: 413, 414, 429, 431, 503, 507
  kNotYet,   // 503: what it waited for did not come in time
  kInvalid,  // another fault of the client's
  kError,    // one of the server's
  kGone,     // the client went before it was answered
};
inline constexpr const char* kResultNames[] = {"hit",     "made",    "written", "miss",  "expired", "denied",
                                               "limited", "not_yet", "invalid", "error", "gone"};

constexpr size_t kOperations = std::size(kOperationNames);
constexpr size_t kResults = std::size(kResultNames);

// From an object that is being written to one of the archive's.
inline constexpr Duration kAgeBounds[] = {100ms, 500ms, 1s,   2s, 5s, 10s, 20s,
                                          30s,   60s,   5min, 1h, 6h, 24h, 168h};

struct Tally {
  metrics::Counter requests[kOperations][kResults];
  metrics::Counter bytes[kOperations][kResults];  // sent in answers, with their heads
  // From the head of a request to the last byte of its answer.
  metrics::Histogram reads{metrics::kTimeBounds};   // of those that did not have to wait
  metrics::Histogram waits{metrics::kTimeBounds};   // of those that did
  metrics::Histogram writes{metrics::kTimeBounds};  // with their bodies
  metrics::Histogram ages{kAgeBounds};              // of objects as they were read
  // From a publication to the answer of each request that waited for it, by first components of names.
  mutable Mutex mutex;
  std::map<std::string, metrics::Histogram, std::less<>> wakes GUARDED_BY(mutex);
};

class Visit;

class Ledger {
 public:
  explicit Ledger(Shared& shared);
  ~Ledger();

  Visit begin(std::string_view method);
  // A request that never was one.
  void note_refusal(Operation operation, int status);
  // Where the time from a publication under that name to the answer of each who waited for it goes.
  metrics::Histogram& wakes_of(std::string_view name);
  const Tally& tally() const { return tally_; }

 private:
  friend class Visit;
  void record(Visit& visit, RequestResult result, uint64_t bytes);

  Shared& shared_;
  Tally tally_;
};

// A request from its head to the end of its answer. One that goes without having been answered has lost its
// client.
class Visit {
 public:
  Visit(Ledger& ledger, Operation operation, MonotonicTime began);
  Visit(Visit&& other) noexcept;
  Visit& operator=(Visit&& other) noexcept;
  ~Visit();

  // For the access log. The head is as it was when its credential had been taken off it.
  void describe(const transport::Connection& connection, const transport::RequestHead& head,
                const access::GrantRef& grant);
  void note_held() { held_ = true; }
  void note_received(uint64_t bytes);
  // The transport has answered so, and closes the connection.
  void refuse(int status);
  // The reply was given to the connection, or to libsoup for it, and is being sent.
  void end(const Reply& reply, std::string_view request_id, transport::Connection& connection);

 private:
  friend class Ledger;
  void settle(const transport::Connection& connection);

  Ledger* ledger_;
  MonotonicTime began_;
  Operation operation_;
  bool held_ = false;
  RequestResult result_ = RequestResult::kGone;
  std::unique_ptr<AccessEntry> entry_;  // null: nobody reads it
};

}  // namespace origin::http
