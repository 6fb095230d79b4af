// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/keyframe_requests.hpp"

#include <gst/video/video.h>

#include <algorithm>

#include "gst/debug.hpp"

namespace gst {

namespace {

constexpr int64_t kMargin = GST_SECOND;
// An encoder that reports more than this keeps frames for another reason than looking ahead.
constexpr int64_t kMaxLatency = 30 * GST_SECOND;
// Frames that come out of order or late lie this much back at most; further back, running time has started
// anew.
constexpr int64_t kBackwards = 10 * GST_SECOND;

}  // namespace

Answer KeyframeRequests::ask(OriginPresentation* presentation, int64_t position, uint64_t segment_duration) {
  const auto segment = static_cast<int64_t>(segment_duration);
  {
    origin::MutexLock lock(mutex_);
    if (watching_) return Answer::kAccepted;
    if (refused_) return Answer::kRefused;
    if (!needs_restart(presentation, position) && position + horizon_ < next_) return Answer::kAccepted;
  }
  const std::vector<int64_t> due =
      take_due(presentation, position, upstream_latency() + 2 * segment + kMargin);
  Answer answer = Answer::kAccepted;
  for (const int64_t boundary : due) {
    GST_LOG_OBJECT(pad_, "asking for a keyframe at %" GST_STIME_FORMAT, GST_STIME_ARGS(boundary));
    GstEvent* event =
        gst_video_event_new_upstream_force_key_unit(static_cast<GstClockTime>(boundary), TRUE, 0);
    answer = gst_pad_push_event(pad_, event) ? Answer::kAccepted : Answer::kRefused;
    if (answer == Answer::kRefused) break;
  }
  if (answer == Answer::kRefused) {
    GST_INFO_OBJECT(pad_, "upstream takes no keyframe requests");
    origin::MutexLock lock(mutex_);
    refused_ = true;
  }
  return answer;
}

bool KeyframeRequests::needs_restart(OriginPresentation* presentation, int64_t position) const {
  return !started_ || position < asked_from_ - kBackwards || position > next_ ||
         phase_ != origin_presentation_get_next_boundary(presentation, 0);
}

// Marks what it returns as asked for. Boundaries that have passed are left out: encoders would honour them at
// their next frame.
std::vector<int64_t> KeyframeRequests::take_due(OriginPresentation* presentation, int64_t position,
                                                int64_t horizon) {
  origin::MutexLock lock(mutex_);
  if (needs_restart(presentation, position)) {
    started_ = true;
    phase_ = origin_presentation_get_next_boundary(presentation, 0);
    asked_from_ = position;
    next_ = origin_presentation_get_next_boundary(presentation, position);
  }
  horizon_ = horizon;
  std::vector<int64_t> due;
  while (next_ <= position + horizon) {
    if (next_ > 0) due.push_back(next_);
    const int64_t boundary = origin_presentation_get_next_boundary(presentation, next_);
    if (boundary <= next_) break;
    next_ = boundary;
  }
  return due;
}

int64_t KeyframeRequests::upstream_latency() const {
  GstQuery* query = gst_query_new_latency();
  GstClockTime minimum = 0;
  if (gst_pad_peer_query(pad_, query)) gst_query_parse_latency(query, nullptr, &minimum, nullptr);
  gst_query_unref(query);
  return GST_CLOCK_TIME_IS_VALID(minimum) ? std::min<int64_t>(static_cast<int64_t>(minimum), kMaxLatency) : 0;
}

void KeyframeRequests::restart() {
  origin::MutexLock lock(mutex_);
  started_ = refused_ = false;
}

void KeyframeRequests::follow(const origin::Ref<OriginPresentation>& presentation) {
  origin::MutexLock lock(mutex_);
  watching_ = watch_.attach(pad_, presentation);
}

void KeyframeRequests::stop() {
  origin::MutexLock lock(mutex_);
  watch_.detach();
  watching_ = started_ = refused_ = false;
}

}  // namespace gst
