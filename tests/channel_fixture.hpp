// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of presentations in simulated time say over and over.
#pragma once

#include <algorithm>

#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"
#include "tests/simulation.hpp"

namespace tests {

inline Simulation::Settings settings(timeline::PlaylistType type = timeline::PlaylistType::kLive) {
  Simulation::Settings settings;
  settings.channel.type = type;
  settings.channel.wall_clock = type != timeline::PlaylistType::kVod;
  return settings;
}

inline SourceOptions video(const std::string& name = "video_0") {
  return {.name = name};
}
inline SourceOptions audio(const std::string& name = "audio_0") {
  return {.name = name, .video = false};
}

inline void run(Simulation& simulation, Duration until) {
  const Status status = simulation.run_until(until);
  ck_assert_msg(status.ok(), "%s", status.ok() ? "" : status.error().message.c_str());
}

// Number of the first segment that begins on the grid.
constexpr uint64_t kFirstNumber = 850'000'001;

inline void end_all(Simulation& simulation) {
  for (const auto& source : simulation.sources) source->end();
}

// All samples that the track's playlist lists, in order.
struct Listed {
  Track track;
  std::vector<MediaSample> samples;
  std::vector<std::string> files;  // what the samples point into
};

inline Listed read_all(const Simulation& simulation, const std::string& track) {
  Listed listed;
  const MediaPlaylist playlist = simulation.playlist(track);
  listed.files.reserve(playlist.segments.size() + 1);
  const auto load = [&](const std::string& uri) {
    listed.files.push_back(*simulation.get(track + "/" + uri));
    const ByteSpan span = as_bytes(listed.files.back());
    return Span(span.data(), span.size());
  };
  listed.track = read_track(load(playlist.segments.front().map_uri));
  for (const ListedSegment& segment : playlist.segments) {
    if (segment.gap) continue;
    const auto samples = read_samples(listed.track, load(segment.uri));
    listed.samples.insert(listed.samples.end(), samples.begin(), samples.end());
  }
  return listed;
}

inline void check_contiguous(const Listed& listed) {
  for (size_t i = 1; i < listed.samples.size(); ++i) {
    const MediaSample& before = listed.samples[i - 1];
    ck_assert_msg(before.dts + before.duration == listed.samples[i].dts, "sample %zu", i);
  }
}

inline bool warned(const Simulation& simulation, const std::string& of) {
  return std::any_of(simulation.warnings.begin(), simulation.warnings.end(),
                     [&](const std::string& warning) { return warning.find(of) != std::string::npos; });
}

}  // namespace tests
