// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/playlist.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <sstream>
#include <stdexcept>

namespace tests {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw std::runtime_error("playlist: " + why);
}

void require(bool condition, const std::string& what) {
  if (!condition) refuse(what);
}

Attributes parse_attributes(const std::string& list) {
  Attributes attributes;
  size_t at = 0;
  while (at < list.size()) {
    const size_t equals = list.find('=', at);
    require(equals != std::string::npos, "attribute without '=' in " + list);
    const std::string name = list.substr(at, equals - at);
    size_t end = 0;
    std::string value;
    if (equals + 1 < list.size() && list[equals + 1] == '"') {
      const size_t close = list.find('"', equals + 2);
      require(close != std::string::npos, "open quote in " + list);
      value = list.substr(equals + 2, close - equals - 2);
      end = close + 1;
    } else {
      end = std::min(list.find(',', equals), list.size());
      value = list.substr(equals + 1, end - equals - 1);
    }
    require(attributes.emplace(name, value).second, "attribute " + name + " twice");
    require(end >= list.size() || list[end] == ',', "no comma behind " + name);
    at = end + 1;
  }
  return attributes;
}

double parse_date(const std::string& text) {
  std::tm tm{};
  double seconds = 0;
  const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%lfZ", &tm.tm_year, &tm.tm_mon,
                                 &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds);
  require(fields == 6, "date " + text);
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return static_cast<double>(timegm(&tm)) + seconds;
}

std::vector<std::string> lines_of(const std::string& text) {
  require(text.starts_with("#EXTM3U\n"), "does not begin with #EXTM3U");
  require(text.ends_with("\n"), "does not end with a line feed");
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The value behind "#NAME:" if the line is that tag.
std::optional<std::string> tag(const std::string& line, const std::string& name) {
  if (line == "#" + name) return "";
  if (!line.starts_with("#" + name + ":")) return std::nullopt;
  return line.substr(name.size() + 2);
}

std::string name_of_sequence(uint64_t sequence) {
  return "segment " + std::to_string(sequence);
}

}  // namespace

double MediaPlaylist::duration() const {
  double sum = 0;
  for (const ListedSegment& segment : segments) sum += segment.duration;
  return sum;
}

MediaPlaylist parse_media_playlist(const std::string& text) {
  MediaPlaylist playlist;
  ListedSegment next;
  std::string map_uri;
  uint64_t discontinuities = 0;
  bool has_duration = false;
  for (const std::string& line : lines_of(text)) {
    if (const auto value = tag(line, "EXT-X-VERSION")) playlist.version = std::stoi(*value);
    if (const auto value = tag(line, "EXT-X-TARGETDURATION")) playlist.target_duration = std::stoi(*value);
    if (const auto value = tag(line, "EXT-X-MEDIA-SEQUENCE")) playlist.media_sequence = std::stoull(*value);
    if (const auto value = tag(line, "EXT-X-DISCONTINUITY-SEQUENCE")) {
      playlist.discontinuity_sequence = std::stoull(*value);
    }
    if (const auto value = tag(line, "EXT-X-PLAYLIST-TYPE")) playlist.type = *value;
    if (tag(line, "EXT-X-INDEPENDENT-SEGMENTS")) playlist.independent_segments = true;
    if (tag(line, "EXT-X-ENDLIST")) playlist.ended = true;
    if (const auto value = tag(line, "EXT-X-MAP")) map_uri = parse_attributes(*value).at("URI");
    if (const auto value = tag(line, "EXT-X-PROGRAM-DATE-TIME")) next.date = parse_date(*value);
    if (tag(line, "EXT-X-GAP")) next.gap = true;
    if (tag(line, "EXT-X-DISCONTINUITY")) ++next.discontinuities;
    if (const auto value = tag(line, "EXTINF")) {
      require(value->ends_with(","), "EXTINF without comma: " + line);
      next.duration = std::stod(*value);
      has_duration = true;
    }
    if (line.empty() || line.front() == '#') continue;
    require(has_duration, "URI without EXTINF: " + line);
    discontinuities += static_cast<uint64_t>(next.discontinuities);
    next.uri = line;
    next.map_uri = map_uri;
    next.sequence = playlist.media_sequence + playlist.segments.size();
    next.discontinuity_sequence = playlist.discontinuity_sequence + discontinuities;
    playlist.segments.push_back(next);
    next = {};
    has_duration = false;
  }
  return playlist;
}

MultivariantPlaylist parse_multivariant_playlist(const std::string& text) {
  MultivariantPlaylist playlist;
  std::optional<Attributes> pending;
  for (const std::string& line : lines_of(text)) {
    if (const auto value = tag(line, "EXT-X-MEDIA")) playlist.media.push_back(parse_attributes(*value));
    if (const auto value = tag(line, "EXT-X-STREAM-INF")) pending = parse_attributes(*value);
    if (line.empty() || line.front() == '#') continue;
    require(pending.has_value(), "URI without EXT-X-STREAM-INF: " + line);
    playlist.variants.push_back({*pending, line});
    pending.reset();
  }
  require(!pending, "EXT-X-STREAM-INF without URI");
  return playlist;
}

void check_media_playlist(const MediaPlaylist& playlist) {
  require(playlist.target_duration > 0, "no target duration");
  require(!playlist.segments.empty(), "no segment");
  const ListedSegment* previous = nullptr;
  for (const ListedSegment& segment : playlist.segments) {
    const std::string name = name_of_sequence(segment.sequence);
    require(std::lround(segment.duration) <= playlist.target_duration,
            name + " lasts " + std::to_string(segment.duration) + " s, target " +
                std::to_string(playlist.target_duration));
    require(segment.duration > 0, name + " has no duration");
    require(!segment.map_uri.empty(), name + " has no map");
    require(segment.uri.find(std::to_string(segment.sequence)) != std::string::npos,
            name + " is called " + segment.uri);
    if (previous && previous->date && segment.date && segment.discontinuities == 0) {
      const double hole = *segment.date - *previous->date - previous->duration;
      require(std::abs(hole) < 0.003,
              name + " begins " + std::to_string(hole) + " s after its predecessor's end");
    }
    previous = &segment;
  }
}

void check_successor(const MediaPlaylist& before, const MediaPlaylist& after, bool short_of_memory) {
  require(after.target_duration == before.target_duration, "target duration changed");
  require(after.media_sequence >= before.media_sequence, "media sequence went back");
  require(after.discontinuity_sequence >= before.discontinuity_sequence, "discontinuity sequence went back");
  require(!before.ended || after.ended, "the end was taken back");
  require(short_of_memory || after.media_sequence == before.media_sequence ||
              after.duration() >= 3.0 * after.target_duration - 0.001,
          "a live playlist was cut to " + std::to_string(after.duration()) + " s, target " +
              std::to_string(after.target_duration));
  require(after.segments.back().sequence >= before.segments.back().sequence, "the newest segment vanished");
  for (const ListedSegment& was : before.segments) {
    if (was.sequence < after.media_sequence) continue;
    const ListedSegment& is = after.segments.at(was.sequence - after.media_sequence);
    require(is.uri == was.uri && is.duration == was.duration && is.map_uri == was.map_uri &&
                is.gap == was.gap && is.date == was.date &&
                is.discontinuity_sequence == was.discontinuity_sequence,
            name_of_sequence(was.sequence) + " changed");
  }
}

}  // namespace tests
