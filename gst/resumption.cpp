// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/resumption.hpp"

#include <chrono>

namespace gst {

using origin::MutexLock;

namespace {

// What else ends a wait (a flush, the end of a state change that was under way) tells nobody.
constexpr std::chrono::milliseconds kLook{10};

// As a message of its own child, a bin turns it into its own state and tells its parent.
void tell_bin(GstElement* element, GstMessage* message) {
  GST_BIN_GET_CLASS(element)->handle_message(GST_BIN(element), message);
}

}  // namespace

void Resumption::lose_state() {
  {
    MutexLock lock(mutex_);
    if (lost_) return;
    lost_ = true;
    playing_ = false;
  }
  tell_bin(element_, gst_message_new_async_start(GST_OBJECT(element_)));
}

void Resumption::regain_state() {
  {
    MutexLock lock(mutex_);
    if (!lost_) return;
    lost_ = false;
  }
  tell_bin(element_, gst_message_new_async_done(GST_OBJECT(element_), GST_CLOCK_TIME_NONE));
}

bool Resumption::wait_until_playing(GstPad* pad) {
  MutexLock lock(mutex_);
  while (!playing_ && GST_STATE(element_) != GST_STATE_PLAYING && !GST_PAD_IS_FLUSHING(pad)) {
    changed_.wait_for(mutex_, kLook);
  }
  return !GST_PAD_IS_FLUSHING(pad);
}

void Resumption::playing() {
  {
    MutexLock lock(mutex_);
    playing_ = true;
  }
  changed_.notify_all();
}

void Resumption::stopped() {
  MutexLock lock(mutex_);
  lost_ = false;
}

}  // namespace gst
