// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/multivariant_playlist.hpp"

#include <algorithm>
#include <cstdio>

namespace origin::timeline {

namespace {

// Audio tracks of one codec: what can be switched without a new decoder.
struct AudioGroup {
  std::string id;
  std::string codecs;
  std::vector<const TrackInfo*> tracks;
  uint64_t peak = 0;  // of its most expensive track: a player may pick any
  uint64_t average = 0;
};

// A quoted-string may hold neither quotes nor line breaks (RFC 8216bis 4.2).
std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"') {
      text += '\'';
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      text += c;
    }
  }
  return text + '"';
}

std::vector<AudioGroup> audio_groups(std::span<const TrackInfo> tracks) {
  std::vector<AudioGroup> groups;
  for (const TrackInfo& track : tracks) {
    if (track.kind != media::Kind::kAudio) continue;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const AudioGroup& candidate) { return candidate.codecs == track.codecs; });
    if (group == groups.end()) {
      groups.push_back({"audio" + std::to_string(groups.size()), track.codecs, {}, 0, 0});
      group = groups.end() - 1;
    }
    group->tracks.push_back(&track);
    group->peak = std::max(group->peak, track.peak_bandwidth);
    group->average = std::max(group->average, track.average_bandwidth);
  }
  return groups;
}

std::string wanted_name(const TrackInfo& track) {
  return !track.label.empty() ? track.label : !track.language.empty() ? track.language : "Audio";
}

// NAME must differ within a group, and be the same for the same rendition in another group (RFC 8216bis
// 4.4.6.1.1): those of one name are numbered in their order.
std::string rendition_name(const AudioGroup& group, const TrackInfo& track) {
  const std::string name = wanted_name(track);
  size_t same = 0, number = 0;
  for (const TrackInfo* other : group.tracks) {
    if (wanted_name(*other) != name) continue;
    ++same;
    if (other == &track) number = same;
  }
  return same > 1 ? name + " (" + std::to_string(number) + ")" : name;
}

// The name of the first that was chosen, which is the default of each group that has it; empty if none was.
std::string default_name(std::span<const AudioGroup> groups) {
  for (const AudioGroup& group : groups) {
    for (const TrackInfo* track : group.tracks) {
      if (track->is_default) return rendition_name(group, *track);
    }
  }
  return {};
}

const TrackInfo* default_track(const AudioGroup& group, const std::string& name) {
  const auto chosen = std::ranges::find_if(
      group.tracks, [&](const TrackInfo* track) { return rendition_name(group, *track) == name; });
  return chosen == group.tracks.end() ? group.tracks.front() : *chosen;
}

void append_renditions(std::string& text, const AudioGroup& group, const std::string& default_name) {
  const TrackInfo* chosen = default_track(group, default_name);
  for (const TrackInfo* track : group.tracks) {
    text += "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=" + quoted(group.id) +
            ",NAME=" + quoted(rendition_name(group, *track));
    if (!track->language.empty()) text += ",LANGUAGE=" + quoted(track->language);
    text += track == chosen ? ",DEFAULT=YES" : ",DEFAULT=NO";
    text += ",AUTOSELECT=YES";
    if (track->audio.channels) text += ",CHANNELS=" + quoted(std::to_string(track->audio.channels));
    text += ",URI=" + quoted(track->uri) + "\n";
  }
}

std::string frame_rate(media::Rational rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", static_cast<double>(rate.num) / rate.den);
  return text;
}

// RFC 8216bis 4.4.6.2: of one variant only if of all.
bool without_captions(std::span<const TrackInfo> tracks) {
  return std::ranges::none_of(tracks, [](const TrackInfo& track) { return track.has_captions; });
}

void append_variant(std::string& text, const TrackInfo& track, const AudioGroup* group, bool no_captions) {
  const bool video = track.kind == media::Kind::kVideo;
  const uint64_t peak = (video ? track.peak_bandwidth : 0) + (group ? group->peak : 0);
  const uint64_t average = (video ? track.average_bandwidth : 0) + (group ? group->average : 0);
  std::string codecs = track.codecs;
  if (video && group) codecs += "," + group->codecs;

  text += "#EXT-X-STREAM-INF:BANDWIDTH=" + std::to_string(peak) +
          ",AVERAGE-BANDWIDTH=" + std::to_string(average) + ",CODECS=" + quoted(codecs);
  if (video) {
    text += ",RESOLUTION=" + std::to_string(track.video.width) + "x" + std::to_string(track.video.height);
    if (track.video.frame_rate.num) text += ",FRAME-RATE=" + frame_rate(track.video.frame_rate);
    text += ",VIDEO-RANGE=" + track.video_range;
    if (no_captions) text += ",CLOSED-CAPTIONS=NONE";
  }
  if (group) text += ",AUDIO=" + quoted(group->id);
  text += "\n" + track.uri + "\n";
}

}  // namespace

std::string render_multivariant_playlist(std::span<const TrackInfo> tracks) {
  std::string text = "#EXTM3U\n#EXT-X-VERSION:6\n";
  if (std::all_of(tracks.begin(), tracks.end(), [](const TrackInfo& t) { return t.independent_segments; })) {
    text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  }
  const std::vector<AudioGroup> groups = audio_groups(tracks);
  const std::string chosen = default_name(groups);
  for (const AudioGroup& group : groups) append_renditions(text, group, chosen);

  std::vector<const TrackInfo*> videos;
  for (const TrackInfo& track : tracks) {
    if (track.kind == media::Kind::kVideo) videos.push_back(&track);
  }
  // Best first, as players start with the first variant where they know no better.
  std::stable_sort(videos.begin(), videos.end(), [](const TrackInfo* a, const TrackInfo* b) {
    return a->peak_bandwidth > b->peak_bandwidth;
  });
  const bool no_captions = without_captions(tracks);
  for (const TrackInfo* video : videos) {
    if (groups.empty()) append_variant(text, *video, nullptr, no_captions);
    for (const AudioGroup& group : groups) append_variant(text, *video, &group, no_captions);
  }
  if (videos.empty()) {
    for (const AudioGroup& group : groups)
      append_variant(text, *default_track(group, chosen), &group, no_captions);
  }
  return text;
}

}  // namespace origin::timeline
