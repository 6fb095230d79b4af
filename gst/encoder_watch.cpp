// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/encoder_watch.hpp"

#include <gst/video/video.h>

#include <optional>
#include <utility>

#include "gst/debug.hpp"

namespace gst {

using origin::Ref;

namespace {

constexpr int kMaxElements = 64;
// Encoders that move their output there, to have room for decode times before the first frame.
constexpr GstClockTime kShiftedStart = 1000 * 3600 * GST_SECOND;

// The only sink pad that feeds `source`, if there is just one.
Ref<GstPad> feeding_pad(GstPad* source) {
  GstIterator* links = gst_pad_iterate_internal_links(source);
  Ref<GstPad> found;
  if (!links) return found;
  GValue item = G_VALUE_INIT;
  int count = 0;
  while (gst_iterator_next(links, &item) == GST_ITERATOR_OK) {
    found = Ref<GstPad>::share(GST_PAD(g_value_get_object(&item)));
    g_value_reset(&item);
    ++count;
  }
  g_value_unset(&item);
  gst_iterator_free(links);
  return count == 1 ? found : Ref<GstPad>();
}

class Frames {
 public:
  Frames(GstVideoEncoder* encoder, GstPad* output, std::shared_ptr<const Boundaries> boundaries)
      : encoder_(encoder), output_(Ref<GstPad>::share(output)), boundaries_(std::move(boundaries)) {}

  void arrived(GstPad* pad, GstBuffer* buffer) {
    const auto event = Ref<GstEvent>::adopt(gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0));
    if (!event || !GST_BUFFER_PTS_IS_VALID(buffer)) return;
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event.get(), &segment);
    const GstClockTime time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(time)) return;
    if (!first_pts_) first_pts_ = GST_BUFFER_PTS(buffer);
    const EncoderOf found = find_encoder(output_.get());
    if (found.encoder.get() != GST_ELEMENT(encoder_)) return;
    // Offsets on the way shift the time at which the frame will arrive.
    const int64_t now = static_cast<int64_t>(time) + found.offset;
    // A new anchor is a discontinuity, which players begin anew behind.
    const int64_t offset = boundaries_->offset_at(now);
    const bool anchored_anew = std::exchange(offset_, offset) != offset;
    const bool at_boundary = last_ && *last_ < now && boundaries_->next(*last_, offset) <= now;
    if (at_boundary || (last_ && anchored_anew)) request(time, GST_BUFFER_PTS(buffer));
    last_ = now;
  }

 private:
  // Before GStreamer 1.26.1, an encoder that shifts its output compares requests with shifted time until its
  // first frame is out, and from then on takes none for a time before the last one that it honoured. So until
  // then it is asked in shifted time as well, and afterwards first for "now", which puts its memory right;
  // while such a request is pending it refuses another, so the real time is always given, too.
  void request(GstClockTime time, GstClockTime pts) {
    GstPad* output = GST_VIDEO_ENCODER_SRC_PAD(encoder_);
    const auto segment = Ref<GstEvent>::adopt(gst_pad_get_sticky_event(output, GST_EVENT_SEGMENT, 0));
    const bool has_output = static_cast<bool>(segment);
    GST_LOG_OBJECT(encoder_, "keyframe at %" GST_TIME_FORMAT "%s", GST_TIME_ARGS(time),
                   has_output ? "" : ", before any output");
    send(output, time);
    if (has_output) {
      send(output, GST_CLOCK_TIME_NONE);
    } else if (pts >= *first_pts_) {
      send(output, kShiftedStart + (pts - *first_pts_));
    }
  }

  static void send(GstPad* output, GstClockTime time) {
    gst_pad_send_event(output, gst_video_event_new_upstream_force_key_unit(time, TRUE, 0));
  }

  GstVideoEncoder* const encoder_;  // has the pad that the probe is on
  const Ref<GstPad> output_;        // where its stream goes
  const std::shared_ptr<const Boundaries> boundaries_;
  std::optional<GstClockTime> first_pts_;
  std::optional<int64_t> last_;  // running time
  int64_t offset_ = 0;
};

GstPadProbeReturn on_frame(GstPad* pad, GstPadProbeInfo* info, gpointer frames) {
  static_cast<Frames*>(frames)->arrived(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  return GST_PAD_PROBE_OK;
}

}  // namespace

EncoderOf find_encoder(GstPad* pad) {
  Ref<GstPad> at = Ref<GstPad>::share(pad);
  int64_t offset = 0;
  for (int i = 0; at && i < kMaxElements; ++i) {
    const auto source = Ref<GstPad>::adopt(gst_pad_get_peer(at.get()));
    if (!source) return {};
    offset += gst_pad_get_offset(at.get()) + gst_pad_get_offset(source.get());
    auto element = Ref<GstElement>::adopt(gst_pad_get_parent_element(source.get()));
    if (element && GST_IS_VIDEO_ENCODER(element.get())) return {element, offset};
    at = feeding_pad(source.get());
  }
  return {};
}

EncoderWatch::EncoderWatch(GstElement* encoder, GstPad* output, std::shared_ptr<const Boundaries> boundaries)
    : input_(Ref<GstPad>::share(GST_VIDEO_ENCODER_SINK_PAD(GST_VIDEO_ENCODER(encoder)))),
      boundaries_(std::move(boundaries)) {
  probe_ = gst_pad_add_probe(input_.get(), GST_PAD_PROBE_TYPE_BUFFER, on_frame,
                             new Frames(GST_VIDEO_ENCODER(encoder), output, boundaries_),
                             [](gpointer frames) { delete static_cast<Frames*>(frames); });
}

EncoderWatch::~EncoderWatch() {
  gst_pad_remove_probe(input_.get(), probe_);
}

bool EncoderWatch::is_of(GstElement* encoder, const Boundaries* boundaries) const {
  return encoder && input_.get() == GST_VIDEO_ENCODER_SINK_PAD(GST_VIDEO_ENCODER(encoder)) &&
         boundaries_.get() == boundaries;
}

}  // namespace gst
