// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/multivariant_playlist.hpp"

#include <map>
#include <set>
#include <sstream>

#include "tests/check_main.hpp"
#include "tests/golden.hpp"

using namespace origin;
using namespace origin::timeline;

namespace {

TrackInfo video(const std::string& name, uint32_t width, uint32_t height, uint64_t peak,
                const std::string& codecs) {
  TrackInfo info;
  info.name = name;
  info.uri = name + "/index.m3u8";
  info.codecs = codecs;
  info.video_range = "SDR";
  info.video.width = width;
  info.video.height = height;
  info.video.frame_rate = {30'000, 1001};
  info.peak_bandwidth = peak;
  info.average_bandwidth = peak * 8 / 10;
  return info;
}

TrackInfo audio(const std::string& name, const std::string& language,
                const std::string& codecs = "mp4a.40.2") {
  TrackInfo info;
  info.name = name;
  info.uri = name + "/index.m3u8";
  info.kind = media::Kind::kAudio;
  info.codecs = codecs;
  info.audio = {48'000, 2};
  info.language = language;
  info.peak_bandwidth = 130'000;
  info.average_bandwidth = 128'000;
  return info;
}

}  // namespace

START_TEST(test_ladder_with_two_languages) {
  std::vector<TrackInfo> tracks = {video("video_0", 640, 360, 900'000, "avc1.64001e"),
                                   video("video_1", 1920, 1080, 5'000'000, "avc1.640028"),
                                   video("video_2", 1280, 720, 2'500'000, "avc1.64001f"),
                                   audio("audio_0", "en"), audio("audio_1", "de")};
  tracks[3].label = "English";
  tracks[4].label = "Deutsch";
  tracks[4].is_default = true;
  check_golden("multivariant_ladder.m3u8", render_multivariant_playlist(tracks));
}
END_TEST

START_TEST(test_each_variant_names_only_its_own_codecs) {
  const std::vector<TrackInfo> tracks = {video("video_0", 1280, 720, 2'500'000, "avc1.64001f"),
                                         video("video_1", 1280, 720, 1'500'000, "av01.0.05M.08"),
                                         audio("audio_0", "", "mp4a.40.2"), audio("audio_1", "", "opus")};
  check_golden("multivariant_codecs.m3u8", render_multivariant_playlist(tracks));
}
END_TEST

START_TEST(test_audio_only) {
  const std::vector<TrackInfo> tracks = {audio("audio_0", "en"), audio("audio_1", "de")};
  check_golden("multivariant_audio_only.m3u8", render_multivariant_playlist(tracks));
}
END_TEST

START_TEST(test_video_only_and_dependent_segments) {
  std::vector<TrackInfo> tracks = {video("video_0", 1280, 720, 2'500'000, "hvc1.1.6.L93.B0")};
  tracks[0].independent_segments = false;
  tracks[0].video_range = "HLG";
  check_golden("multivariant_video_only.m3u8", render_multivariant_playlist(tracks));
}
END_TEST

START_TEST(test_hostile_names_cannot_leave_their_quotes) {
  std::vector<TrackInfo> tracks = {audio("audio_0", "en\"\n#EXT-X-ENDLIST"), audio("audio_1", "en")};
  tracks[0].label = "a\",URI=\"http://elsewhere/\"\r\nx";
  const std::string text = render_multivariant_playlist(tracks);
  ck_assert(text.find("\n#EXT-X-ENDLIST") == std::string::npos);
  ck_assert(text.find("\",URI=\"http") == std::string::npos);
  ck_assert(text.find('\r') == std::string::npos);
}
END_TEST

START_TEST(test_equal_names_are_told_apart) {
  const std::vector<TrackInfo> tracks = {audio("audio_0", "en"), audio("audio_1", "en")};
  const std::string text = render_multivariant_playlist(tracks);
  ck_assert(text.find("NAME=\"en (1)\"") != std::string::npos);
  ck_assert(text.find("NAME=\"en (2)\"") != std::string::npos);
}
END_TEST

// RFC 8216bis 4.4.6.1.1: whatever the codec, the same renditions by the same names.
START_TEST(test_groups_have_the_same_members) {
  std::vector<TrackInfo> tracks = {audio("audio_0", "en"), audio("audio_1", "de"),
                                   audio("audio_2", "en", "ac-3"), audio("audio_3", "de", "ac-3")};
  tracks[1].is_default = true;
  std::map<std::string, std::set<std::string>> members;
  std::istringstream lines(render_multivariant_playlist(tracks));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#EXT-X-MEDIA:")) continue;
    const size_t begin = line.find(",NAME="), end = line.find(",CHANNELS=");
    members[line.substr(0, begin)].insert(line.substr(begin, end - begin));
  }
  ck_assert_uint_eq(members.size(), 2);
  ck_assert(members.begin()->second == members.rbegin()->second);
  ck_assert(members.begin()->second.contains(",NAME=\"de\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES"));
}
END_TEST

// RFC 8216bis 4.4.6.2: NONE is said of all variants or of none.
START_TEST(test_captions_are_not_denied) {
  std::vector<TrackInfo> tracks = {video("video_0", 1280, 720, 2'500'000, "avc1.64001f"),
                                   video("video_1", 640, 360, 900'000, "avc1.64001e")};
  const auto denied = [&] {
    return render_multivariant_playlist(tracks).find("CLOSED-CAPTIONS") != std::string::npos;
  };
  ck_assert(denied());
  tracks[1].has_captions = true;
  ck_assert(!denied());
}
END_TEST

int main() {
  const Test tests[] = {
      test_ladder_with_two_languages,
      test_each_variant_names_only_its_own_codecs,
      test_audio_only,
      test_video_only_and_dependent_segments,
      test_hostile_names_cannot_leave_their_quotes,
      test_equal_names_are_told_apart,
      test_groups_have_the_same_members,
      test_captions_are_not_denied,
  };
  return run_tests("multivariant_playlist", tests);
}
