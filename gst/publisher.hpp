// SPDX-License-Identifier: LGPL-2.1-or-later
// What the pads of one element share: its origin, its presentation, the anchor of running time, and the end
// of stream. Any thread; the lock is not held while messages are posted or the origin is called, which may
// emit signals.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include <functional>
#include <map>
#include <string>

#include "gst/caps.hpp"
#include "gst/ending.hpp"
#include "gst/resumption.hpp"
#include "gst/settings.hpp"
#include "gst/track_names.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

class Publisher {
 public:
  // The element owns the publisher.
  Publisher(GstElement* element, std::function<void(GstPad*)> end_track)
      : element_(element), ending_(element, std::move(end_track)), resumption_(element) {}

  GstElement* element() const { return element_; }
  Settings settings() const;
  bool set_property(guint id, const GValue* value);
  bool get_property(guint id, GValue* value) const;

  // State changes. False: an error message was posted.
  bool start_server();
  void stop_server();
  bool open_presentation();
  void close_presentation();
  // Says where the presentation is, which is open: a request for it is held, and not refused.
  void announce();
  // The element plays, or is about to: its clock and base time are known.
  void anchor_to_clock();
  // While it plays: the pipeline's clock may drift away from UTC, UTC may be set, and a flush gives another
  // base time.
  void follow_clock();

  // Null before READY to PAUSED.
  origin::Ref<OriginPresentation> presentation() const;
  // A stream that begins says whether it is live, which decides whether an event follows the wall clock until
  // the first track has its format.
  void learn_liveness(bool live_input);
  // A stream is not live: viewers expect to see it from its beginning.
  void keep_beginning();
  // Offers a track under the pad's name as soon as there is a presentation, so that who asks for it is held.
  void announce_track(Kind kind, GstPad* pad);
  // The track of a pad that carries that: under the pad's name if that fits the kind. Null: an error message
  // was posted.
  origin::Ref<OriginTrack> claim_track(Kind kind, GstPad* pad);
  // The pad will claim none.
  void abandon_track(GstPad* pad);
  // Running time now; 0 before PLAYING or without a clock.
  int64_t running_time() const;

  Ending& ending() { return ending_; }
  Resumption& resumption() { return resumption_; }

  // Posts an error message that fits.
  void fail(const GError* error);
  // Posts a warning that says what to set; the same advice once a minute.
  void post_warning(const char* message, const char* hint);

 private:
  origin::Ref<OriginPresentation> open(const Settings& settings, GError** error);
  void watch(OriginPresentation* presentation);
  origin::Ref<OriginServer> server() const;
  void post_error(GQuark domain, gint code, const char* text);
  guint linked_pads() const;
  static void on_segment_added(OriginPresentation*, const char* track, guint64 sequence, gint64 running_time,
                               gint64 duration, guint64 bytes, gpointer self);
  static void on_warning(OriginPresentation*, const char* message, const char* hint, gpointer self);

  GstElement* const element_;
  mutable origin::Mutex mutex_;
  Settings settings_ GUARDED_BY(mutex_);
  origin::Ref<OriginServer> server_ GUARDED_BY(mutex_);
  origin::Ref<OriginPresentation> presentation_ GUARDED_BY(mutex_);
  TrackNames track_names_ GUARDED_BY(mutex_);
  std::map<std::string, gint64> warned_ GUARDED_BY(mutex_);  // by kind, when the last one was posted

  Ending ending_;
  Resumption resumption_;
};

}  // namespace gst
