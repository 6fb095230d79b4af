// SPDX-License-Identifier: LGPL-2.1-or-later
// What flows through one pad: plugs the elements behind it on its first buffer, and hands what they put out
// to the origin. Events, buffers and samples come on the pad's streaming thread, everything else from any
// thread.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <origin/api/origin.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "gst/boundaries.hpp"
#include "gst/branch.hpp"
#include "gst/caps.hpp"
#include "gst/keyframe_requests.hpp"
#include "gst/lead_in.hpp"
#include "gst/publisher.hpp"
#include "gst/rendition.hpp"
#include "gst/samples.hpp"
#include "gst/silence.hpp"

namespace gst {

class PadStream {
 public:
  // Both outlive this.
  PadStream(GstPad* pad, Publisher& publisher);

  // State changes of the element: from start() to halt() the pad may plug elements; reset() takes them away
  // once the pad is inactive.
  void start();
  void halt();
  void reset();
  // The pad leaves the element: ends its track.
  void release();
  void linked();
  void unlinked();
  // While no data flows: ends the track.
  void end_track();
  // The element plays, with a new anchor perhaps.
  void playing();

  // GstPad functions.
  gboolean event(GstObject* parent, GstEvent* event);
  GstFlowReturn chain(GstObject* parent, GstBuffer* buffer);
  GstFlowReturn chain_list(GstObject* parent, GstBufferList* list);
  gboolean query(GstObject* parent, GstQuery* query);

  // An error of an element behind the pad: costs what that was given, not the pipeline. False: it is none of
  // this pad's. Any thread.
  bool take_error(GstMessage* message);
  // Sends an event of the application upstream, through the elements if there are any. Takes the event.
  bool send_upstream(GstEvent* event);
  // Answers a latency query for the way up to the origin.
  bool latency(GstQuery* query) const;

  Rendition& rendition() { return rendition_; }

 private:
  GstFlowReturn ensure_branch(GstObject* parent);
  GstFlowReturn plug(GstBin* bin);
  GstFlowReturn judge(GstFlowReturn flow, GstClockTime time);
  void leave_out(const std::string& why);
  void drain();
  void unplug();
  void remove_branch();
  void flush_started();
  bool resume();
  void stream_started();
  bool take_caps(GstCaps* caps);
  bool is_new(const GstCaps* caps) const;
  bool take_segment(GstEvent* event);
  void take_end(guint32 seqnum);
  bool upstream_is_live() const;
  bool may_be_video() const;
  void ask_early(int64_t position);
  void ask_for_keyframes(OriginTrack* track, int64_t position);
  void ask_for_entry(OriginTrack* track);

  GstFlowReturn push(GstSample* sample);
  bool take_lead_in(GstBuffer* buffer, const GstSegment* segment, SampleTimes& times);
  bool update_format(OriginTrack* track, GstCaps* caps, GError** error);
  void warn_of_chroma(const GstCaps* caps);
  GstFlowReturn result_of(GError* error);
  bool accepting() const;
  origin::Ref<OriginTrack> track() const;
  std::shared_ptr<Boundaries> boundaries();
  origin::Ref<GstElement> sink() const;
  GstClockTime known_latency() const;

  static GstFlowReturn on_sample(GstAppSink* sink, gpointer self);
  static void on_eos(GstAppSink* sink, gpointer self);

  GstPad* const pad_;
  Publisher& publisher_;
  const Kind preferred_;
  Rendition rendition_;
  KeyframeRequests requests_;

  // Set before data flows.
  bool send_requests_ = true;
  uint64_t segment_duration_ = 0;

  // Streaming thread only.
  const Codec* codec_ = nullptr;
  origin::Ref<GstCaps> caps_;  // of the last sample
  std::optional<Format> format_;
  bool draining_ = false;
  bool data_reported_ = false;
  bool publishes_ = false;
  bool failed_ = false;  // for good: the pipeline has heard of it
  Silence silence_;      // of the parser
  bool segment_refused_ = false;
  bool warned_of_chroma_ = false;
  std::optional<int64_t> entry_asked_at_;  // running time
  std::optional<LeadIn> lead_in_;
  int64_t segment_start_ = 0;  // likewise
  guint32 eos_seqnum_ = GST_SEQNUM_INVALID;

  std::atomic<bool> flushed_ = false;
  std::atomic<bool> resumes_ = false;  // flushed, and paced
  std::atomic<int64_t> position_ = 0;  // running time

  mutable origin::Mutex mutex_;
  origin::Ref<OriginTrack> track_ GUARDED_BY(mutex_);
  std::shared_ptr<Boundaries> boundaries_ GUARDED_BY(mutex_);
  bool accepting_ GUARDED_BY(mutex_) = false;
  std::unique_ptr<Branch> branch_ GUARDED_BY(mutex_);
  GstClockTime latency_ GUARDED_BY(mutex_) = GST_CLOCK_TIME_NONE;
};

}  // namespace gst
