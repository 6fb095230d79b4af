// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether an element that is given data puts nothing out any more. Not locked: its owner does.
#pragma once

#include <gst/gst.h>

namespace gst {

class Silence {
 public:
  // A buffer of that time goes in. Whether several have, for longer than `patience`, and nothing came out.
  bool lasts(GstClockTime time, GstClockTime patience) {
    constexpr unsigned kSeveral = 8;
    ++buffers_;
    if (!GST_CLOCK_TIME_IS_VALID(time)) return false;
    if (!GST_CLOCK_TIME_IS_VALID(since_) || time < since_) since_ = time;
    return buffers_ >= kSeveral && time - since_ > patience;
  }
  void ends() {
    buffers_ = 0;
    since_ = GST_CLOCK_TIME_NONE;
  }

 private:
  unsigned buffers_ = 0;
  GstClockTime since_ = GST_CLOCK_TIME_NONE;
};

}  // namespace gst
