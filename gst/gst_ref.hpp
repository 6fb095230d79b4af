// SPDX-License-Identifier: LGPL-2.1-or-later
// How origin::Ref keeps GStreamer's types. Any thread.
#pragma once

#include <gst/gst.h>

#include "origin/base/ref.hpp"

namespace origin {

template <>
struct RefTraits<GstCaps> {
  static void ref(GstCaps* caps) { gst_caps_ref(caps); }
  static void unref(GstCaps* caps) { gst_caps_unref(caps); }
};

template <>
struct RefTraits<GstSample> {
  static void ref(GstSample* sample) { gst_sample_ref(sample); }
  static void unref(GstSample* sample) { gst_sample_unref(sample); }
};

template <>
struct RefTraits<GstEvent> {
  static void ref(GstEvent* event) { gst_event_ref(event); }
  static void unref(GstEvent* event) { gst_event_unref(event); }
};

template <>
struct RefTraits<GstQuery> {
  static void ref(GstQuery* query) { gst_query_ref(query); }
  static void unref(GstQuery* query) { gst_query_unref(query); }
};

}  // namespace origin
