// SPDX-License-Identifier: LGPL-2.1-or-later
/**
 * SECTION:GstOriginSinkPad
 *
 * A pad of `originsink`. Its properties override what the stream's tags say.
 */
#include "gst/origin_sink_pad.hpp"

#include <memory>
#include <new>

struct _GstOriginSinkPad {
  GstGhostPad parent;
  std::unique_ptr<gst::PadStream> stream;
};

G_DEFINE_TYPE(GstOriginSinkPad, gst_origin_sink_pad, GST_TYPE_GHOST_PAD)

namespace {

enum PropertyId : guint { kLanguage = 1, kLabel, kDefault, kBitrate };

gst::PadStream& stream_of(gpointer pad) {
  return *GST_ORIGIN_SINK_PAD(pad)->stream;
}

void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  gst::Rendition& rendition = stream_of(object).rendition();
  gst::Rendition::Overrides overrides = rendition.overrides();
  const auto text = [value] {
    const char* content = g_value_get_string(value);
    return std::string(content ? content : "");
  };
  switch (id) {
    case kLanguage:
      overrides.language = text();
      break;
    case kLabel:
      overrides.label = text();
      break;
    case kDefault:
      overrides.is_default = g_value_get_boolean(value);
      break;
    case kBitrate:
      overrides.bitrate = g_value_get_uint(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
      return;
  }
  rendition.override(overrides);
}

void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const gst::Rendition::Overrides overrides = stream_of(object).rendition().overrides();
  const auto text = [](const std::string& content) { return content.empty() ? nullptr : content.c_str(); };
  switch (id) {
    case kLanguage:
      g_value_set_string(value, text(overrides.language));
      break;
    case kLabel:
      g_value_set_string(value, text(overrides.label));
      break;
    case kDefault:
      g_value_set_boolean(value, overrides.is_default);
      break;
    case kBitrate:
      g_value_set_uint(value, overrides.bitrate);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

void finalize(GObject* object) {
  std::destroy_at(&GST_ORIGIN_SINK_PAD(object)->stream);
  G_OBJECT_CLASS(gst_origin_sink_pad_parent_class)->finalize(object);
}

void install_properties(GObjectClass* object_class) {
  constexpr auto kFlags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_property(
      object_class, kLanguage,
      g_param_spec_string("language", "Language",
                          "Language as ISO 639-1, ISO 639-2 or BCP 47 (none = from the stream's tags)",
                          nullptr, kFlags));
  g_object_class_install_property(
      object_class, kLabel,
      g_param_spec_string("label", "Label", "Name that viewers choose by (none = from the stream's tags)",
                          nullptr, kFlags));
  g_object_class_install_property(
      object_class, kDefault,
      g_param_spec_boolean("default", "Default", "Played unless the viewer chooses another of its kind",
                           FALSE, kFlags));
  g_object_class_install_property(
      object_class, kBitrate,
      g_param_spec_uint("bitrate", "Bitrate",
                        "Peak bitrate that is declared, in bits per second (0 = measured)", 0, G_MAXUINT, 0,
                        kFlags));
}

}  // namespace

static void gst_origin_sink_pad_class_init(GstOriginSinkPadClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties(object_class);
}

static void gst_origin_sink_pad_init(GstOriginSinkPad* self) {
  std::construct_at(&self->stream);
}

GstPad* gst_origin_sink_pad_new(GstPadTemplate* templ, const char* name, gst::Publisher& publisher) {
  auto* self = static_cast<GstOriginSinkPad*>(g_object_new(
      GST_TYPE_ORIGIN_SINK_PAD, "name", name, "direction", GST_PAD_SINK, "template", templ, nullptr));
  GstPad* pad = GST_PAD(self);
  self->stream = std::make_unique<gst::PadStream>(pad, publisher);
  gst_pad_set_event_function(pad, [](GstPad* to, GstObject* parent, GstEvent* event) -> gboolean {
    return stream_of(to).event(parent, event);
  });
  gst_pad_set_chain_function(pad, [](GstPad* to, GstObject* parent, GstBuffer* buffer) -> GstFlowReturn {
    return stream_of(to).chain(parent, buffer);
  });
  gst_pad_set_chain_list_function(pad,
                                  [](GstPad* to, GstObject* parent, GstBufferList* list) -> GstFlowReturn {
                                    return stream_of(to).chain_list(parent, list);
                                  });
  gst_pad_set_query_function(pad, [](GstPad* to, GstObject* parent, GstQuery* query) -> gboolean {
    return stream_of(to).query(parent, query);
  });
  g_signal_connect(pad, "linked", G_CALLBACK(+[](GstPad* to, GstPad*, gpointer) { stream_of(to).linked(); }),
                   nullptr);
  g_signal_connect(pad, "unlinked",
                   G_CALLBACK(+[](GstPad* from, GstPad*, gpointer) { stream_of(from).unlinked(); }), nullptr);
  return pad;
}

gst::PadStream& gst_origin_sink_pad_get_stream(GstOriginSinkPad* self) {
  return *self->stream;
}
