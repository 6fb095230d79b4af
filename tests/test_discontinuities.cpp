// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/discontinuities.hpp"

#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::timeline;

namespace {

struct Written {
  Duration start;
  uint64_t epoch;
  const char* init;
};

std::vector<SegmentRef> track(const std::vector<Written>& written) {
  std::vector<SegmentRef> segments;
  for (const Written& one : written) {
    auto segment = std::make_shared<Segment>();
    segment->sequence = segments.size();
    segment->start = one.start;
    segment->epoch = one.epoch;
    segment->stretch = std::make_shared<const Stretch>(Stretch{"run", one.init});
    segments.push_back(std::move(segment));
  }
  return segments;
}

std::string epochs(const std::vector<SegmentRef>& track) {
  std::string text;
  for (const SegmentRef& segment : track) text += std::to_string(segment->epoch);
  return text;
}

struct Row {
  std::vector<Written> video, audio;
  const char *video_epochs, *audio_epochs;
};

const Row kRows[] = {
    // Video was written to its end when audio had a new format.
    {{{0s, 0, "v"}, {2s, 0, "v"}, {4s, 0, "v"}}, {{0s, 0, "a"}, {2s, 1, "b"}, {4s, 1, "b"}}, "011", "011"},
    // In the midst of a segment of video: with its next one.
    {{{0s, 0, "v"}, {2s, 0, "v"}, {4s, 0, "v"}},
     {{0s, 0, "a"}, {2500ms, 1, "b"}, {4s, 1, "b"}},
     "001",
     "011"},
    // Video joined late.
    {{{0s, 0, "v"}, {2s, 0, "v"}, {4s, 1, "v"}}, {{0s, 0, "a"}, {2s, 1, "b"}, {4s, 1, "b"}}, "011", "011"},
    // Each has a new format, and neither knew of the other's.
    {{{0s, 0, "v"}, {2s, 0, "v"}, {4s, 1, "w"}}, {{0s, 0, "a"}, {2s, 1, "b"}, {4s, 1, "b"}}, "012", "012"},
    // Both at the same time, of frames of different lengths.
    {{{0s, 0, "v"}, {2s, 1, "w"}, {4s, 1, "w"}},
     {{0s, 0, "a"}, {2090ms, 1, "b"}, {4s, 1, "b"}},
     "011",
     "011"},
    {{{0s, 0, "v"}, {2s, 1, "w"}, {4s, 1, "w"}},
     {{0s, 0, "a"}, {1980ms, 1, "b"}, {4s, 1, "b"}},
     "011",
     "011"},
    // No new format: a jump that both came to.
    {{{0s, 3, "v"}, {2s, 4, "v"}, {4s, 4, "v"}},
     {{0s, 3, "a"}, {2010ms, 4, "a"}, {4s, 4, "a"}},
     "344",
     "344"},
    // Behind the end of the other.
    {{{0s, 0, "v"}, {2s, 0, "v"}}, {{0s, 0, "a"}, {2s, 0, "a"}, {4s, 1, "b"}}, "00", "001"},
    {{}, {{0s, 0, "a"}, {2s, 1, "b"}}, "", "01"},
};

}  // namespace

START_TEST(test_discontinuities_are_those_of_all_tracks) {
  const Row& row = kRows[_i];
  std::vector<std::vector<SegmentRef>> tracks = {track(row.video), track(row.audio)};
  align_discontinuities(tracks);
  const std::string video = epochs(tracks[0]), audio = epochs(tracks[1]);
  ck_assert_str_eq(video.c_str(), row.video_epochs);
  ck_assert_str_eq(audio.c_str(), row.audio_epochs);
}
END_TEST

int main() {
  const Test tests[] = {{test_discontinuities_are_those_of_all_tracks, std::size(kRows)}};
  return run_tests("discontinuities", tests);
}
