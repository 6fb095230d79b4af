// SPDX-License-Identifier: LGPL-2.1-or-later
// origin-bench reads of playlists what a client at the live edge has to know.
#include <chrono>

#include "origin/bench/media_playlist.hpp"
#include "origin/bench/multivariant_playlist.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::bench;

namespace {

constexpr const char* kLive = R"(#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.0,CAN-SKIP-UNTIL=24.0
#EXT-X-PART-INF:PART-TARGET=1.0
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00Z
#EXTINF:4.0,title, with a comma
10.m4s
#EXT-X-PART:DURATION=1.0,URI="11.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="11.1.m4s",GAP=YES
#EXTINF:1.5,
11.m4s

#EXT-X-PART:URI="12.0,a.m4s",DURATION=1.0
#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="other.mp4"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="12.1.m4s"
#EXT-X-RENDITION-REPORT:URI="../a.m3u8",LAST-MSN=12
)";

MediaPlaylist read(const std::string& text) {
  Result<MediaPlaylist> playlist = parse_media_playlist(text);
  ck_assert_msg(playlist.ok(), "%s", playlist.ok() ? "" : playlist.error().message.c_str());
  return std::move(*playlist);
}

std::string with_header(const std::string& text) {
  return "#EXTM3U\n#EXT-X-TARGETDURATION:4\n" + text;
}

UtcTime at(Duration after_ten) {
  using namespace std::chrono;
  return UtcTime(sys_days(year(2026) / 11 / 22)) + 10h + after_ten;
}

}  // namespace

START_TEST(test_low_latency_playlist) {
  const MediaPlaylist playlist = read(kLive);
  ck_assert(playlist.can_block && playlist.can_skip && playlist.has_parts() && !playlist.ended);
  ck_assert(playlist.part_target == 1s && playlist.target_duration == 4s);
  ck_assert_uint_eq(playlist.segments.size(), 3);
  ck_assert(playlist.edge() == (Position{12, 1}));
  const Segment& second = playlist.segments[1];
  ck_assert(second.sequence == 11 && second.is_whole() && second.duration == 1500ms &&
            second.parts.size() == 2);
  ck_assert(second.start == at(4s) && second.end_of_part(1) == at(5500ms) && second.end() == at(5500ms));
  ck_assert(!second.parts[0].gap && second.parts[1].gap);
  const Segment& open = playlist.segments[2];
  ck_assert(!open.is_whole() && open.parts[0].resource.uri == "12.0,a.m4s");
  ck_assert(playlist.end() == at(6500ms));
  ck_assert(playlist.hint && playlist.hint->uri == "12.1.m4s" && !playlist.hint->range);
}
END_TEST

START_TEST(test_what_a_blocking_reload_may_be_answered_with) {
  const MediaPlaylist playlist = read(kLive);
  ck_assert(playlist.has({10, 0}) && playlist.has({9, 7}));
  ck_assert(playlist.has({11, 1}) && playlist.has({12, 0}) && !playlist.has({12, 1}) &&
            !playlist.has({13, 0}));
  // Segment 11 ended with its second part: the third is the first one of 12.
  ck_assert(playlist.has({11, 2}));
  const MediaPlaylist ended =
      read(with_header("#EXT-X-PART-INF:PART-TARGET=1\n#EXT-X-PART:DURATION=1,URI=\"a\"\n#EXTINF:1,\nb\n"));
  ck_assert(ended.has({0, 0}) && !ended.has({0, 1}) && !ended.has({1, 0}));
  ck_assert(playlist.has_whole(11) && !playlist.has_whole(12));
}
END_TEST

START_TEST(test_plain_playlist) {
  const MediaPlaylist playlist =
      read(with_header("#EXTINF:4,\r\na.ts\r\n#EXT-X-GAP\r\n#EXTINF:3.5\r\nb.ts\r\n#EXT-X-ENDLIST"));
  ck_assert(!playlist.has_parts() && !playlist.can_block && playlist.ended && !playlist.hint);
  ck_assert_uint_eq(playlist.segments.size(), 2);
  ck_assert(!playlist.segments[0].gap && playlist.segments[1].gap && !playlist.segments[0].start);
  ck_assert(playlist.edge() == (Position{2, 0}));
  ck_assert(read(with_header("")).edge() == (Position{0, 0}));
}
END_TEST

START_TEST(test_byte_ranges) {
  const MediaPlaylist playlist =
      read(with_header("#EXT-X-PART-INF:PART-TARGET=1\n"
                       "#EXT-X-PART:DURATION=1,URI=\"a\",BYTERANGE=\"100@50\"\n#EXT-X-PART:DURATION=1,URI="
                       "\"a\",BYTERANGE=\"30\"\n"
                       "#EXT-X-BYTERANGE:500@7\n#EXTINF:2,\na\n"
                       "#EXT-X-PART:DURATION=1,URI=\"b\",BYTERANGE=\"10\"\n"
                       "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b\",BYTERANGE-START=10,BYTERANGE-LENGTH=20\n"));
  const Segment& first = playlist.segments[0];
  ck_assert(first.parts[0].resource.range->offset == 50 && first.parts[0].resource.range->length == 100);
  ck_assert(first.parts[1].resource.range->offset == 150 && first.parts[1].resource.range->length == 30);
  ck_assert(first.resource.range->offset == 7 && first.resource.range->length == 500);
  ck_assert_uint_eq(playlist.segments[1].parts[0].resource.range->offset, 0);
  ck_assert(playlist.hint->range->offset == 10 && playlist.hint->range->length == 20);
  // Without an end, it is not a request for a part.
  ck_assert(!read(with_header("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"b\",BYTERANGE-START=10\n")).hint);
}
END_TEST

START_TEST(test_delta_update_is_dated_by_what_was_known) {
  const MediaPlaylist before = read(kLive);
  MediaPlaylist delta = read(with_header(
      "#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n#EXTINF:1.5,\n11.m4s\n#EXTINF:2,\n12.m4s\n"
      "#EXT-X-PART:DURATION=1,URI=\"13.0\"\n"));
  ck_assert_uint_eq(delta.skipped, 1);
  ck_assert_uint_eq(delta.segments[0].sequence, 11);
  ck_assert(!delta.segments[0].start);
  delta.date_from(before);
  ck_assert(delta.segments[0].start == at(4s) && delta.segments[1].start == at(5500ms));
  ck_assert(delta.segments[2].end_of_part(0) == at(8500ms));
}
END_TEST

START_TEST(test_a_discontinuity_ends_a_time_line_until_the_next_date) {
  const MediaPlaylist playlist = read(with_header(
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T10:00:00Z\n#EXTINF:1,\na\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\nb\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T11:00:08+01:00\n#EXTINF:1,\nc\n"));
  ck_assert(playlist.segments[0].start == at(0s) && !playlist.segments[1].start &&
            playlist.segments[2].start == at(8s));
}
END_TEST

struct Refused {
  const char* text;
  const char* named;
};

constexpr Refused kRefused[] = {
    {"", "#EXTM3U"},
    {"<html>", "#EXTM3U"},
    {"#EXTM3U\n", "EXT-X-TARGETDURATION"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:x\n", "'x'"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:-4\n", "'-4'"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\na.ts\n", "a.ts"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n", "EXTINF"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4x,\na\n", "'4x'"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:1e3\n", "'1e3'"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART:DURATION=1\n", "URI"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART:URI=\"a\"\n", "DURATION"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:today\n", "today"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-SKIP:RECENTLY=1\n", "SKIPPED-SEGMENTS"},
    {"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:1,\na\n#EXT-X-MEDIA-SEQUENCE:1\n", "EXT-X-MEDIA-SEQUENCE"},
    {"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", "multivariant"},
};
constexpr int kRefusedCount = sizeof kRefused / sizeof kRefused[0];

START_TEST(test_refused_playlists_by_table) {
  const Result<MediaPlaylist> playlist = parse_media_playlist(kRefused[_i].text);
  ck_assert_msg(!playlist.ok(), "%s", kRefused[_i].text);
  ck_assert_msg(playlist.error().message.find(kRefused[_i].named) != std::string::npos, "%s",
                playlist.error().message.c_str());
}
END_TEST

START_TEST(test_renditions_are_chosen_by_name) {
  const char* text =
      "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"audio.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"en\",URI=\"subtitles.m3u8\"\n"
      "#EXT-X-STREAM-INF:CODECS=\"a,b\",BANDWIDTH=500\nlow.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2000\nhigh.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2100\nhigh.m3u8\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9000,URI=\"frames.m3u8\"\n";
  ck_assert(is_multivariant(text) && !is_multivariant(kLive));
  const std::vector<Rendition> all = parse_multivariant_playlist(text);
  ck_assert_uint_eq(all.size(), 3);
  ck_assert(choose(all, "highest")->front().uri == "high.m3u8");
  ck_assert(choose(all, "lowest")->front().uri == "low.m3u8");
  ck_assert(choose(all, "2")->front().uri == "audio.m3u8");
  ck_assert(choose(all, "audio")->front().uri == "audio.m3u8");
  ck_assert_uint_eq(choose(all, "all")->size(), 3);
  const auto none = choose(all, "4k");
  ck_assert(!none && none.error().message.find("4k") != std::string::npos);
  ck_assert(none.error().message.find("low.m3u8") != std::string::npos);
  ck_assert(!choose({}, "all"));
}
END_TEST

int main() {
  const Test tests[] = {
      test_low_latency_playlist,
      test_what_a_blocking_reload_may_be_answered_with,
      test_plain_playlist,
      test_byte_ranges,
      test_delta_update_is_dated_by_what_was_known,
      test_a_discontinuity_ends_a_time_line_until_the_next_date,
      {test_refused_playlists_by_table, kRefusedCount},
      test_renditions_are_chosen_by_name,
  };
  return run_tests("bench_playlists", tests);
}
