// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/admission.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace origin::transport {

namespace {

// Descriptors that are not connections: listeners, files, pipelines in the same process.
constexpr rlim_t kReserve = 256;

// What RLIMIT_NOFILE leaves for connections, after raising it as far as the process may.
uint32_t descriptors_for_connections() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT32_MAX;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t left = limit.rlim_cur - std::min(kReserve, limit.rlim_cur / 2);
  return static_cast<uint32_t>(std::min<rlim_t>(left, UINT32_MAX));
}

}  // namespace

Admission::Admission(uint32_t max_connections, uint32_t max_per_address)
    : max_(std::min(max_connections ? max_connections : UINT32_MAX, descriptors_for_connections())),
      max_per_address_(max_per_address) {}

Admission::Verdict Admission::enter(const PeerAddress& peer) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= max_) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::kFull;
  }
  if (max_per_address_ == 0) return Verdict::kAdmitted;
  MutexLock lock(mutex_);
  uint32_t& count = per_address_[peer.group()];
  if (count >= max_per_address_) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::kAddressFull;
  }
  ++count;
  return Verdict::kAdmitted;
}

void Admission::leave(const PeerAddress& peer) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  if (max_per_address_ == 0) return;
  MutexLock lock(mutex_);
  const auto found = per_address_.find(peer.group());
  if (--found->second == 0) per_address_.erase(found);
}

}  // namespace origin::transport
