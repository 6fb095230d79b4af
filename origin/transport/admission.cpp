// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/admission.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace origin::transport {

namespace {

constexpr uint32_t kMaxPerAddress = 4096;

// What RLIMIT_NOFILE leaves for connections, after raising it as far as the process may.
uint32_t descriptors_for_connections(uint32_t reserved) {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return UINT32_MAX;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  const rlim_t left = limit.rlim_cur - std::min<rlim_t>(reserved, limit.rlim_cur / 2);
  return static_cast<uint32_t>(std::min<rlim_t>(left, UINT32_MAX));
}

}  // namespace

Admission::Admission(const Limits& limits)
    : max_(std::min(limits.max_connections ? limits.max_connections : UINT32_MAX,
                    descriptors_for_connections(limits.reserved_descriptors))),
      max_per_address_(
          limits.max_connections_per_address.value_or(std::clamp<uint32_t>(max_ / 2, 1, kMaxPerAddress))) {}

Admission::Verdict Admission::enter(const PeerAddress& peer) {
  // Both counts at once: who may not come in for one of them never stands in another's way for the other.
  MutexLock lock(mutex_);
  const auto found = per_address_.try_emplace(peer.group()).first;
  Verdict verdict = Verdict::kAdmitted;
  if (max_per_address_ > 0 && found->second >= max_per_address_) {
    verdict = Verdict::kAddressFull;
  } else if (open() >= max_) {
    verdict = Verdict::kFull;
  } else {
    ++found->second;
    open_.fetch_add(1, std::memory_order_relaxed);
  }
  if (found->second == 0) per_address_.erase(found);
  return verdict;
}

void Admission::leave(const PeerAddress& peer) {
  MutexLock lock(mutex_);
  open_.fetch_sub(1, std::memory_order_relaxed);
  const auto found = per_address_.find(peer.group());
  if (--found->second == 0) per_address_.erase(found);
}

}  // namespace origin::transport
