// SPDX-License-Identifier: LGPL-2.1-or-later
// Ends the presentation when its pads have ended, and posts the element's EOS after it lingered. Any thread;
// no lock is held while messages are posted.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <string>

#include "gst/end_of_stream.hpp"
#include "gst/one_shot.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

class Ending {
 public:
  struct Times {
    GstClockTime idle_pad_timeout = 0;  // from the first data of any pad on
    gint64 linger = 0;                  // negative: EOS is never posted
  };

  // `end_track` ends the track of a pad through which nothing flows any more. The element owns the ending.
  Ending(GstElement* element, std::function<void(GstPad*)> end_track)
      : element_(element), end_track_(std::move(end_track)) {}

  // Pads are watched between the two.
  void start(const Times& times);
  void stop();

  void pad_added(GstPad* pad);
  void pad_removed(GstPad* pad);
  // False: too late, the presentation is over.
  bool pad_has_data(GstPad* pad);
  // Something that came through a pad cannot be read. Where data came and none is published, the end is an
  // error, and the first `why` its reason.
  void pad_cannot_read(const std::string& why);
  void pad_publishes();
  // Ends the pad's track; that of the last one only when no other pad can begin any more, since a
  // presentation ends with its last track.
  void pad_ended(GstPad* pad, guint32 seqnum);

 private:
  void end_all_tracks();
  void check();
  GstClockTime left_for_idle_pads() const REQUIRES_LOCK(mutex_);
  void finish(unsigned run);
  void post_eos(unsigned run);

  GstElement* const element_;
  const std::function<void(GstPad*)> end_track_;
  origin::Mutex mutex_;
  EndOfStream pads_ GUARDED_BY(mutex_);
  OneShot timer_ GUARDED_BY(mutex_);
  Times times_ GUARDED_BY(mutex_);
  GstClockTime first_data_ GUARDED_BY(mutex_) = GST_CLOCK_TIME_NONE;
  bool running_ GUARDED_BY(mutex_) = false;
  bool over_ GUARDED_BY(mutex_) = false;
  bool published_ GUARDED_BY(mutex_) = false;
  std::string unreadable_ GUARDED_BY(mutex_);
  unsigned run_ GUARDED_BY(mutex_) = 0;  // a timer of an earlier run means nothing
  guint32 seqnum_ GUARDED_BY(mutex_) = GST_SEQNUM_INVALID;
};

}  // namespace gst
