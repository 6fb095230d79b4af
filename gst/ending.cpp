// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/ending.hpp"

#include <algorithm>

#include "gst/debug.hpp"
#include "gst/pads.hpp"

namespace gst {

void Ending::start(const Times& times) {
  origin::MutexLock lock(mutex_);
  pads_.reset();
  times_ = times;
  first_data_ = GST_CLOCK_TIME_NONE;
  running_ = true;
  over_ = published_ = false;
  unreadable_.clear();
  ++run_;
}

void Ending::stop() {
  origin::MutexLock lock(mutex_);
  running_ = false;
  timer_.cancel();
  ++run_;
}

void Ending::pad_added(GstPad* pad) {
  origin::MutexLock lock(mutex_);
  pads_.add(pad);
}

void Ending::pad_removed(GstPad* pad) {
  {
    origin::MutexLock lock(mutex_);
    pads_.remove(pad);
  }
  check();
}

bool Ending::pad_has_data(GstPad* pad) {
  origin::MutexLock lock(mutex_);
  if (over_) return false;
  pads_.data(pad);
  if (!GST_CLOCK_TIME_IS_VALID(first_data_)) first_data_ = OneShot::now();
  timer_.cancel();
  return true;
}

void Ending::pad_cannot_read(const std::string& why) {
  origin::MutexLock lock(mutex_);
  if (unreadable_.empty()) unreadable_ = why;
}

void Ending::pad_publishes() {
  origin::MutexLock lock(mutex_);
  published_ = true;
}

void Ending::pad_ended(GstPad* pad, guint32 seqnum) {
  bool others_run = false;
  {
    origin::MutexLock lock(mutex_);
    pads_.ended(pad);
    seqnum_ = seqnum;
    others_run = pads_.verdict() == EndOfStream::Verdict::kRunning;
  }
  if (others_run) end_track_(pad);
  check();
}

void Ending::check() {
  unsigned run = 0;
  {
    origin::MutexLock lock(mutex_);
    if (!running_ || over_) return;
    run = run_;
    switch (pads_.verdict()) {
      case EndOfStream::Verdict::kRunning:
        return;
      case EndOfStream::Verdict::kWaitingForIdle:
        GST_INFO_OBJECT(element_, "waiting for pads that never got data");
        timer_.arm(element_, left_for_idle_pads(), [this, run] { finish(run); });
        return;
      case EndOfStream::Verdict::kOver:
        break;
    }
  }
  finish(run);
}

GstClockTime Ending::left_for_idle_pads() const {
  if (!GST_CLOCK_TIME_IS_VALID(first_data_)) return times_.idle_pad_timeout;
  const GstClockTime waited = OneShot::now() - first_data_;
  return times_.idle_pad_timeout - std::min(waited, times_.idle_pad_timeout);
}

void Ending::finish(unsigned run) {
  gint64 linger = 0;
  std::string failure;
  {
    origin::MutexLock lock(mutex_);
    if (!running_ || over_ || run != run_ || pads_.verdict() == EndOfStream::Verdict::kRunning) return;
    over_ = true;
    linger = times_.linger;
    const bool lost = GST_CLOCK_TIME_IS_VALID(first_data_) && !published_;
    if (lost) failure = unreadable_.empty() ? "no keyframe came" : unreadable_;
    timer_.cancel();
  }
  end_all_tracks();
  if (!failure.empty()) {
    GST_ELEMENT_ERROR(element_, STREAM, WRONG_TYPE,
                      ("nothing that came could be published; %s", failure.c_str()), (nullptr));
  } else if (linger == 0) {
    post_eos(run);
  } else if (linger > 0) {
    origin::MutexLock lock(mutex_);
    if (running_ && run == run_) {
      timer_.arm(element_, static_cast<GstClockTime>(linger), [this, run] { post_eos(run); });
    }
  }
}

void Ending::end_all_tracks() {
  for (const origin::Ref<GstPad>& pad : sink_pads(element_)) end_track_(pad.get());
}

void Ending::post_eos(unsigned run) {
  GstMessage* message = gst_message_new_eos(GST_OBJECT(element_));
  {
    origin::MutexLock lock(mutex_);
    if (!running_ || run != run_) {
      gst_message_unref(message);
      return;
    }
    if (seqnum_ != GST_SEQNUM_INVALID) gst_message_set_seqnum(message, seqnum_);
  }
  gst_element_post_message(element_, message);
}

}  // namespace gst
