// SPDX-License-Identifier: LGPL-2.1-or-later
// Running time begins anew after a flush, and the pipeline gives it a base time when an element that had lost
// its state gets it back. The element does so as a whole: its first pad with data speaks for all, since one
// thread may feed several pads. Any thread; no lock is held while messages are posted.
#pragma once

#include <gst/gst.h>

#include <condition_variable>

#include "origin/base/mutex.hpp"

namespace gst {

class Resumption {
 public:
  // The element, a bin, owns it.
  explicit Resumption(GstElement* element) : element_(element) {}

  // A pad is flushed whose data waits for the clock.
  void lose_state();
  // What follows on that pad is there.
  void regain_state();
  // Until the element plays. False: the pad stops or is flushed again.
  bool wait_until_playing(GstPad* pad);
  // State changes of the element.
  void playing();
  void stopped();

 private:
  GstElement* const element_;
  origin::Mutex mutex_;
  std::condition_variable_any changed_;
  bool lost_ GUARDED_BY(mutex_) = false;
  bool playing_ GUARDED_BY(mutex_) = false;  // since the state was lost
};

}  // namespace gst
