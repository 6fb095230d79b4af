// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/media_playlist.hpp"

#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/bench/attribute_list.hpp"
#include "origin/bench/time_text.hpp"

namespace origin::bench {

namespace {

constexpr uint64_t kMaxSequence = uint64_t{1} << 62;

std::optional<UtcTime> later(std::optional<UtcTime> start, Duration duration) {
  return start ? std::optional(*start + duration) : std::nullopt;
}

class Reader {
 public:
  Result<MediaPlaylist> read(std::string_view text);

 private:
  void on_line(std::string_view line);
  void on_tag(std::string_view line);
  void on_server_control(std::string_view list);
  void on_part(std::string_view list);
  void on_hint(std::string_view list);
  void on_uri(std::string_view uri);
  Segment& current();
  void begin_segment();
  std::optional<ByteRange> byte_range(std::string_view text, const std::string& uri);

  uint64_t number(std::string_view text, const char* what);
  Duration seconds(std::string_view text, const char* what);
  std::string_view required(std::string_view list, const char* name);
  void fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
  }

  MediaPlaylist playlist_;
  bool is_open_ = false;       // the last segment has something but no URI yet
  bool has_duration_ = false;  // EXTINF of the open segment
  std::string_view range_;     // EXT-X-BYTERANGE of it
  std::optional<UtcTime> date_;
  // Where a byte range without an offset begins (RFC 8216bis 4.4.4.2).
  std::string ranged_uri_;
  uint64_t range_end_ = 0;
  std::string error_;
};

Result<MediaPlaylist> Reader::read(std::string_view text) {
  std::string_view line;
  if (!take_playlist_line(text, line) || line != "#EXTM3U") {
    return Error{ErrorCode::kInvalid, "the first line is not #EXTM3U"};
  }
  while (error_.empty() && take_playlist_line(text, line)) on_line(line);
  if (error_.empty() && playlist_.target_duration == Duration(0))
    fail("there is no EXT-X-TARGETDURATION above 0");
  if (error_.empty() && has_duration_) fail("the last EXTINF has no URI");
  // Tags of a segment that has nothing yet, like the date of the one after a hint.
  if (is_open_ && playlist_.segments.back().parts.empty()) playlist_.segments.pop_back();
  if (!error_.empty()) return Error{ErrorCode::kInvalid, error_};
  return std::move(playlist_);
}

void Reader::on_line(std::string_view line) {
  if (line.starts_with("#EXT")) return on_tag(line);
  if (!line.starts_with('#')) on_uri(line);
}

void Reader::on_tag(std::string_view line) {
  if (take_tag(line, "#EXTINF")) {
    current().duration = seconds(take_until(line, ','), "EXTINF");
    has_duration_ = true;
  } else if (take_tag(line, "#EXT-X-PART")) {
    on_part(line);
  } else if (take_tag(line, "#EXT-X-PROGRAM-DATE-TIME")) {
    date_ = parse_rfc3339(line);
    if (!date_) fail("EXT-X-PROGRAM-DATE-TIME of '" + std::string(line) + "'");
    if (is_open_) current().start = date_;
  } else if (take_tag(line, "#EXT-X-GAP")) {
    current().gap = true;
  } else if (take_tag(line, "#EXT-X-BYTERANGE")) {
    range_ = line;
  } else if (take_tag(line, "#EXT-X-DISCONTINUITY")) {
    date_.reset();
  } else if (take_tag(line, "#EXT-X-PRELOAD-HINT")) {
    on_hint(line);
  } else if (take_tag(line, "#EXT-X-TARGETDURATION")) {
    playlist_.target_duration = seconds(line, "EXT-X-TARGETDURATION");
  } else if (take_tag(line, "#EXT-X-PART-INF")) {
    playlist_.part_target = seconds(required(line, "PART-TARGET"), "PART-TARGET");
  } else if (take_tag(line, "#EXT-X-SERVER-CONTROL")) {
    on_server_control(line);
  } else if (take_tag(line, "#EXT-X-MEDIA-SEQUENCE")) {
    if (!playlist_.segments.empty()) fail("EXT-X-MEDIA-SEQUENCE behind a segment");
    playlist_.media_sequence = number(line, "EXT-X-MEDIA-SEQUENCE");
  } else if (take_tag(line, "#EXT-X-SKIP")) {
    if (!playlist_.segments.empty()) fail("EXT-X-SKIP behind a segment");
    playlist_.skipped = number(required(line, "SKIPPED-SEGMENTS"), "SKIPPED-SEGMENTS");
  } else if (take_tag(line, "#EXT-X-ENDLIST")) {
    playlist_.ended = true;
  } else if (line.starts_with("#EXT-X-STREAM-INF")) {
    fail("it is a multivariant playlist, not a media playlist");
  }
}

void Reader::on_server_control(std::string_view list) {
  playlist_.can_block = is_yes(list, "CAN-BLOCK-RELOAD");
  playlist_.can_skip = attribute(list, "CAN-SKIP-UNTIL").has_value();
}

void Reader::on_part(std::string_view list) {
  Part part;
  part.resource.uri = required(list, "URI");
  part.duration = seconds(required(list, "DURATION"), "DURATION");
  part.gap = is_yes(list, "GAP");
  if (const auto range = attribute(list, "BYTERANGE"))
    part.resource.range = byte_range(*range, part.resource.uri);
  current().parts.push_back(std::move(part));
}

// A range without an end would bring the rest of the segment: such a part is fetched once it is listed.
void Reader::on_hint(std::string_view list) {
  if (required(list, "TYPE") != "PART") return;
  Resource hint{std::string(required(list, "URI")), std::nullopt};
  const auto start = attribute(list, "BYTERANGE-START");
  const auto length = attribute(list, "BYTERANGE-LENGTH");
  if (start && !length) return;
  if (length)
    hint.range =
        ByteRange{start ? number(*start, "BYTERANGE-START") : 0, number(*length, "BYTERANGE-LENGTH")};
  playlist_.hint = std::move(hint);
}

void Reader::on_uri(std::string_view uri) {
  if (!has_duration_) return fail("the URI '" + std::string(uri) + "' has no EXTINF");
  Segment& segment = current();
  segment.resource.uri = uri;
  if (!range_.empty()) segment.resource.range = byte_range(range_, segment.resource.uri);
  date_ = later(segment.start, segment.duration);
  is_open_ = false;
  has_duration_ = false;
  range_ = {};
}

Segment& Reader::current() {
  if (!is_open_) begin_segment();
  return playlist_.segments.back();
}

void Reader::begin_segment() {
  Segment segment;
  segment.sequence = playlist_.media_sequence + playlist_.skipped + playlist_.segments.size();
  segment.start = date_;
  playlist_.segments.push_back(std::move(segment));
  is_open_ = true;
}

// "length@offset", or "length" behind the one before.
std::optional<ByteRange> Reader::byte_range(std::string_view text, const std::string& uri) {
  ByteRange range;
  range.length = number(take_until(text, '@'), "BYTERANGE");
  range.offset = !text.empty() ? number(text, "BYTERANGE") : uri == ranged_uri_ ? range_end_ : 0;
  ranged_uri_ = uri;
  range_end_ = range.offset + range.length;
  return range;
}

uint64_t Reader::number(std::string_view text, const char* what) {
  const std::optional<uint64_t> value = parse_number(text);
  if (!value || *value > kMaxSequence) fail(std::string(what) + " of '" + std::string(text) + "'");
  return std::min(value.value_or(0), kMaxSequence);
}

Duration Reader::seconds(std::string_view text, const char* what) {
  const std::optional<Duration> value = parse_seconds(text);
  if (!value) fail(std::string(what) + " of '" + std::string(text) + "'");
  return value.value_or(Duration(0));
}

std::string_view Reader::required(std::string_view list, const char* name) {
  const auto value = attribute(list, name);
  if (!value || value->empty()) fail(std::string("a tag without ") + name);
  return value.value_or(std::string_view());
}

}  // namespace

std::optional<UtcTime> Segment::end_of_part(size_t part) const {
  Duration length{0};
  for (size_t i = 0; i <= part && i < parts.size(); ++i) length += parts[i].duration;
  return later(start, length);
}

std::optional<UtcTime> Segment::end() const {
  return is_whole() ? later(start, duration) : end_of_part(parts.size());
}

Position MediaPlaylist::edge() const {
  if (segments.empty()) return {media_sequence + skipped, 0};
  const Segment& last = segments.back();
  return last.is_whole() ? Position{last.sequence + 1, 0} : Position{last.sequence, last.parts.size()};
}

std::optional<UtcTime> MediaPlaylist::end() const {
  return segments.empty() ? std::nullopt : segments.back().end();
}

std::span<const Segment> MediaPlaylist::from(uint64_t sequence) const {
  if (segments.empty() || sequence <= segments.front().sequence) return segments;
  return std::span(segments).subspan(
      std::min<uint64_t>(sequence - segments.front().sequence, segments.size()));
}

const Segment* MediaPlaylist::find(uint64_t sequence) const {
  const std::span<const Segment> found = from(sequence);
  return !found.empty() && found.front().sequence == sequence ? found.data() : nullptr;
}

bool MediaPlaylist::has(Position position) const {
  const Segment* segment = find(position.sequence);
  const bool is_short =
      segment && segment->is_whole() && segment->parts.size() <= position.part && !segment->parts.empty();
  if (is_short) position = {position.sequence + 1, 0};
  return edge() > position;
}

bool MediaPlaylist::has_whole(uint64_t sequence) const {
  return edge().sequence > sequence;
}

void MediaPlaylist::date_from(const MediaPlaylist& earlier) {
  std::optional<UtcTime> date;
  for (Segment& segment : segments) {
    if (const Segment* known = earlier.find(segment.sequence); known && !segment.start)
      segment.start = known->start;
    if (!segment.start) segment.start = date;
    date = segment.is_whole() ? segment.end() : std::nullopt;
  }
}

Result<MediaPlaylist> parse_media_playlist(std::string_view text) {
  return Reader().read(text);
}

}  // namespace origin::bench
