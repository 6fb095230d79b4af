// SPDX-License-Identifier: LGPL-2.1-or-later
// Calls back once after a while, on the system clock's thread, with a reference to an element held until
// then. Arming and cancelling from any thread; a callback that is already running is not waited for.
#pragma once

#include <gst/gst.h>

#include <functional>

namespace gst {

class OneShot {
 public:
  OneShot() = default;
  OneShot(const OneShot&) = delete;
  OneShot& operator=(const OneShot&) = delete;
  ~OneShot() { cancel(); }

  void arm(GstElement* owner, GstClockTime delay, std::function<void()> callback);
  void cancel();
  // Of the clock that calls.
  static GstClockTime now();

 private:
  GstClockID id_ = nullptr;
};

}  // namespace gst
