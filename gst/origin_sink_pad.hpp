// SPDX-License-Identifier: LGPL-2.1-or-later
// GObject of one pad of originsink: a ghost pad with properties that say what viewers are told about its
// track.
#pragma once

#include <gst/gst.h>

#include "gst/pad_stream.hpp"

#define GST_TYPE_ORIGIN_SINK_PAD (gst_origin_sink_pad_get_type())
G_DECLARE_FINAL_TYPE(GstOriginSinkPad, gst_origin_sink_pad, GST, ORIGIN_SINK_PAD, GstGhostPad)

// Floating. `publisher` outlives the pad's time in its element.
GstPad* gst_origin_sink_pad_new(GstPadTemplate* templ, const char* name, gst::Publisher& publisher);
gst::PadStream& gst_origin_sink_pad_get_stream(GstOriginSinkPad* self);
