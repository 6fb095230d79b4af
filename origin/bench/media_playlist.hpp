// SPDX-License-Identifier: LGPL-2.1-or-later
// What a client has to know of a media playlist to follow its live edge (RFC 8216bis). Any thread; a playlist
// does not change once it has been read.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "origin/base/result.hpp"
#include "origin/base/time.hpp"

namespace origin::bench {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
};

struct Resource {
  std::string uri;
  std::optional<ByteRange> range;

  bool is_set() const { return !uri.empty(); }
};

struct Part {
  Resource resource;
  Duration duration{0};
  bool gap = false;
};

struct Segment {
  uint64_t sequence = 0;
  Resource resource;  // not set while the segment is being written
  Duration duration{0};
  bool gap = false;
  std::optional<UtcTime> start;
  std::vector<Part> parts;

  bool is_whole() const { return resource.is_set(); }
  // By the time line: of the part, and of all that is listed of the segment.
  std::optional<UtcTime> end_of_part(size_t part) const;
  std::optional<UtcTime> end() const;
};

// Of a part; also of what comes next.
struct Position {
  uint64_t sequence = 0;
  size_t part = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

struct MediaPlaylist {
  Duration target_duration{0};
  Duration part_target{0};  // 0: has no parts
  bool can_block = false;
  bool can_skip = false;
  bool ended = false;
  uint64_t media_sequence = 0;
  uint64_t skipped = 0;
  std::vector<Segment> segments;
  std::optional<Resource> hint;  // of a part whose place in its file is known

  bool has_parts() const { return part_target > Duration(0); }
  // Behind all that is listed.
  Position edge() const;
  // On the time line.
  std::optional<UtcTime> end() const;
  // Null if it is not listed.
  const Segment* find(uint64_t sequence) const;
  // Those listed with this number and later ones.
  std::span<const Segment> from(uint64_t sequence) const;
  // Whether a blocking reload for this part may be answered with this playlist (RFC 8216bis 6.2.5.2): it, a
  // later one, or where its segment has fewer parts, the first one of the next.
  bool has(Position position) const;
  // Whether the segment is listed whole, or a later one.
  bool has_whole(uint64_t sequence) const;
  // Dates segments that have no date by those that an earlier version had: in a delta update the tag may be
  // among what was skipped.
  void date_from(const MediaPlaylist& earlier);
};

Result<MediaPlaylist> parse_media_playlist(std::string_view text);

}  // namespace origin::bench
