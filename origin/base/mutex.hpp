// SPDX-License-Identifier: LGPL-2.1-or-later
// A mutex that clang's thread safety analysis understands (-Wthread-safety). One per object, never nested.
#pragma once

#include <mutex>

#if defined(__clang__)
#define ORIGIN_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ORIGIN_THREAD_ATTRIBUTE(x)
#endif
#define GUARDED_BY(x) ORIGIN_THREAD_ATTRIBUTE(guarded_by(x))
#define REQUIRES_LOCK(x) ORIGIN_THREAD_ATTRIBUTE(requires_capability(x))
#define EXCLUDES_LOCK(x) ORIGIN_THREAD_ATTRIBUTE(locks_excluded(x))

namespace origin {

class ORIGIN_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() ORIGIN_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() ORIGIN_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  // For std::condition_variable; the analysis does not look inside.
  std::mutex& native() { return mutex_; }

 private:
  std::mutex mutex_;
};

class ORIGIN_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ORIGIN_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() ORIGIN_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace origin
