// SPDX-License-Identifier: LGPL-2.1-or-later
// GObject of the element originsink.
#pragma once

#include <gst/gst.h>

#define GST_TYPE_ORIGIN_SINK (gst_origin_sink_get_type())
G_DECLARE_FINAL_TYPE(GstOriginSink, gst_origin_sink, GST, ORIGIN_SINK, GstBin)

GST_ELEMENT_REGISTER_DECLARE(originsink);
