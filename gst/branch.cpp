// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/branch.hpp"

#include <algorithm>

namespace gst {

std::unique_ptr<Branch> Branch::plug(GstBin* bin, const Options& options,
                                     const GstAppSinkCallbacks& callbacks, gpointer user_data,
                                     std::string& error) {
  std::unique_ptr<Branch> branch(new Branch(bin, *options.codec));
  if (!branch->build(options, error)) return nullptr;
  GstAppSinkCallbacks copy = callbacks;
  gst_app_sink_set_callbacks(GST_APP_SINK(branch->sink()), &copy, user_data, nullptr);
  if (!branch->start(options.latency)) {
    error = std::string("the elements for ") + options.codec->name + " do not start";
    return nullptr;
  }
  return branch;
}

Branch::~Branch() {
  // From the sink up: a thread that waits in the sink has to come out before the pads above can stop.
  for (auto it = elements_.rbegin(); it != elements_.rend(); ++it) {
    GstElement* element = GST_ELEMENT(gst_object_ref(*it));
    gst_element_set_locked_state(element, TRUE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_bin_remove(bin_, element);
    gst_object_unref(element);
  }
}

bool Branch::holds(const GstObject* object) const {
  return std::any_of(elements_.begin(), elements_.end(),
                     [object](const GstElement* element) { return GST_OBJECT_CAST(element) == object; });
}

GstElement* Branch::add(const char* factory, std::string& error) {
  GstElement* element = gst_element_factory_make(factory, nullptr);
  if (!element) {
    error =
        std::string("no element '") + factory + "' for " + codec_.name +
        ": install GStreamer's good and bad plugins (gstreamer1.0-plugins-good, gstreamer1.0-plugins-bad)";
    return nullptr;
  }
  // It follows the bin's state only once it was started in the right order.
  gst_element_set_locked_state(element, TRUE);
  gst_bin_add(bin_, element);
  if (!elements_.empty()) gst_element_link(elements_.back(), element);
  elements_.push_back(element);
  return element;
}

bool Branch::build(const Options& options, std::string& error) {
  if (options.parse && !add(codec_.parser, error)) return false;
  GstElement* sink = add("appsink", error);
  if (!sink) return false;
  const auto caps = origin::Ref<GstCaps>::adopt(gst_caps_from_string(codec_.format));
  g_object_set(sink, "async", FALSE, "sync", options.paced ? TRUE : FALSE, "caps", caps.get(), "max-buffers",
               1u, "enable-last-sample", FALSE, nullptr);
  // A decode time before the segment's start is nothing unusual, and not a reason to drop a frame.
  gst_base_sink_set_drop_out_of_segment(GST_BASE_SINK(sink), FALSE);
  return true;
}

bool Branch::start(GstClockTime latency) {
  if (GST_CLOCK_TIME_IS_VALID(latency)) gst_element_send_event(sink(), gst_event_new_latency(latency));
  for (auto it = elements_.rbegin(); it != elements_.rend(); ++it) {
    gst_element_set_locked_state(*it, FALSE);
    if (!gst_element_sync_state_with_parent(*it)) return false;
  }
  return true;
}

}  // namespace gst
