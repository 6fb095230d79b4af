// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/keyframe_requests.hpp"

#include <gst/video/video.h>

#include <algorithm>

#include "gst/debug.hpp"

namespace gst {

using origin::MutexLock;
using origin::Ref;

namespace {

constexpr int64_t kMargin = GST_SECOND;
// An encoder that reports more than this keeps frames for another reason than looking ahead.
constexpr int64_t kMaxLatency = 30 * GST_SECOND;
// Frames that come out of order or late lie this much back at most; further back, running time has started
// anew.
constexpr int64_t kBackwards = 10 * GST_SECOND;

// Takes the boundaries up to `end` from what was not asked for yet. Those that have passed are left out:
// encoders would honour them at their next frame.
std::vector<int64_t> take_due(const Boundaries& boundaries, int64_t offset, int64_t& next, int64_t end) {
  std::vector<int64_t> due;
  while (next <= end) {
    if (next > 0) due.push_back(next);
    const int64_t boundary = boundaries.next(next, offset);
    if (boundary <= next) break;
    next = boundary;
  }
  return due;
}

}  // namespace

Answer KeyframeRequests::ask(const Boundaries& boundaries, int64_t position, uint64_t segment_duration) {
  std::optional<Asked> before;
  {
    MutexLock lock(mutex_);
    if (watch_) return Answer::kAccepted;
    if (refused_) return Answer::kRefused;
    before = asked_;
  }
  const int64_t offset = boundaries.offset_at(position);
  const bool goes_on =
      before && offset == before->offset && position >= before->from - kBackwards && position <= before->next;
  if (goes_on && position + before->horizon < before->next) return Answer::kAccepted;

  Asked after = goes_on ? *before : Asked{offset, position, boundaries.next(position, offset)};
  after.horizon = upstream_latency() + 2 * static_cast<int64_t>(segment_duration) + kMargin;
  std::vector<int64_t> due = take_due(boundaries, offset, after.next, position + after.horizon);
  // A new anchor is a discontinuity, which players begin anew behind: what is past is honoured at the next
  // frame.
  if (before && offset != before->offset) due.insert(due.begin(), position);
  {
    MutexLock lock(mutex_);
    if (asked_ != before) return Answer::kAccepted;  // another thread asks
    asked_ = after;
  }
  if (send(due)) return Answer::kAccepted;
  GST_INFO_OBJECT(pad_, "upstream takes no keyframe requests");
  MutexLock lock(mutex_);
  refused_ = true;
  return Answer::kRefused;
}

bool KeyframeRequests::send(const std::vector<int64_t>& boundaries) {
  for (const int64_t boundary : boundaries) {
    GST_LOG_OBJECT(pad_, "asking for a keyframe at %" GST_STIME_FORMAT, GST_STIME_ARGS(boundary));
    GstEvent* event =
        gst_video_event_new_upstream_force_key_unit(static_cast<GstClockTime>(boundary), TRUE, 0);
    if (!gst_pad_push_event(pad_, event)) return false;
  }
  return true;
}

void KeyframeRequests::ask_now() {
  GST_LOG_OBJECT(pad_, "asking for a keyframe now");
  gst_pad_push_event(pad_, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

int64_t KeyframeRequests::upstream_latency() const {
  GstQuery* query = gst_query_new_latency();
  GstClockTime minimum = 0;
  if (gst_pad_peer_query(pad_, query)) gst_query_parse_latency(query, nullptr, &minimum, nullptr);
  gst_query_unref(query);
  return GST_CLOCK_TIME_IS_VALID(minimum) ? std::min<int64_t>(static_cast<int64_t>(minimum), kMaxLatency) : 0;
}

void KeyframeRequests::restart() {
  MutexLock lock(mutex_);
  asked_.reset();
  refused_ = false;
}

void KeyframeRequests::follow(const std::shared_ptr<const Boundaries>& boundaries) {
  unsigned stops = 0;
  {
    MutexLock lock(mutex_);
    stops = stops_;
  }
  const Ref<GstElement> encoder = find_encoder(pad_).encoder;
  {
    MutexLock lock(mutex_);
    if (watch_ && watch_->is_of(encoder.get(), boundaries.get())) return;
  }
  std::unique_ptr<EncoderWatch> watch;
  if (encoder) {
    GST_INFO_OBJECT(pad_, "asking %s for keyframes", GST_OBJECT_NAME(encoder.get()));
    watch = std::make_unique<EncoderWatch>(encoder.get(), pad_, boundaries);
  }
  MutexLock lock(mutex_);
  if (stops == stops_) std::swap(watch, watch_);
}

void KeyframeRequests::stop() {
  std::unique_ptr<EncoderWatch> watch;  // lets go of the encoder after the lock
  MutexLock lock(mutex_);
  std::swap(watch, watch_);
  ++stops_;
  asked_.reset();
  refused_ = false;
}

}  // namespace gst
