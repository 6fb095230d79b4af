// SPDX-License-Identifier: LGPL-2.1-or-later
// As tsan_glib.cpp, for what GStreamer orders.
#include <gst/gst.h>

#include "tests/tsan_interpose.hpp"

extern "C" {

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

#undef gst_mini_object_unref
// clang-format off
EXPORT UNREF(gst_object_unref, gpointer)
EXPORT UNREF(gst_mini_object_unref, GstMiniObject*)
// clang-format on

}  // extern "C"
