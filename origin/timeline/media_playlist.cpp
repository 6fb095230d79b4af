// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/media_playlist.hpp"

#include <cstdio>

namespace origin::timeline {

namespace {

// Seconds with microseconds: 2.000000. Rounded on its own; the error does not add up, since dates are given
// as well.
void append_seconds(std::string& text, Duration duration) {
  char number[32];
  const int64_t us = scale_round(duration.count(), 1, 1000);
  std::snprintf(number, sizeof number, "%lld.%06lld", static_cast<long long>(us / 1'000'000),
                static_cast<long long>(us % 1'000'000));
  text += number;
}

void append_map(std::string& text, const Segment& segment) {
  text += "#EXT-X-MAP:URI=\"" + segment.init_uri() + "\"\n";
}

std::string header(const MediaSnapshot& snapshot, const Segment* first) {
  std::string text =
      "#EXTM3U\n"
      // EXT-X-MAP in a playlist that is not I-frames only (RFC 8216bis 8).
      "#EXT-X-VERSION:6\n";
  text += "#EXT-X-TARGETDURATION:" + std::to_string(snapshot.target_duration) + "\n";
  if (snapshot.type == PlaylistType::kVod) text += "#EXT-X-PLAYLIST-TYPE:VOD\n";
  if (snapshot.type == PlaylistType::kEvent) text += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
  if (snapshot.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (first) text += "#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first->sequence) + "\n";
  if (const uint64_t sequence = snapshot.discontinuity_sequence()) {
    text += "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(sequence) + "\n";
  }
  // The first segment's own text names its map only where it differs from a predecessor that may have left.
  if (first && !first->init_uri().empty()) append_map(text, *first);
  return text;
}

}  // namespace

void append_segment_text(std::string& text, const Segment& segment, const Segment* previous, bool has_dates) {
  // One tag for each discontinuity of the presentation since the previous segment, so that the discontinuity
  // sequence numbers of all renditions agree.
  for (uint64_t epoch = previous ? previous->epoch : segment.epoch; epoch < segment.epoch; ++epoch) {
    text += "#EXT-X-DISCONTINUITY\n";
  }
  const bool new_map =
      previous && (previous->init_uri() != segment.init_uri() || previous->epoch != segment.epoch);
  if (new_map && !segment.init_uri().empty()) append_map(text, segment);
  if (has_dates) text += "#EXT-X-PROGRAM-DATE-TIME:" + format_rfc3339(UtcTime(segment.start)) + "\n";
  if (segment.gap) text += "#EXT-X-GAP\n";
  text += "#EXTINF:";
  append_seconds(text, segment.duration);
  text += ",\n" + segment.uri() + "\n";
}

Body render_media_playlist(const MediaSnapshot& snapshot) {
  Body body{Bytes()};
  const Segment* previous = snapshot.before.get();
  for (size_t i = 0; i < snapshot.blocks.size(); ++i) {
    const Block& block = *snapshot.blocks[i];
    const size_t skip = i == 0 ? block.offsets[snapshot.first_in_block] : 0;
    body.push_back(block.text.slice(skip, block.text.size() - skip));
    previous = block.segments.back().get();
  }
  std::string tail;
  for (const SegmentRef& segment : snapshot.tail) {
    append_segment_text(tail, *segment, previous, snapshot.has_dates);
    previous = segment.get();
  }
  if (snapshot.ended) tail += "#EXT-X-ENDLIST\n";
  body.push_back(Bytes::take(std::move(tail)));
  body.front() = Bytes::take(header(snapshot, snapshot.first()));
  return body;
}

}  // namespace origin::timeline
