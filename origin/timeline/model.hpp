// SPDX-License-Identifier: LGPL-2.1-or-later
// What a presentation is made of, as immutable values that HLS and DASH are rendered from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/time.hpp"
#include "origin/media/format.hpp"

namespace origin::timeline {

enum class PlaylistType : uint8_t { kLive, kEvent, kVod };

// What the names of consecutive segments have in common: kept once for all of them.
struct Stretch {
  std::string run;       // folder of the run's media
  std::string init_uri;  // the init segment they need; relative to the media playlist, like every URI here
};

struct Part {
  Duration duration{};
  uint64_t bytes = 0;
  bool independent = false;     // a decoder can begin within it
  bool self_contained = false;  // at its first frame
  bool gap = false;             // time without media of its own: the frame before it goes on
};

struct Segment {
  uint64_t sequence = 0;  // media sequence number
  std::shared_ptr<const Stretch> stretch;
  Duration start{};  // presentation time: UTC since 1970 on the grid, else since 0
  Duration duration{};
  uint64_t epoch = 0;  // discontinuities of the presentation before it
  uint64_t bytes = 0;
  bool gap = false;
  bool independent = true;  // its first part is self-contained
  std::vector<Part> parts;  // only while they may be listed (RFC 8216bis 6.2.2)

  std::string uri() const;
  std::string part_uri(size_t index) const;
  const std::string& init_uri() const { return stretch->init_uri; }
};

using SegmentRef = std::shared_ptr<const Segment>;

// Closed segments whose playlist text never changes any more, rendered once and shared by all versions after.
struct Block {
  std::vector<SegmentRef> segments;
  Bytes text;
  std::vector<uint32_t> offsets;  // where each segment's text begins
};

// Where another media playlist of the presentation stands.
struct RenditionReport {
  std::string uri;  // relative to the playlist that reports
  uint64_t last_sequence = 0;
  std::optional<uint64_t> last_part;
};

// What a playlist with parts says besides its segments.
struct LowLatency {
  Duration part_target{};
  Duration part_hold_back{};
  std::string hint_uri;       // of the part to come; empty: none will
  std::string hint_init_uri;  // of the init segment that it will be the first to need; empty: none
  std::vector<RenditionReport> reports;
};

// One version of a media playlist's content.
struct MediaSnapshot {
  PlaylistType type = PlaylistType::kLive;
  uint32_t target_duration = 0;  // seconds
  bool has_dates = false;        // presentation times are UTC
  bool ended = false;
  bool independent_segments = true;
  SegmentRef before;  // the last segment that left the window; null while all are there
  std::vector<std::shared_ptr<const Block>> blocks;  // oldest first
  size_t first_in_block = 0;                         // segments of the first block that have left the window
  std::vector<SegmentRef> tail;                      // closed segments after the blocks
  std::shared_ptr<const Segment> open;               // being written; null if none
  std::optional<LowLatency> low_latency;             // none: parts are not listed

  // Null if there is none.
  const Segment* first() const;
  const Segment* last() const;
  size_t size() const;
  // Counts the discontinuity tags that have left with their segments.
  uint64_t discontinuity_sequence() const;
};

using MediaSnapshotRef = std::shared_ptr<const MediaSnapshot>;

// What a multivariant playlist says of a track.
struct TrackInfo {
  std::string name;
  std::string uri;  // relative to the multivariant playlist
  media::Kind kind = media::Kind::kVideo;
  std::string codecs;  // RFC 6381
  std::string video_range;
  media::VideoFormat video;
  media::AudioFormat audio;
  std::string language;  // BCP 47; empty: unknown
  std::string label;
  bool is_default = false;
  bool has_captions = false;  // within the pictures
  bool independent_segments = true;
  uint64_t declared_bandwidth = 0;  // bit/s that the publisher said; 0: none
  uint64_t peak_bandwidth = 0;      // bit/s, as measured or declared, whichever is higher
  uint64_t average_bandwidth = 0;   // bit/s

  bool operator==(const TrackInfo&) const = default;
};

}  // namespace origin::timeline
