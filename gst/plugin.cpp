// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/gst.h>

#include "gst/debug.hpp"
#include "gst/origin_sink.hpp"

GST_DEBUG_CATEGORY(gst_origin_sink_debug);

static gboolean plugin_init(GstPlugin* plugin) {
  GST_DEBUG_CATEGORY_INIT(gst_origin_sink_debug, "originsink", 0, "in-memory media origin");
  return GST_ELEMENT_REGISTER(originsink, plugin);
}

#define PACKAGE "gst-origin"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, origin, "In-memory media origin for HLS", plugin_init,
                  ORIGIN_VERSION, "LGPL", "gst-origin", "Unknown package origin")
