// SPDX-License-Identifier: LGPL-2.1-or-later
// GLib's locks are bare futexes in a library without instrumentation: ThreadSanitizer does not see that they order
// anything. Linked into a test program, these stand before GLib's own for GStreamer, libsoup and us, and say what the
// real functions, which they call, guarantee. They hide no race: nothing is ordered here that GLib does not order.
#include <dlfcn.h>
#include <gst/gst.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

namespace {

template <typename Function>
Function real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) static const auto next = real(&name, #name)

#define LOCK(name, Type)        \
  void name(Type* lock) {       \
    REAL(name);                 \
    next(lock);                 \
    __tsan_acquire(lock);       \
  }
#define TRYLOCK(name, Type)              \
  gboolean name(Type* lock) {            \
    REAL(name);                          \
    const gboolean taken = next(lock);   \
    if (taken) __tsan_acquire(lock);     \
    return taken;                        \
  }
#define UNLOCK(name, Type)      \
  void name(Type* lock) {       \
    REAL(name);                 \
    __tsan_release(lock);       \
    next(lock);                 \
  }
// What drops a reference happens before what is done by whoever drops the last.
#define UNREF(name, Type)       \
  void name(Type object) {      \
    REAL(name);                 \
    __tsan_release(object);     \
    __tsan_acquire(object);     \
    next(object);               \
  }

extern "C" {

#undef g_object_unref
#undef gst_mini_object_unref

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
EXPORT UNREF(gst_object_unref, gpointer)
EXPORT UNREF(gst_mini_object_unref, GstMiniObject*)
EXPORT UNREF(g_bytes_unref, GBytes*)

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

// A message is handed from its poster to whoever takes it off the bus.
EXPORT gboolean gst_bus_post(GstBus* bus, GstMessage* message) {
  REAL(gst_bus_post);
  __tsan_release(bus);
  return next(bus, message);
}

EXPORT GstMessage* gst_bus_timed_pop_filtered(GstBus* bus, GstClockTime timeout, GstMessageType types) {
  REAL(gst_bus_timed_pop_filtered);
  GstMessage* message = next(bus, timeout, types);
  __tsan_acquire(bus);
  return message;
}

}  // extern "C"
