// SPDX-License-Identifier: LGPL-2.1-or-later
// What comes out behind the parser: samples on their way to the track, and its end. On the streaming thread.
#include <utility>

#include "gst/debug.hpp"
#include "gst/pad_stream.hpp"

namespace gst {

using origin::Ref;

namespace {

// As far as a keyframe may lie before what is to be seen.
constexpr int64_t kLongestLeadIn = 30 * GST_SECOND;
constexpr int64_t kAssumedFrame = 40 * GST_MSECOND;

}  // namespace

GstFlowReturn PadStream::on_sample(GstAppSink* sink, gpointer self) {
  const auto sample = Ref<GstSample>::adopt(gst_app_sink_pull_sample(sink));
  return sample ? static_cast<PadStream*>(self)->push(sample.get()) : GST_FLOW_FLUSHING;
}

void PadStream::on_eos(GstAppSink*, gpointer data) {
  auto* self = static_cast<PadStream*>(data);
  if (!self->draining_) self->publisher_.ending().pad_ended(self->pad_, self->eos_seqnum_);
}

GstFlowReturn PadStream::push(GstSample* sample) {
  const Ref<OriginTrack> track = this->track();
  if (!track) return GST_FLOW_FLUSHING;
  GError* error = nullptr;
  if (!update_format(track.get(), gst_sample_get_caps(sample), &error)) return result_of(error);

  GstBuffer* buffer = gst_sample_get_buffer(sample);
  const GstSegment* segment = gst_sample_get_segment(sample);
  if (!is_media(buffer, *codec_)) return GST_FLOW_OK;
  silence_.ends();
  if (is_after(buffer, segment)) return GST_FLOW_OK;
  SampleTimes times = running_times(buffer, segment);
  if (!take_lead_in(buffer, segment, times)) return GST_FLOW_OK;
  if (times.pts != ORIGIN_TIME_NONE) {
    position_ = times.pts;
    if (codec_->kind == Kind::kVideo) ask_for_keyframes(track.get(), times.pts);
  }
  if (flushed_.exchange(false)) {
    publisher_.follow_clock();
    origin_track_discontinuity(track.get());
  }
  const auto data = Ref<GBytes>::adopt(bytes_of(buffer));
  const bool taken =
      data && origin_track_push(track.get(), data.get(), times.pts, times.dts, times.duration, &error);
  if (!taken) return result_of(error);
  ask_for_entry(track.get());
  return GST_FLOW_OK;
}

// Where frames are left out for want of a keyframe, or another track has begun anew, viewers should not have
// to wait for the next boundary's.
void PadStream::ask_for_entry(OriginTrack* track) {
  if (!origin_track_needs_keyframe(track)) {
    entry_asked_at_.reset();
    if (!std::exchange(publishes_, true)) publisher_.ending().pad_publishes();
    return;
  }
  const int64_t position = position_;
  const bool asked = entry_asked_at_ && position >= *entry_asked_at_ &&
                     position - *entry_asked_at_ < static_cast<int64_t>(segment_duration_);
  if (!send_requests_ || asked) return;
  entry_asked_at_ = position;
  requests_.ask_now();
}

// Moves what leads into the segment, and what shares its time. False: it is not needed.
bool PadStream::take_lead_in(GstBuffer* buffer, const GstSegment* segment, SampleTimes& times) {
  const int64_t start = start_of(segment);
  if (start != segment_start_) lead_in_.reset();
  segment_start_ = start;
  if (is_before(buffer, segment)) {
    if (codec_->kind != Kind::kVideo || start == ORIGIN_TIME_NONE || start - times.pts > kLongestLeadIn)
      return false;
    const int64_t frame = times.duration > 0 ? times.duration : kAssumedFrame;
    if (!lead_in_) lead_in_.emplace(start, times.pts, frame);
  }
  if (!lead_in_) return true;
  for (int64_t* time : {&times.pts, &times.dts}) {
    if (*time != ORIGIN_TIME_NONE) *time = lead_in_->moved(*time);
  }
  return true;
}

bool PadStream::update_format(OriginTrack* track, GstCaps* caps, GError** error) {
  if (caps == caps_.get()) return true;
  const Format format(*codec_, caps);
  // Caps also change in what the origin does not look at, and a new format is a discontinuity.
  if (!format_ || !(*format_ == format)) {
    if (!origin_track_set_format(track, format.get(), error)) return false;
    format_ = format;
    warn_of_chroma(caps);
  }
  caps_ = Ref<GstCaps>::share(caps);
  return true;
}

void PadStream::warn_of_chroma(const GstCaps* caps) {
  const char* chroma = unplayable_chroma(caps);
  if (!chroma || warned_of_chroma_) return;
  warned_of_chroma_ = true;
  const char* profile = gst_structure_get_string(gst_caps_get_structure(caps, 0), "profile");
  const std::string name = GST_PAD_NAME(pad_);
  const std::string message = name + " gets " + codec_->name + " with " + chroma + " chroma (profile " +
                              (profile ? profile : "unknown") +
                              "), which browsers and hardware decoders do not play";
  const std::string hint = "put video/x-raw,format=I420 before the encoder of " + name;
  publisher_.post_warning(message.c_str(), hint.c_str());
}

// Takes the error.
GstFlowReturn PadStream::result_of(GError* error) {
  GstFlowReturn flow = GST_FLOW_ERROR;
  if (g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_ENDED)) {
    flow = GST_FLOW_EOS;
  } else if (g_error_matches(error, ORIGIN_ERROR, ORIGIN_ERROR_INVALID)) {
    // Damage, more often than not: the next format may be well.
    leave_out(error->message);
    flow = GST_FLOW_OK;
  } else if (error) {
    g_prefix_error(&error, "%s: ", GST_PAD_NAME(pad_));
    publisher_.fail(error);
  }
  failed_ = flow == GST_FLOW_ERROR;
  g_clear_error(&error);
  return flow;
}

void PadStream::end_track() {
  if (const Ref<OriginTrack> track = this->track()) {
    origin_track_end(track.get());
  } else {
    publisher_.abandon_track(pad_);
  }
}

}  // namespace gst
