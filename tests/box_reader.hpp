// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads MP4 boxes, for tests: written from ISO/IEC 14496-12, sharing no code with the packager. Everything it
// returns points into the memory it was given. Throws std::runtime_error for what the standard does not
// allow. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

using Span = std::span<const uint8_t>;

struct Box {
  std::string type;
  size_t offset = 0;  // from the start of the file
  Span whole;
  Span content;  // behind size and type; of a FullBox with version and flags
  std::vector<Box> children;

  // REQUIRES: a FullBox.
  uint8_t version() const { return content[0]; }
  uint32_t flags() const { return uint32_t{content[1]} << 16 | uint32_t{content[2]} << 8 | content[3]; }
};

// All boxes of a file or segment, containers and sample entries with their children.
std::vector<Box> read_boxes(Span file);

// The first box on a path like "moov/trak/tkhd"; null if there is none.
const Box* find_box(const std::vector<Box>& boxes, std::string_view path);
// Ditto; throws if there is none.
const Box& get_box(const std::vector<Box>& boxes, std::string_view path);

// What an init segment with one track says.
struct Track {
  uint32_t id = 0;
  uint32_t timescale = 0;
  std::string language;
  std::string handler;  // "vide", "soun"
  double display_width = 0;
  double display_height = 0;
  std::string entry;        // type of the sample entry
  std::string config_type;  // first box in the sample entry: "avcC", "esds", …
  Span config;              // its content
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t channels = 0;
  uint32_t sample_size = 0;
  uint32_t sample_rate = 0;
  uint32_t default_duration = 0;  // trex
  uint32_t default_size = 0;
  uint32_t default_flags = 0;
};

Track read_track(Span init_segment);

struct MediaSample {
  int64_t dts = 0;
  int64_t pts = 0;
  uint32_t duration = 0;
  uint32_t flags = 0;
  size_t offset = 0;  // from the start of the segment
  Span data;

  bool sync() const { return (flags & 0x10000) == 0; }
};

// All samples of a segment's fragments, in decoding order. Throws if one does not lie within an mdat.
std::vector<MediaSample> read_samples(const Track& track, Span segment);

}  // namespace tests
