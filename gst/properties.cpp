// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/properties.hpp"

namespace gst {

namespace {

enum PropertyId : guint {
  kPresentation = 1,
  kHost,
  kPort,
  kCurrentPort,
  kLocation,
  kApiKey,
  kOrigin,
  kMemoryLimit,
  kPlaylistType,
  kSegmentDuration,
  kPartDuration,
  kTargetDuration,
  kWindow,
  kRetention,
  kLinger,
  kIdlePadTimeout,
  kSendKeyframeRequests,
  kSync,
  kQuiet,
};

constexpr guint64 kMinMemoryLimit = guint64{1} << 20;

constexpr auto kReadWrite = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
// The server listens from READY on, a presentation is open from PAUSED on.
constexpr GParamFlags kBeforeReady = kReadWrite;
constexpr auto kBeforeStart = static_cast<GParamFlags>(kReadWrite | GST_PARAM_MUTABLE_READY);

GType sync_type() {
  static const GType type = [] {
    static const GEnumValue values[] = {
        {static_cast<gint>(Sync::kAuto), "Only non-live sources of a live presentation", "auto"},
        {static_cast<gint>(Sync::kTrue), "Every source waits for the clock", "true"},
        {static_cast<gint>(Sync::kFalse), "As fast as data comes", "false"},
        {0, nullptr, nullptr}};
    const GType registered = g_enum_register_static("GstOriginSinkSync", values);
    gst_type_mark_as_plugin_api(registered, static_cast<GstPluginAPIFlags>(0));
    return registered;
  }();
  return type;
}

void install_server_properties(GObjectClass* c, const Settings& defaults) {
  g_object_class_install_property(c, kPresentation,
                                  g_param_spec_string("presentation", "Presentation",
                                                      "Name of the presentation, the first part of its URL",
                                                      defaults.presentation.c_str(), kBeforeStart));
  g_object_class_install_property(
      c, kHost,
      g_param_spec_string(
          "host", "Host",
          "Address to listen on: an IPv4 or IPv6 address or localhost; 0.0.0.0 or :: for all interfaces",
          defaults.host.c_str(), kBeforeReady));
  g_object_class_install_property(
      c, kPort,
      g_param_spec_uint(
          "port", "Port",
          "TCP port to listen on (0 = any that is free, see current-port). Elements with the same "
          "host and port share one origin",
          0, 65535, defaults.port, kBeforeReady));
  g_object_class_install_property(
      c, kCurrentPort,
      g_param_spec_uint("current-port", "Current port", "TCP port that is listened on (0 = not listening)", 0,
                        65535, 0, static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
  g_object_class_install_property(
      c, kLocation,
      g_param_spec_string("location", "Location",
                          "Server to publish the presentation on, such as http://origin:8080, instead of "
                          "serving it; host and port do not count then",
                          defaults.location.c_str(), kBeforeReady));
  g_object_class_install_property(
      c, kApiKey,
      g_param_spec_string("api-key", "API key", "Key that may publish at location", nullptr,
                          static_cast<GParamFlags>(G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS)));
  g_object_class_install_property(
      c, kOrigin,
      g_param_spec_object("origin", "Origin", "OriginServer to publish on, instead of one at host and port",
                          ORIGIN_TYPE_SERVER, kBeforeReady));
  g_object_class_install_property(
      c, kMemoryLimit,
      g_param_spec_uint64(
          "memory-limit", "Memory limit",
          "Most memory that the origin keeps media in, in bytes; of several elements that share an "
          "origin, the first one's counts",
          kMinMemoryLimit, G_MAXUINT64, defaults.memory_limit, kBeforeReady));
  g_object_class_install_property(
      c, kQuiet,
      g_param_spec_boolean("quiet", "Quiet", "Do not print where the origin listens", defaults.quiet,
                           kBeforeStart));
}

void install_timing_properties(GObjectClass* c, const Settings& defaults) {
  g_object_class_install_property(
      c, kPlaylistType,
      g_param_spec_enum(
          "playlist-type", "Playlist type",
          "live (a sliding window), event (everything since the start) or vod (offered when complete)",
          ORIGIN_TYPE_PLAYLIST_TYPE, defaults.playlist_type, kBeforeStart));
  g_object_class_install_property(
      c, kSegmentDuration,
      g_param_spec_uint64(
          "segment-duration", "Segment duration",
          "Nanoseconds, from 100 ms to 60 s; segments start at multiples of it, at the next keyframe", 1,
          G_MAXINT64, defaults.segment_duration, kBeforeStart));
  g_object_class_install_property(
      c, kPartDuration,
      g_param_spec_uint64(
          "part-duration", "Part duration",
          "Longest Low-Latency HLS part in nanoseconds (0 = no parts). Unless it is set, at most "
          "segment-duration",
          0, G_MAXINT64, kDefaultPartDuration, kBeforeStart));
  g_object_class_install_property(
      c, kTargetDuration,
      g_param_spec_uint(
          "target-duration", "Target duration",
          "Longest segment that is promised to players, in seconds (0 = derived from segment-duration "
          "and the distance of keyframes)",
          0, 3600, defaults.target_duration, kBeforeStart));
  g_object_class_install_property(
      c, kWindow,
      g_param_spec_uint64(
          "window", "Window",
          "How far back viewers can seek in a live presentation, in nanoseconds (0 = everything)", 0,
          G_MAXINT64, defaults.window, kBeforeStart));
  g_object_class_install_property(
      c, kSync,
      g_param_spec_enum(
          "sync", "Sync",
          "Whether data waits for the clock (auto = only from non-live sources of a live presentation)",
          sync_type(), static_cast<gint>(defaults.sync), kBeforeStart));
  g_object_class_install_property(
      c, kSendKeyframeRequests,
      g_param_spec_boolean("send-keyframe-requests", "Send keyframe requests",
                           "Ask encoders for keyframes where segments are to start",
                           defaults.send_keyframe_requests, kBeforeStart));
}

void install_end_properties(GObjectClass* c, const Settings& defaults) {
  g_object_class_install_property(
      c, kRetention,
      g_param_spec_int64(
          "retention", "Retention",
          "How long the origin serves the presentation after its end, if something else keeps the "
          "origin alive, in nanoseconds (-1 = forever)",
          -1, G_MAXINT64, defaults.retention, kBeforeStart));
  g_object_class_install_property(
      c, kLinger,
      g_param_spec_int64(
          "linger", "Linger",
          "How long the origin still serves after end of stream before the element posts EOS, in "
          "nanoseconds (-1 = until stopped)",
          -1, G_MAXINT64, defaults.linger, kBeforeStart));
  g_object_class_install_property(
      c, kIdlePadTimeout,
      g_param_spec_uint64(
          "idle-pad-timeout", "Idle pad timeout",
          "How long after the first data of others a pad that never got any may still hold up "
          "their end of stream, in nanoseconds",
          0, G_MAXINT64, defaults.idle_pad_timeout, kBeforeStart));
}

void assign(std::string& text, const GValue* value) {
  const char* content = g_value_get_string(value);
  text = content ? content : "";
}

}  // namespace

void install_properties(GObjectClass* object_class) {
  const Settings defaults;
  install_server_properties(object_class, defaults);
  install_timing_properties(object_class, defaults);
  install_end_properties(object_class, defaults);
}

std::string problem_of(const Settings& settings) {
  // Who gives less than this mistook the unit.
  constexpr gint64 kLeast = GST_MSECOND;
  const auto problem = [](const char* name, gint64 value, const char* instead) {
    return std::string(name) + " of " + std::to_string(value) + " ns is out of range; it takes " + instead +
           " or at least 1 ms";
  };
  if (settings.linger > 0 && settings.linger < kLeast) {
    return problem("linger", settings.linger, "-1 (until stopped), 0");
  }
  const auto timeout = static_cast<gint64>(settings.idle_pad_timeout);
  if (timeout > 0 && timeout < kLeast) return problem("idle-pad-timeout", timeout, "0");
  return {};
}

bool set_property(Settings& s, guint id, const GValue* value) {
  switch (id) {
    case kPresentation:
      assign(s.presentation, value);
      return true;
    case kHost:
      assign(s.host, value);
      return true;
    case kPort:
      s.port = g_value_get_uint(value);
      return true;
    case kLocation:
      assign(s.location, value);
      return true;
    case kApiKey:
      assign(s.api_key, value);
      return true;
    case kOrigin:
      s.origin = origin::Ref<OriginServer>::adopt(static_cast<OriginServer*>(g_value_dup_object(value)));
      return true;
    case kMemoryLimit:
      s.memory_limit = g_value_get_uint64(value);
      return true;
    case kPlaylistType:
      s.playlist_type = static_cast<OriginPlaylistType>(g_value_get_enum(value));
      return true;
    case kSegmentDuration:
      s.segment_duration = g_value_get_uint64(value);
      return true;
    case kPartDuration:
      s.part_duration = g_value_get_uint64(value);
      return true;
    case kTargetDuration:
      s.target_duration = g_value_get_uint(value);
      return true;
    case kWindow:
      s.window = g_value_get_uint64(value);
      return true;
    case kRetention:
      s.retention = g_value_get_int64(value);
      return true;
    case kLinger:
      s.linger = g_value_get_int64(value);
      return true;
    case kIdlePadTimeout:
      s.idle_pad_timeout = g_value_get_uint64(value);
      return true;
    case kSendKeyframeRequests:
      s.send_keyframe_requests = g_value_get_boolean(value);
      return true;
    case kSync:
      s.sync = static_cast<Sync>(g_value_get_enum(value));
      return true;
    case kQuiet:
      s.quiet = g_value_get_boolean(value);
      return true;
    default:
      return false;
  }
}

bool get_property(const Settings& s, guint current_port, guint id, GValue* value) {
  switch (id) {
    case kPresentation:
      g_value_set_string(value, s.presentation.c_str());
      return true;
    case kHost:
      g_value_set_string(value, s.host.c_str());
      return true;
    case kPort:
      g_value_set_uint(value, s.port);
      return true;
    case kCurrentPort:
      g_value_set_uint(value, current_port);
      return true;
    case kLocation:
      g_value_set_string(value, s.location.c_str());
      return true;
    case kOrigin:
      g_value_set_object(value, s.origin.get());
      return true;
    case kMemoryLimit:
      g_value_set_uint64(value, s.memory_limit);
      return true;
    case kPlaylistType:
      g_value_set_enum(value, s.playlist_type);
      return true;
    case kSegmentDuration:
      g_value_set_uint64(value, s.segment_duration);
      return true;
    case kPartDuration:
      g_value_set_uint64(value, s.effective_part_duration());
      return true;
    case kTargetDuration:
      g_value_set_uint(value, s.target_duration);
      return true;
    case kWindow:
      g_value_set_uint64(value, s.window);
      return true;
    case kRetention:
      g_value_set_int64(value, s.retention);
      return true;
    case kLinger:
      g_value_set_int64(value, s.linger);
      return true;
    case kIdlePadTimeout:
      g_value_set_uint64(value, s.idle_pad_timeout);
      return true;
    case kSendKeyframeRequests:
      g_value_set_boolean(value, s.send_keyframe_requests);
      return true;
    case kSync:
      g_value_set_enum(value, static_cast<gint>(s.sync));
      return true;
    case kQuiet:
      g_value_set_boolean(value, s.quiet);
      return true;
    default:
      return false;
  }
}

}  // namespace gst
