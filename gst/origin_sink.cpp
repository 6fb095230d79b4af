// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:element-originsink
 * @title: originsink
 * @short_description: Packages encoded media and serves it over HTTP
 *
 * `originsink` takes encoded audio and video, packages it into CMAF segments and serves them over HTTP as HLS
 * from memory. Nothing else has to run. It prints where it listens; open that address in a browser to watch.
 *
 * Request one pad for each rendition: several video pads make a ladder, several audio pads alternatives. Each
 * pad takes H.264, H.265, AV1, VP9, AAC, Opus, FLAC, AC-3 or E-AC-3; parsers are plugged inside.
 *
 * ## Launch lines
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! originsink
 * ]| A live presentation at http://127.0.0.1:8080/live/
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! originsink name=o \
 *     audiotestsrc is-live=true ! avenc_aac ! o.
 * ]| With sound.
 * |[
 * gst-launch-1.0 filesrc location=film.mp4 ! qtdemux name=d \
 *     originsink name=o presentation=film playlist-type=vod linger=-1 \
 *     d.video_0 ! queue ! o.video_0  d.audio_0 ! queue ! o.audio_0
 * ]| A file, packaged as fast as it can be read and then served until stopped.
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency ! \
 *     originsink location=http://origin:8080 api-key=KEY
 * ]| A live presentation at an origin-server on another machine.
 *
 * ## Messages
 * `origin-listening` with `uri` (string) and `port` (uint), once for each address when the presentation is
 * open, or `origin-publishing` with `uri` where there is a `location`, and `origin-segment-added`
 * with `presentation`, `track` (strings), `sequence-number`, `duration`, `bytes` (uint64) and `running-time`
 * (int64), for each segment. Times are in nanoseconds.
 */
#include "gst/origin_sink.hpp"

#include <memory>
#include <new>

#include "gst/origin_sink_pad.hpp"
#include "gst/pads.hpp"
#include "gst/properties.hpp"
#include "gst/publisher.hpp"

struct _GstOriginSink {
  GstBin parent;
  std::unique_ptr<gst::Publisher> publisher;
  gint next_video;
  gint next_audio;
};

static void gst_origin_sink_child_proxy_init(GstChildProxyInterface* iface);

G_DEFINE_TYPE_WITH_CODE(GstOriginSink, gst_origin_sink, GST_TYPE_BIN,
                        G_IMPLEMENT_INTERFACE(GST_TYPE_CHILD_PROXY, gst_origin_sink_child_proxy_init))
GST_ELEMENT_REGISTER_DEFINE(originsink, "originsink", GST_RANK_NONE, GST_TYPE_ORIGIN_SINK)

namespace {

using origin::Ref;

gst::Publisher& publisher_of(gpointer object) {
  return *GST_ORIGIN_SINK(object)->publisher;
}

gst::PadStream& stream_of(GstPad* pad) {
  return gst_origin_sink_pad_get_stream(GST_ORIGIN_SINK_PAD(pad));
}

template <typename Visit>
void for_each_stream(gpointer object, Visit visit) {
  for (const Ref<GstPad>& pad : gst::sink_pads(GST_ELEMENT(object))) visit(stream_of(pad.get()));
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  if (!publisher_of(object).set_property(id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  if (!publisher_of(object).get_property(id, value)) G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}

void finalize(GObject* object) {
  std::destroy_at(&GST_ORIGIN_SINK(object)->publisher);
  G_OBJECT_CLASS(gst_origin_sink_parent_class)->finalize(object);
}

bool prepare(GstElement* element, GstStateChange transition) {
  gst::Publisher& publisher = publisher_of(element);
  switch (transition) {
    case GST_STATE_CHANGE_NULL_TO_READY:
      return publisher.start_server();
    case GST_STATE_CHANGE_READY_TO_PAUSED:
      if (!publisher.open_presentation()) return false;
      for_each_stream(element, [](gst::PadStream& stream) { stream.start(); });
      publisher.announce();
      return true;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      publisher.anchor_to_clock();
      for_each_stream(element, [](gst::PadStream& stream) { stream.playing(); });
      return true;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      for_each_stream(element, [](gst::PadStream& stream) { stream.halt(); });
      return true;
    default:
      return true;
  }
}

void conclude(GstElement* element, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) {
    publisher_of(element).resumption().playing();
  } else if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    publisher_of(element).resumption().stopped();
    publisher_of(element).close_presentation();
    for_each_stream(element, [](gst::PadStream& stream) { stream.reset(); });
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    publisher_of(element).stop_server();
  }
}

GstStateChangeReturn change_state(GstElement* element, GstStateChange transition) {
  if (!prepare(element, transition)) return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(gst_origin_sink_parent_class)->change_state(element, transition);
  if (result != GST_STATE_CHANGE_FAILURE) {
    conclude(element, transition);
  } else if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    conclude(element, GST_STATE_CHANGE_PAUSED_TO_READY);
  } else if (transition == GST_STATE_CHANGE_NULL_TO_READY) {
    conclude(element, GST_STATE_CHANGE_READY_TO_NULL);
  }
  return result;
}

// Pads are numbered upwards and no number is used twice, whatever the application names its own.
std::string pad_name(GstOriginSink* self, bool audio, const char* wanted) {
  if (wanted && !std::string_view(wanted).ends_with("%u")) return wanted;
  gint& next = audio ? self->next_audio : self->next_video;
  for (;;) {
    const std::string name = (audio ? "audio_" : "video_") + std::to_string(g_atomic_int_add(&next, 1));
    const auto taken = Ref<GstPad>::adopt(gst_element_get_static_pad(GST_ELEMENT(self), name.c_str()));
    if (!taken) return name;
  }
}

GstPad* request_new_pad(GstElement* element, GstPadTemplate* templ, const gchar* wanted, const GstCaps*) {
  auto* self = GST_ORIGIN_SINK(element);
  const bool audio = g_str_has_prefix(GST_PAD_TEMPLATE_NAME_TEMPLATE(templ), "audio");
  const std::string name = pad_name(self, audio, wanted);
  GstPad* pad = gst_origin_sink_pad_new(templ, name.c_str(), *self->publisher);
  self->publisher->ending().pad_added(pad);
  stream_of(pad).start();
  gst_pad_set_active(pad, GST_STATE(element) >= GST_STATE_PAUSED);
  const auto held = Ref<GstPad>::share(pad);
  if (!gst_element_add_pad(element, pad)) {
    stream_of(pad).release();
    self->publisher->ending().pad_removed(pad);
    return nullptr;
  }
  gst_child_proxy_child_added(GST_CHILD_PROXY(element), G_OBJECT(pad), name.c_str());
  return pad;
}

void release_pad(GstElement* element, GstPad* pad) {
  const origin::GCharPtr name(gst_object_get_name(GST_OBJECT(pad)));
  gst_object_ref(pad);
  stream_of(pad).release();
  gst_element_remove_pad(element, pad);
  publisher_of(element).ending().pad_removed(pad);
  gst_child_proxy_child_removed(GST_CHILD_PROXY(element), G_OBJECT(pad), name.get());
  gst_object_unref(pad);
}

void handle_message(GstBin* bin, GstMessage* message) {
  // The element posts its own when all pads have ended.
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
    gst_message_unref(message);
    return;
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    bool taken = false;
    for_each_stream(bin, [&](gst::PadStream& stream) { taken = taken || stream.take_error(message); });
    if (taken) {
      gst_message_unref(message);
      return;
    }
  }
  GST_BIN_CLASS(gst_origin_sink_parent_class)->handle_message(bin, message);
}

// The bin would ask only the sinks that are plugged already.
gboolean answer_latency(GstElement* element, GstQuery* query) {
  gboolean live = FALSE;
  GstClockTime minimum = 0, maximum = GST_CLOCK_TIME_NONE;
  for_each_stream(element, [&](gst::PadStream& stream) {
    const auto inner = Ref<GstQuery>::adopt(gst_query_new_latency());
    if (!stream.latency(inner.get())) return;
    gboolean pad_live = FALSE;
    GstClockTime pad_minimum = 0, pad_maximum = GST_CLOCK_TIME_NONE;
    gst_query_parse_latency(inner.get(), &pad_live, &pad_minimum, &pad_maximum);
    if (!pad_live) return;
    live = TRUE;
    minimum = MAX(minimum, pad_minimum);
    maximum = MIN(maximum, pad_maximum);
  });
  gst_query_set_latency(query, live, minimum, maximum);
  return TRUE;
}

gboolean answer_query(GstElement* element, GstQuery* query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) return answer_latency(element, query);
  return GST_ELEMENT_CLASS(gst_origin_sink_parent_class)->query(element, query);
}

gboolean send_event(GstElement* element, GstEvent* event) {
  if (!(gst_event_type_get_flags(GST_EVENT_TYPE(event)) & GST_EVENT_TYPE_UPSTREAM)) {
    return GST_ELEMENT_CLASS(gst_origin_sink_parent_class)->send_event(element, event);
  }
  // A pad without data yet has no sink inside that the bin could send it to.
  const bool is_latency = GST_EVENT_TYPE(event) == GST_EVENT_LATENCY;
  bool sent = false;
  for_each_stream(element,
                  [&](gst::PadStream& stream) { sent |= stream.send_upstream(gst_event_ref(event)); });
  gst_event_unref(event);
  return sent || is_latency;
}

void add_pad_templates(GstElementClass* element_class) {
  for (const gst::Kind kind : {gst::Kind::kVideo, gst::Kind::kAudio}) {
    const char* name = kind == gst::Kind::kVideo ? "video_%u" : "audio_%u";
    gst_element_class_add_pad_template(
        element_class,
        gst_pad_template_new_with_gtype(name, GST_PAD_SINK, GST_PAD_REQUEST, gst::template_caps(kind).get(),
                                        GST_TYPE_ORIGIN_SINK_PAD));
  }
}

}  // namespace

static void gst_origin_sink_class_init(GstOriginSinkClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  gst::install_properties(object_class);

  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = change_state;
  element_class->request_new_pad = request_new_pad;
  element_class->release_pad = release_pad;
  element_class->query = answer_query;
  element_class->send_event = send_event;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  gst_element_class_set_static_metadata(
      element_class, "Media origin", "Sink/Network/Muxer",
      "Packages encoded audio and video into CMAF segments and serves them over HTTP as HLS from memory",
      "The gst-origin authors");
  add_pad_templates(element_class);
  gst_type_mark_as_plugin_api(GST_TYPE_ORIGIN_SINK_PAD, static_cast<GstPluginAPIFlags>(0));
}

static void gst_origin_sink_init(GstOriginSink* self) {
  std::construct_at(&self->publisher, std::make_unique<gst::Publisher>(GST_ELEMENT(self), [](GstPad* pad) {
    stream_of(pad).end_track();
  }));
  // A sink with and without elements inside, which come and go with the data.
  gst_bin_set_suppressed_flags(GST_BIN(self),
                               static_cast<GstElementFlags>(GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK));
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SINK);
}

// Children are the pads, so that gst-launch sets their properties: originsink audio_0::language=en
static void gst_origin_sink_child_proxy_init(GstChildProxyInterface* iface) {
  iface->get_children_count = [](GstChildProxy* proxy) {
    return static_cast<guint>(gst::sink_pads(GST_ELEMENT(proxy)).size());
  };
  iface->get_child_by_index = [](GstChildProxy* proxy, guint index) -> GObject* {
    auto pads = gst::sink_pads(GST_ELEMENT(proxy));
    return index < pads.size() ? G_OBJECT(pads[index].release()) : nullptr;
  };
  iface->get_child_by_name = [](GstChildProxy* proxy, const gchar* name) -> GObject* {
    return G_OBJECT(gst_element_get_static_pad(GST_ELEMENT(proxy), name));
  };
}
