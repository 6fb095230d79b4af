// SPDX-License-Identifier: LGPL-2.1-or-later
// What the workers of one http::Server have in common. Any thread.
#pragma once

#include <atomic>
#include <functional>

#include "origin/access/gate.hpp"
#include "origin/base/clock.hpp"
#include "origin/base/metrics.hpp"
#include "origin/http/access_log.hpp"
#include "origin/http/assets.hpp"
#include "origin/http/limits.hpp"
#include "origin/http/managed_ports.hpp"
#include "origin/http/namespaces.hpp"
#include "origin/http/viewers.hpp"
#include "origin/store/store.hpp"
#include "origin/transport/server.hpp"

namespace origin::http {

class Ledger;

// Those of the workers. Any thread.
class Ledgers {
 public:
  void add(const Ledger& ledger) {
    MutexLock lock(mutex_);
    ledgers_.push_back(&ledger);
  }
  void remove(const Ledger& ledger) {
    MutexLock lock(mutex_);
    std::erase(ledgers_, &ledger);
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    MutexLock lock(mutex_);
    for (const Ledger* ledger : ledgers_) visit(*ledger);
  }

 private:
  mutable Mutex mutex_;
  std::vector<const Ledger*> ledgers_ GUARDED_BY(mutex_);
};

struct Shared {
  Shared(store::Store& store, const Limits& limits, bool fast_lane = true,
         const access::GateLimits& gate_limits = {})
      : store(store),
        limits(limits),
        fast_lane(fast_lane),
        gate(store.clock(), gate_limits),
        namespaces(store),
        viewers(limits.viewer_window, limits.max_viewers) {}

  // Why a request that would have to wait is not let to.
  const char* no_room_reason() const {
    return stopping ? "the server is shutting down" : "too many requests wait already";
  }

  // Counts bytes that were read from, or written to, the namespace of a name.
  void charge(std::string_view name, Namespaces::Traffic traffic, uint64_t bytes) {
    if (!namespaces.all_is_free())
      namespaces.charge(name.substr(0, name.find('/')), traffic, bytes, store.clock().monotonic());
  }

  store::Store& store;
  const Limits limits;
  const bool fast_lane;
  const Assets assets;
  const MonotonicTime started = store.clock().monotonic();
  const transport::Server* transport = nullptr;  // set before the first request

  // Others who have something to tell; set before the first request.
  std::vector<std::shared_ptr<const metrics::Source>> metrics;
  std::unique_ptr<AccessLog> access_log;  // likewise; null: nobody reads one
  Ledgers ledgers;

  access::Gate gate;
  Namespaces namespaces;
  ManagedPorts managed_ports;
  Viewers viewers;
  // Statistics and a soft cap: relaxed order is enough.
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> requests_in_fast_lane{0};
  std::atomic<uint64_t> held{0};
  std::atomic<uint64_t> uploads{0};  // on their way
  std::atomic<bool> stopping{false};
};

}  // namespace origin::http
