// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/one_shot.hpp"

#include "gst/gst_ref.hpp"

namespace gst {

namespace {

struct Call {
  origin::Ref<GstElement> owner;
  std::function<void()> callback;
};

gboolean on_time(GstClock*, GstClockTime, GstClockID, gpointer data) {
  static_cast<Call*>(data)->callback();
  return TRUE;
}

}  // namespace

void OneShot::arm(GstElement* owner, GstClockTime delay, std::function<void()> callback) {
  cancel();
  GstClock* clock = gst_system_clock_obtain();
  id_ = gst_clock_new_single_shot_id(clock, gst_clock_get_time(clock) + delay);
  auto* call = new Call{origin::Ref<GstElement>::share(owner), std::move(callback)};
  gst_clock_id_wait_async(id_, on_time, call, [](gpointer data) { delete static_cast<Call*>(data); });
  gst_object_unref(clock);
}

GstClockTime OneShot::now() {
  GstClock* clock = gst_system_clock_obtain();
  const GstClockTime time = gst_clock_get_time(clock);
  gst_object_unref(clock);
  return time;
}

void OneShot::cancel() {
  if (!id_) return;
  gst_clock_id_unschedule(id_);
  gst_clock_id_unref(id_);
  id_ = nullptr;
}

}  // namespace gst
