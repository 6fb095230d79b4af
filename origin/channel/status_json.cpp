// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/status_json.hpp"

#include "origin/base/json.hpp"

namespace origin::channel {

const char* name_of(State state) {
  switch (state) {
    case State::kStarting:
      return "starting";
    case State::kLive:
      return "live";
    case State::kEnded:
      return "ended";
    case State::kStopped:
      return "stopped";
    case State::kRemoved:
      return "removed";
  }
  return "";
}

namespace {

void write_track(JsonDocument& json, const TrackStatus& track, bool has_dates) {
  const timeline::TrackInfo& info = track.info;
  const media::Rational rate = info.video.frame_rate;
  json.begin_element()
      .add("name", info.name)
      .add("kind", track.codec.empty()                ? ""
                   : info.kind == media::Kind::kVideo ? "video"
                                                      : "audio")
      .add("codec", track.codec)
      .add("codecs", info.codecs)
      .add("width", info.video.width)
      .add("height", info.video.height)
      .add("frame_rate", rate.den ? static_cast<double>(rate.num) / rate.den : 0.0)
      .add("sample_rate", info.audio.sample_rate)
      .add("channels", info.audio.channels)
      .add("language", info.language)
      .add("label", info.label)
      .add("default", info.is_default)
      .add("state", !track.active    ? "stopped"
                    : track.ended    ? "ended"
                    : track.late     ? "late"
                    : track.has_data ? "live"
                                     : "waiting")
      .add("bandwidth", info.peak_bandwidth)
      .add("average_bandwidth", info.average_bandwidth)
      .add("segments", track.segments)
      .add("first_sequence", track.first_sequence)
      .add("last_sequence", track.last_sequence)
      .add("discontinuities", track.discontinuities)
      .add("gaps", track.gaps)
      .add("parts", track.parts)
      .add("dropped", track.dropped)
      .add("bytes", track.bytes);
  if (has_dates) json.add("live_edge", format_rfc3339(UtcTime(track.live_edge)));
  json.end();
}

void write_presentation(JsonDocument& json, const Presentation& presentation) {
  const Options& options = presentation.options();
  const PresentationStatus status = presentation.status();
  uint64_t bytes = 0;
  for (const TrackStatus& track : status.tracks) bytes += track.bytes;
  json.add("name", options.name)
      .add("state", name_of(status.state))
      .add("type", std::string(channel::name_of(options.type)))
      .add("uri", "/" + options.name + "/")
      .add("hls", "/" + options.name + "/index.m3u8")
      .add("started", format_rfc3339(status.started))
      .add("segment_duration", to_seconds(options.segment_duration))
      .add("part_duration", to_seconds(options.part_duration))
      .add("target_duration", status.target_duration)
      .add("window", to_seconds(options.window))
      .add("bytes", bytes)
      .begin_array("warnings");
  for (const std::string& warning : status.warnings) json.add_element(warning);
  json.end_array().begin_array("tracks");
  for (const TrackStatus& track : status.tracks) write_track(json, track, options.wall_clock);
  json.end_array();
}

}  // namespace

std::string presentations_json(const std::vector<std::shared_ptr<Presentation>>& presentations) {
  JsonDocument json;
  json.begin_array("presentations");
  for (const auto& presentation : presentations) {
    json.begin_element();
    write_presentation(json, *presentation);
    json.end();
  }
  return json.end_array().text();
}

std::string presentation_json(const Presentation& presentation) {
  JsonDocument json;
  write_presentation(json, presentation);
  return json.text();
}

}  // namespace origin::channel
