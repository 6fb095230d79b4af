// SPDX-License-Identifier: LGPL-2.1-or-later
// What the workers of one http::Server have in common. Any thread.
#pragma once

#include <atomic>
#include <functional>

#include "origin/access/gate.hpp"
#include "origin/base/clock.hpp"
#include "origin/http/assets.hpp"
#include "origin/http/limits.hpp"
#include "origin/http/managed_ports.hpp"
#include "origin/http/viewers.hpp"
#include "origin/store/store.hpp"
#include "origin/transport/server.hpp"

namespace origin::http {

struct Shared {
  Shared(store::Store& store, const Limits& limits, bool fast_lane = true,
         const access::GateLimits& gate_limits = {})
      : store(store),
        limits(limits),
        fast_lane(fast_lane),
        gate(store.clock(), gate_limits),
        viewers(limits.viewer_window, limits.max_viewers) {}

  // Why a request that would have to wait is not let to.
  const char* no_room_reason() const {
    return stopping ? "the server is shutting down" : "too many requests wait already";
  }

  store::Store& store;
  const Limits limits;
  const bool fast_lane;
  const Assets assets;
  const MonotonicTime started = store.clock().monotonic();
  std::function<transport::Stats()> transport_stats;  // set before the first request

  access::Gate gate;
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
