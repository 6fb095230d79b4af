// SPDX-License-Identifier: LGPL-2.1-or-later
// How many connections there may be, in the process and from one address. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>

#include "origin/base/mutex.hpp"
#include "origin/transport/peer_address.hpp"
#include "origin/transport/server.hpp"

namespace origin::transport {

class Admission {
 public:
  explicit Admission(const Limits& limits);

  enum class Verdict : uint8_t { kAdmitted, kFull, kAddressFull };

  // If one more is let in, leave() follows when it has gone.
  Verdict enter(const PeerAddress& peer);
  void leave(const PeerAddress& peer);
  uint32_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  const uint32_t max_;
  const uint32_t max_per_address_;
  std::atomic<uint32_t> open_{0};
  Mutex mutex_;
  std::map<std::array<uint8_t, 8>, uint32_t> per_address_ GUARDED_BY(mutex_);
};

}  // namespace origin::transport
