// SPDX-License-Identifier: LGPL-2.1-or-later
// The ports at which everything is served; at any other there is only playing. Any thread.
#pragma once

#include <cstdint>
#include <set>

#include "origin/base/mutex.hpp"

namespace origin::http {

class ManagedPorts {
 public:
  void add(uint16_t port) {
    MutexLock lock(mutex_);
    ports_.insert(port);
  }
  bool has(uint16_t port) const {
    MutexLock lock(mutex_);
    return ports_.contains(port);
  }

 private:
  mutable Mutex mutex_;
  std::set<uint16_t> ports_ GUARDED_BY(mutex_);
};

}  // namespace origin::http
