// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin's debug category. Any thread.
#pragma once

#include <gst/gst.h>

GST_DEBUG_CATEGORY_EXTERN(gst_origin_sink_debug);
#define GST_CAT_DEFAULT gst_origin_sink_debug
