// SPDX-License-Identifier: LGPL-2.1-or-later
// GLib's locks are bare futexes in a library without instrumentation: ThreadSanitizer does not see that they
// order anything. These hide no race: nothing is ordered here that GLib does not order.
#include <glib-object.h>

#include "tests/tsan_interpose.hpp"

#define LOCK(name, Type)  \
  void name(Type* lock) { \
    REAL(name);           \
    next(lock);           \
    __tsan_acquire(lock); \
  }
#define TRYLOCK(name, Type)            \
  gboolean name(Type* lock) {          \
    REAL(name);                        \
    const gboolean taken = next(lock); \
    if (taken) __tsan_acquire(lock);   \
    return taken;                      \
  }
#define UNLOCK(name, Type) \
  void name(Type* lock) {  \
    REAL(name);            \
    __tsan_release(lock);  \
    next(lock);            \
  }

extern "C" {

EXPORT void g_cond_wait(GCond* condition, GMutex* mutex) {
  REAL(g_cond_wait);
  __tsan_release(mutex);
  next(condition, mutex);
  __tsan_acquire(mutex);
}

EXPORT gboolean g_cond_wait_until(GCond* condition, GMutex* mutex, gint64 end) {
  REAL(g_cond_wait_until);
  __tsan_release(mutex);
  const gboolean woken = next(condition, mutex, end);
  __tsan_acquire(mutex);
  return woken;
}

#undef g_object_unref
// clang-format off
EXPORT LOCK(g_mutex_lock, GMutex)
EXPORT TRYLOCK(g_mutex_trylock, GMutex)
EXPORT UNLOCK(g_mutex_unlock, GMutex)
EXPORT LOCK(g_rec_mutex_lock, GRecMutex)
EXPORT TRYLOCK(g_rec_mutex_trylock, GRecMutex)
EXPORT UNLOCK(g_rec_mutex_unlock, GRecMutex)
EXPORT LOCK(g_rw_lock_writer_lock, GRWLock)
EXPORT UNLOCK(g_rw_lock_writer_unlock, GRWLock)
EXPORT LOCK(g_rw_lock_reader_lock, GRWLock)
EXPORT UNLOCK(g_rw_lock_reader_unlock, GRWLock)
EXPORT UNREF(g_object_unref, gpointer)
EXPORT UNREF(g_bytes_unref, GBytes*)
// clang-format on

}  // extern "C"
