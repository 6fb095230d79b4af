// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/media_playlist.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace origin::timeline {

namespace {

// Target durations that a client has to have seen before it may ask to skip (RFC 8216bis 4.4.3.8:
// CAN-SKIP-UNTIL).
constexpr int kSkipTargets = 6;

// Seconds with microseconds: 2.000000.
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

std::string seconds(Duration duration) {
  std::string text;
  append_seconds(text, duration);
  return text;
}

// How long what begins at `start` lasts on a time line of whole microseconds: what is listed adds up to where
// it ends. Players go by the sums; where a segment and its parts disagreed about its end, hls.js found
// nothing there.
std::string length(Duration start, Duration duration) {
  const auto rounded = [](Duration time) { return std::chrono::round<std::chrono::microseconds>(time); };
  return seconds(rounded(start + duration) - rounded(start));
}

// Never below what a part's duration is listed as.
Duration rounded_up(Duration duration) {
  return std::chrono::ceil<std::chrono::microseconds>(duration);
}

void append_server_control(std::string& text, const LowLatency& low_latency, uint32_t target_duration) {
  const Duration target = std::chrono::seconds(target_duration);
  text += "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=" + seconds(kSkipTargets * target) +
          ",CAN-SKIP-DATERANGES=YES,HOLD-BACK=" + seconds(3 * target) +
          ",PART-HOLD-BACK=" + seconds(rounded_up(low_latency.part_hold_back)) + "\n";
  text += "#EXT-X-PART-INF:PART-TARGET=" + seconds(rounded_up(low_latency.part_target)) + "\n";
}

std::string header(const MediaSnapshot& snapshot, int version) {
  const Segment* first = snapshot.first();
  std::string text = "#EXTM3U\n#EXT-X-VERSION:" + std::to_string(version) + "\n";
  text += "#EXT-X-TARGETDURATION:" + std::to_string(snapshot.target_duration) + "\n";
  if (snapshot.low_latency) append_server_control(text, *snapshot.low_latency, snapshot.target_duration);
  if (snapshot.type == PlaylistType::kVod) text += "#EXT-X-PLAYLIST-TYPE:VOD\n";
  if (snapshot.type == PlaylistType::kEvent) text += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
  if (snapshot.independent_segments) text += "#EXT-X-INDEPENDENT-SEGMENTS\n";
  if (first) text += "#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first->sequence) + "\n";
  if (const uint64_t sequence = snapshot.discontinuity_sequence()) {
    text += "#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(sequence) + "\n";
  }
  return text;
}

// What comes before a segment's first part (RFC 8216bis 4.4.4.9).
void append_segment_tags(std::string& text, const Segment& segment, const Segment* previous, bool has_dates) {
  // One tag for each discontinuity of the presentation since the previous segment, so that the discontinuity
  // sequence numbers of all renditions agree.
  for (uint64_t epoch = previous ? previous->epoch : segment.epoch; epoch < segment.epoch; ++epoch) {
    text += "#EXT-X-DISCONTINUITY\n";
  }
  const bool new_map =
      previous && (previous->init_uri() != segment.init_uri() || previous->epoch != segment.epoch);
  if (new_map && !segment.init_uri().empty()) append_map(text, segment);
  if (has_dates) text += "#EXT-X-PROGRAM-DATE-TIME:" + format_rfc3339(UtcTime(segment.start)) + "\n";
}

void append_parts(std::string& text, const Segment& segment) {
  Duration start = segment.start;
  for (size_t i = 0; i < segment.parts.size(); ++i) {
    const Part& part = segment.parts[i];
    text += "#EXT-X-PART:DURATION=" + length(start, part.duration) + ",URI=\"" + segment.part_uri(i) + '"';
    if (part.independent) text += ",INDEPENDENT=YES";
    if (part.gap) text += ",GAP=YES";
    text += '\n';
    start += part.duration;
  }
}

void append_segment_end(std::string& text, const Segment& segment) {
  if (segment.gap) text += "#EXT-X-GAP\n";
  text += "#EXTINF:" + length(segment.start, segment.duration) + ",\n" + segment.uri() + "\n";
}

void append_hints(std::string& text, const LowLatency& low_latency) {
  if (!low_latency.hint_init_uri.empty()) {
    text += "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"" + low_latency.hint_init_uri + "\"\n";
  }
  if (!low_latency.hint_uri.empty()) {
    text += "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"" + low_latency.hint_uri + "\"\n";
  }
  for (const RenditionReport& report : low_latency.reports) {
    text +=
        "#EXT-X-RENDITION-REPORT:URI=\"" + report.uri + "\",LAST-MSN=" + std::to_string(report.last_sequence);
    if (report.last_part) text += ",LAST-PART=" + std::to_string(*report.last_part);
    text += '\n';
  }
}

// The segments of the tail from `skip` on, the one that is being written, and what follows them.
std::string tail_text(const MediaSnapshot& snapshot, size_t skip, const Segment* previous) {
  std::string text;
  for (size_t i = skip; i < snapshot.tail.size(); ++i) {
    const Segment& segment = *snapshot.tail[i];
    append_segment_tags(text, segment, previous, snapshot.has_dates);
    if (snapshot.low_latency) append_parts(text, segment);
    append_segment_end(text, segment);
    previous = &segment;
  }
  if (snapshot.ended) return text + "#EXT-X-ENDLIST\n";
  if (!snapshot.low_latency) return text;
  if (snapshot.open && !snapshot.open->parts.empty()) {
    append_segment_tags(text, *snapshot.open, previous, snapshot.has_dates);
    append_parts(text, *snapshot.open);
  }
  append_hints(text, *snapshot.low_latency);
  return text;
}

// All that is listed but the first `skip` segments. The text of old segments is a slice of what all versions
// share.
void append_listed(Body& body, const MediaSnapshot& snapshot, size_t skip) {
  const Segment* previous = snapshot.before.get();
  size_t left_out = snapshot.first_in_block + skip;
  for (const auto& block : snapshot.blocks) {
    previous = block->segments.back().get();
    if (left_out >= block->segments.size()) {
      left_out -= block->segments.size();
      continue;
    }
    const size_t from = block->offsets[std::exchange(left_out, 0)];
    body.push_back(block->text.slice(from, block->text.size() - from));
  }
  if (left_out > 0) previous = snapshot.tail[left_out - 1].get();
  body.push_back(Bytes::take(tail_text(snapshot, left_out, previous)));
}

// How many segments end further back than the skip boundary, seen from the end of the last whole segment.
size_t skippable(const MediaSnapshot& snapshot) {
  const Duration boundary = kSkipTargets * std::chrono::seconds(snapshot.target_duration);
  Duration behind{};
  size_t kept = 0;
  const auto keeps = [&](const SegmentRef& segment) {
    if (behind >= boundary) return false;
    behind += segment->duration;
    ++kept;
    return true;
  };
  const bool beyond_tail = std::all_of(snapshot.tail.rbegin(), snapshot.tail.rend(), keeps);
  for (auto block = snapshot.blocks.rbegin(); beyond_tail && block != snapshot.blocks.rend(); ++block) {
    if (!std::all_of((*block)->segments.rbegin(), (*block)->segments.rend(), keeps)) break;
  }
  return snapshot.size() - std::min(kept, snapshot.size());
}

}  // namespace

void append_segment_text(std::string& text, const Segment& segment, const Segment* previous, bool has_dates) {
  append_segment_tags(text, segment, previous, has_dates);
  append_segment_end(text, segment);
}

Body render_media_playlist(const MediaSnapshot& snapshot) {
  // EXT-X-MAP in a playlist that is not I-frames only asks for version 6 (RFC 8216bis 8).
  std::string head = header(snapshot, 6);
  // The first segment's own text names its map only where it differs from a predecessor that may have left.
  const Segment* first = snapshot.first();
  if (first && !first->init_uri().empty()) append_map(head, *first);
  Body body{Bytes::take(std::move(head))};
  append_listed(body, snapshot, 0);
  return body;
}

std::optional<Body> render_delta(const MediaSnapshot& snapshot, Skip skip) {
  if (!snapshot.low_latency) return std::nullopt;
  const size_t skipped = skippable(snapshot);
  if (skipped == 0) return std::nullopt;
  const bool without_dates = skip == Skip::kSegmentsAndDateRanges;
  std::string head = header(snapshot, without_dates ? 10 : 9);
  head += "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(skipped);
  if (without_dates) head += ",RECENTLY-REMOVED-DATERANGES=\"\"";
  head += '\n';
  Body body{Bytes::take(std::move(head))};
  append_listed(body, snapshot, skipped);
  return body;
}

}  // namespace origin::timeline
