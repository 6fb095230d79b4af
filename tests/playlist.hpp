// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads HLS playlists, for tests: written from RFC 8216bis, sharing no code with the renderer. Throws
// std::runtime_error for what a client must refuse.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tests {

using Attributes = std::map<std::string, std::string>;  // quoted strings without their quotes

struct ListedSegment {
  uint64_t sequence = 0;
  uint64_t discontinuity_sequence = 0;
  std::string uri;
  std::string map_uri;
  double duration = 0;
  std::optional<double> date;  // seconds since 1970
  bool gap = false;
  int discontinuities = 0;  // tags right before it
};

struct MediaPlaylist {
  int version = 1;
  int target_duration = 0;
  uint64_t media_sequence = 0;
  uint64_t discontinuity_sequence = 0;
  std::string type;
  bool independent_segments = false;
  bool ended = false;
  std::vector<ListedSegment> segments;

  double duration() const;
};

struct Variant {
  Attributes attributes;
  std::string uri;
};

struct MultivariantPlaylist {
  std::vector<Attributes> media;
  std::vector<Variant> variants;
};

MediaPlaylist parse_media_playlist(const std::string& text);
MultivariantPlaylist parse_multivariant_playlist(const std::string& text);

// What must hold of any version of a media playlist; throws naming what does not.
void check_media_playlist(const MediaPlaylist& playlist);
// What must hold from one version to the next. `short_of_memory`: the window may be cut to less than players
// need.
void check_successor(const MediaPlaylist& before, const MediaPlaylist& after, bool short_of_memory = false);

}  // namespace tests
