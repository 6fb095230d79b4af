// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/status_json.hpp"

#include <json-glib/json-glib.h>

namespace origin::channel {

namespace {

// Members of one JSON object after the other.
class Writer {
 public:
  Writer() : builder_(Ref<JsonBuilder>::adopt(json_builder_new())) {}

  Writer& begin() {
    json_builder_begin_object(builder_.get());
    return *this;
  }
  Writer& end() {
    json_builder_end_object(builder_.get());
    return *this;
  }
  Writer& begin_array(const char* name) {
    json_builder_set_member_name(builder_.get(), name);
    json_builder_begin_array(builder_.get());
    return *this;
  }
  Writer& end_array() {
    json_builder_end_array(builder_.get());
    return *this;
  }
  Writer& text(const std::string& value) {
    json_builder_add_string_value(builder_.get(), value.c_str());
    return *this;
  }
  Writer& member(const char* name, const std::string& value) {
    json_builder_set_member_name(builder_.get(), name);
    return text(value);
  }
  Writer& member(const char* name, double value) {
    json_builder_set_member_name(builder_.get(), name);
    json_builder_add_double_value(builder_.get(), value);
    return *this;
  }
  Writer& number(const char* name, uint64_t value) {
    json_builder_set_member_name(builder_.get(), name);
    json_builder_add_int_value(builder_.get(), static_cast<gint64>(value));
    return *this;
  }
  Writer& flag(const char* name, bool value) {
    json_builder_set_member_name(builder_.get(), name);
    json_builder_add_boolean_value(builder_.get(), value);
    return *this;
  }

  std::string str() {
    JsonNode* root = json_builder_get_root(builder_.get());
    const GCharPtr text(json_to_string(root, FALSE));
    json_node_unref(root);
    return std::string(text.get()) + "\n";
  }

 private:
  Ref<JsonBuilder> builder_;
};

const char* name_of(State state) {
  switch (state) {
    case State::kStarting: return "starting";
    case State::kLive: return "live";
    case State::kEnded: return "ended";
    case State::kStopped: return "stopped";
    case State::kRemoved: return "removed";
  }
  return "";
}

const char* name_of(timeline::PlaylistType type) {
  switch (type) {
    case timeline::PlaylistType::kLive: return "live";
    case timeline::PlaylistType::kEvent: return "event";
    case timeline::PlaylistType::kVod: return "vod";
  }
  return "";
}

void write_track(Writer& json, const TrackStatus& track, bool has_dates) {
  const timeline::TrackInfo& info = track.info;
  const media::Rational rate = info.video.frame_rate;
  json.begin()
      .member("name", info.name)
      .member("kind", std::string(info.kind == media::Kind::kVideo ? "video" : "audio"))
      .member("codec", track.codec)
      .member("codecs", info.codecs)
      .number("width", info.video.width)
      .number("height", info.video.height)
      .member("frame_rate", rate.den ? static_cast<double>(rate.num) / rate.den : 0.0)
      .number("sample_rate", info.audio.sample_rate)
      .number("channels", info.audio.channels)
      .member("language", info.language)
      .member("label", info.label)
      .flag("default", info.is_default)
      .member("state", std::string(track.ended ? "ended" : track.has_data ? "live" : "waiting"))
      .number("bandwidth", info.peak_bandwidth)
      .number("average_bandwidth", info.average_bandwidth)
      .number("segments", track.segments)
      .number("first_sequence", track.first_sequence)
      .number("last_sequence", track.last_sequence)
      .number("discontinuities", track.discontinuities)
      .number("gaps", track.gaps)
      .number("dropped", track.dropped)
      .number("bytes", track.bytes);
  if (has_dates) json.member("live_edge", format_rfc3339(UtcTime(track.live_edge)));
  json.end();
}

void write_presentation(Writer& json, const Presentation& presentation) {
  const Options& options = presentation.options();
  const PresentationStatus status = presentation.status();
  uint64_t bytes = 0;
  for (const TrackStatus& track : status.tracks) bytes += track.bytes;
  json.begin()
      .member("name", options.name)
      .member("state", std::string(name_of(status.state)))
      .member("type", std::string(name_of(options.type)))
      .member("uri", "/" + options.name + "/")
      .member("hls", "/" + options.name + "/index.m3u8")
      .member("started", format_rfc3339(status.started))
      .member("segment_duration", to_seconds(options.segment_duration))
      .member("part_duration", to_seconds(options.part_duration))
      .number("target_duration", status.target_duration)
      .member("window", to_seconds(options.window))
      .number("bytes", bytes)
      .begin_array("warnings");
  for (const std::string& warning : status.warnings) json.text(warning);
  json.end_array().begin_array("tracks");
  for (const TrackStatus& track : status.tracks) write_track(json, track, options.wall_clock);
  json.end_array().end();
}

}  // namespace

std::string presentations_json(const std::vector<std::shared_ptr<Presentation>>& presentations) {
  Writer json;
  json.begin().begin_array("presentations");
  for (const auto& presentation : presentations) write_presentation(json, *presentation);
  return json.end_array().end().str();
}

std::string presentation_json(const Presentation& presentation) {
  Writer json;
  write_presentation(json, presentation);
  return json.str();
}

}  // namespace origin::channel
