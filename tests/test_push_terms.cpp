// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/push_terms.hpp"

#include <algorithm>
#include <string>

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::channel;

START_TEST(test_names_say_which_track) {
  static const struct {
    const char* name;
    const char* track;
  } kNames[] = {
      {"live", ""},
      {"live/", ""},
      {"live/video", "video"},
      {"live/video.cmfv", "video"},
      {"live/video_0.cmfv", "video_0"},
      {"live/Streams(video_0.cmfv)", "video_0"},
      {"live/Streams(video_0.mp4)", "video_0"},
      {"live/video/init.mp4", "video"},
      {"live/video/1234.m4s", "video"},
      {"live/video.mp4", "video"},
      // As FFmpeg's DASH muxer, Shaka Packager and others name them.
      {"live/init-stream0.m4s", "stream0"},
      {"live/chunk-stream0-00001.m4s", "stream0"},
      {"live/video_720p_init.mp4", "video_720p"},
      {"live/video_720p_12.m4s", "video_720p"},
      {"live/segment_de.stereo_7.m4a", "de.stereo"},
      {"live/init-0.m4s", "0"},
      {"live/chunk-0-00001.m4s", "0"},
  };
  for (const auto& [name, track] : kNames) {
    const Result<PushedName> parsed = parse_pushed_name(name);
    ck_assert_msg(parsed.ok(), "%s: %s", name, parsed.ok() ? "" : parsed.error().message.c_str());
    ck_assert_str_eq(parsed->presentation.c_str(), "live");
    ck_assert_msg(parsed->track == track && !parsed->is_manifest, "%s: %s", name, parsed->track.c_str());
  }
  for (const char* name : {"live/manifest.mpd", "live/a/b.m3u8"})
    ck_assert(parse_pushed_name(name)->is_manifest);
}
END_TEST

START_TEST(test_names_that_cannot_be) {
  for (const char* name : {"", "/video", "_live/video", "api/video", "live/a b.cmfv", "live/.mp4",
                           "live/init.mp4", "live/chunk-00001.m4s", "live/_a/1.m4s", "live/Streams()"}) {
    const Result<PushedName> parsed = parse_pushed_name(name);
    ck_assert_msg(!parsed.ok(), "%s", name);
    ck_assert(parsed.error().code == ErrorCode::kInvalid);
  }
}
END_TEST

START_TEST(test_terms) {
  const auto defaults = parse_push_terms("live", "");
  ck_assert(defaults.ok());
  ck_assert(defaults->options.segment_duration == 2s && defaults->options.wall_clock && !defaults->aligned);
  const auto all = parse_push_terms(
      "live",
      "segment_duration=1.001&part_duration=0.25&window=3600&target_duration=4&playlist_type=event&"
      "publisher=a%20b&aligned=true&token=x");
  ck_assert(all.ok());
  const Options& options = all->options;
  ck_assert(options.segment_duration == 1001ms && options.part_duration == 250ms && options.window == 3600s);
  ck_assert_uint_eq(options.target_duration, 4);
  ck_assert(options.type == timeline::PlaylistType::kEvent && options.wall_clock);
  ck_assert_str_eq(all->publisher.c_str(), "a b");
  ck_assert(all->aligned);
  ck_assert(!parse_push_terms("film", "playlist_type=vod")->options.wall_clock);
}
END_TEST

START_TEST(test_terms_that_cannot_be_are_named) {
  static const char* const kWrong[] = {"segment_duration=fast",
                                       "segment_duration=",
                                       "segment_duration=-1",
                                       "segment_duration=1e99",
                                       "segment_duration=nan",
                                       "segment_duration=0.01",
                                       "part_duration=3",
                                       "window=1",
                                       "target_duration=1.5",
                                       "target_duration=1",
                                       "playlist_type=dvr",
                                       "aligned=yes",
                                       "publisher=",
                                       "window=2%zz",
                                       "language=x",
                                       "default=1",
                                       "bitrate=fast",
                                       "label="};
  for (const char* query : kWrong) {
    const auto terms = parse_push_terms("live", query);
    ck_assert_msg(!terms.ok(), "%s", query);
    std::string name(query);
    name.resize(name.find('='));
    std::string with_hyphen = name;
    std::replace(with_hyphen.begin(), with_hyphen.end(), '_', '-');
    const std::string& message = terms.error().message;
    ck_assert_msg(message.find(name) != message.npos || message.find(with_hyphen) != message.npos, "%s: %s",
                  query, message.c_str());
  }
}
END_TEST

START_TEST(test_queries_of_tracks) {
  timeline::TrackInfo info;
  info.language = "pt-BR";
  // Is cut, but not within a character.
  info.label = "Комментарий";
  for (int i = 0; i < 3; ++i) info.label += info.label;
  info.label.insert(0, "a");
  info.is_default = true;
  info.declared_bandwidth = 2'500'000;
  const auto terms = parse_push_terms("live", push_query(info));
  ck_assert_msg(terms.ok(), "%s", terms.ok() ? "" : terms.error().message.c_str());
  ck_assert(terms->language == info.language && terms->is_default);
  ck_assert(terms->label.size() == 63 && info.label.starts_with(terms->label));
  ck_assert_uint_eq(terms->bitrate, info.declared_bandwidth);
  ck_assert(parse_push_terms("live", push_query(timeline::TrackInfo()))->language.empty());
}
END_TEST

START_TEST(test_queries_say_what_is_read_of_them) {
  for (const char* query : {"", "playlist_type=vod&part_duration=0",
                            "playlist_type=event&segment_duration=1.001&part_duration=0.333",
                            "window=86400&target_duration=9&segment_duration=6"}) {
    const Options options = parse_push_terms("live", query)->options;
    const Options again = parse_push_terms("live", push_query(options))->options;
    ck_assert(again.type == options.type && again.segment_duration == options.segment_duration &&
              again.part_duration == options.part_duration && again.window == options.window &&
              again.target_duration == options.target_duration && again.wall_clock == options.wall_clock);
  }
}
END_TEST

int main() {
  const Test tests[] = {
      test_names_say_which_track,          test_names_that_cannot_be, test_terms,
      test_terms_that_cannot_be_are_named, test_queries_of_tracks,    test_queries_say_what_is_read_of_them};
  return run_tests("push terms", tests);
}
