// SPDX-License-Identifier: LGPL-2.1-or-later
// Frames that come when something happens: nobody knows how long one lasts before the next is there. The
// simulation checks each version of each playlist on the way: no segment longer than its target duration,
// none without length.
#include <cmath>
#include <random>
#include <sstream>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

SourceOptions changing(std::vector<Duration> intervals) {
  return {.name = "video_0", .intervals = std::move(intervals)};
}

void check_parts(const Simulation& simulation, Duration longest_frame) {
  for (const channel::TrackStatus& track : simulation.presentation->status().tracks)
    ck_assert_uint_eq(track.dropped, 0);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  for (const ListedSegment& segment : playlist.segments) {
    ck_assert_msg(!segment.gap, "segment %llu", static_cast<unsigned long long>(segment.sequence));
    ck_assert_double_gt(segment.duration, 0.01);
  }
  // Each frame lasts as long as it was shown.
  const Listed listed = read_all(simulation, "video_0");
  check_contiguous(listed);
  for (const MediaSample& sample : listed.samples) {
    ck_assert_int_le(sample.duration, to_ticks(longest_frame, listed.track.timescale) + 1);
  }
}

// RFC 8216bis 4.4.3.7: at least 85 % of the part target, but for independent ones, gaps, what comes before a
// gap, and the last of a segment.
void check_least_parts(const std::string& text) {
  const double part_target = std::stod(text.substr(text.find("PART-TARGET=") + 12));
  std::istringstream lines(text);
  std::string small;
  for (std::string line; std::getline(lines, line);) {
    const bool part = line.starts_with("#EXT-X-PART:");
    const bool gap = line.find("GAP") != std::string::npos;
    ck_assert_msg(small.empty() || !part || gap, "%s before %s", small.c_str(), line.c_str());
    small.clear();
    if (!part || gap || line.find("INDEPENDENT") != std::string::npos) continue;
    const double duration = std::stod(line.substr(line.find("DURATION=") + 9));
    if (duration < 0.85 * part_target - 1e-6) small = line;
  }
}

void check_dates(const MediaPlaylist& playlist) {
  for (size_t i = 1; i < playlist.segments.size(); ++i) {
    const ListedSegment &before = playlist.segments[i - 1], &segment = playlist.segments[i];
    const double off = *segment.date - *before.date - before.duration;
    ck_assert_msg(std::abs(off) < 0.002, "segment %lu is %f s off",
                  static_cast<unsigned long>(segment.sequence), off);
  }
}

}  // namespace

// RFC 8216bis 4.4.6.2: where caps do not say it, it is measured.
START_TEST(test_frame_rate_is_measured) {
  Simulation simulation(settings());
  simulation.add(changing({19ms, 21ms}));
  run(simulation, 10s);
  const std::string playlist = simulation.get("index.m3u8").value_or("");
  ck_assert_msg(playlist.find(",FRAME-RATE=50.000,") != std::string::npos, "%s", playlist.c_str());
}
END_TEST

START_TEST(test_frames_further_apart_than_a_part) {
  Simulation simulation(settings());
  simulation.add(changing({40ms, 700ms, 40ms, 1300ms, 330ms}));
  simulation.add(audio());
  run(simulation, 60s);
  check_parts(simulation, 1300ms);
  ck_assert_uint_eq(simulation.playlist("video_0").segments.back().discontinuity_sequence, 0);
}
END_TEST

// A keyframe that was asked for comes up to a frame behind its boundary, however long frames are.
START_TEST(test_sparse_frames_with_keyframes_on_request) {
  for (Duration start = 0ms; start < 2s; start += 130ms) {
    Simulation::Settings wanted = settings();
    wanted.start += start;
    Simulation simulation(wanted);
    simulation.add(changing({300ms, 600ms, 350ms, 450ms, 520ms, 600ms, 310ms}));
    simulation.add(audio());
    run(simulation, 60s);
    check_parts(simulation, 600ms);
    ck_assert(simulation.playlist("video_0").independent_segments);
    ck_assert_msg(simulation.warnings.empty(), "%s", simulation.warnings.front().c_str());
  }
}
END_TEST

START_TEST(test_frames_as_far_apart_as_segments) {
  Simulation simulation(settings());
  simulation.add(changing({1900ms, 2000ms, 33ms, 1999ms, 500ms, 33ms}));
  run(simulation, 120s);
  check_parts(simulation, 2s);
  ck_assert_uint_ge(simulation.playlist("video_0").segments.size(), 28);
}
END_TEST

START_TEST(test_a_frame_longer_than_a_segment_is_followed_by_a_gap) {
  for (const auto type : {timeline::PlaylistType::kLive, timeline::PlaylistType::kEvent}) {
    for (const bool wall_clock : {true, false}) {
      if (type == timeline::PlaylistType::kLive && !wall_clock) continue;
      Simulation::Settings wanted = settings(type);
      wanted.channel.wall_clock = wall_clock;
      Simulation simulation(wanted);
      std::vector<Duration> intervals(100, 40ms);
      intervals.push_back(2700ms);
      simulation.add(changing(intervals));
      simulation.add(audio());
      run(simulation, 60s);
      const MediaPlaylist playlist = simulation.playlist("video_0");
      ck_assert(std::any_of(playlist.segments.begin(), playlist.segments.end(),
                            [](const auto& s) { return s.gap; }));
      // The picture stays in step with the sound.
      double video_length = 0, audio_length = 0;
      for (const ListedSegment& segment : playlist.segments) video_length += segment.duration;
      for (const ListedSegment& segment : simulation.playlist("audio_0").segments)
        audio_length += segment.duration;
      ck_assert_msg(std::abs(video_length - audio_length) < 5, "%f s, %f s", video_length, audio_length);
      ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, playlist.discontinuity_sequence);
    }
  }
}
END_TEST

START_TEST(test_frames_before_an_outage_are_all_there) {
  Simulation::Settings wanted = settings();
  wanted.channel.live_source = false;
  Simulation simulation(wanted);
  Source& camera = simulation.add(video());
  run(simulation, 21s + 470ms);
  const uint64_t before = camera.frames();
  camera.pause_until(31s);
  run(simulation, 29s);
  ck_assert_uint_eq(read_all(simulation, "video_0").samples.size(), before);
  ck_assert(simulation.playlist("video_0").segments.back().gap);
}
END_TEST

// A source of constant rate that skips frames now and then: also where an end was foretold.
START_TEST(test_frames_that_get_lost_leave_no_holes) {
  std::mt19937 random(static_cast<unsigned>(_i));
  const Duration longest = _i % 2 ? 900ms : 100ms;
  Simulation simulation(settings());
  Source& camera = simulation.add(
      {.name = "video_0", .rate = _i % 3 ? media::Rational{30, 1} : media::Rational{30000, 1001}});
  simulation.add(audio());
  for (int i = 0; i < 40; ++i) {
    run(simulation, simulation.now + 1ms * (400 + random() % 1600));
    camera.pause_until(simulation.now + 1ms * (random() % static_cast<unsigned>(longest / 1ms)));
    if (const auto text = simulation.get("video_0/index.m3u8")) check_least_parts(*text);
  }
  const MediaPlaylist playlist = simulation.playlist("video_0");
  const bool gaps =
      std::any_of(playlist.segments.begin(), playlist.segments.end(), [](const auto& s) { return s.gap; });
  if (!gaps) check_contiguous(read_all(simulation, "video_0"));
  check_dates(playlist);
  ck_assert(playlist.independent_segments);
  ck_assert(longest > 100ms || !gaps);
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 0);
}
END_TEST

// Encoders that are asked for a keyframe in the last moment.
START_TEST(test_keyframe_that_is_a_frame_late_begins_its_segment) {
  for (const unsigned late : {2u, 3u, 5u}) {
    Simulation simulation(settings());
    simulation.add({.name = "video_0", .late_key = late});
    simulation.add(audio());
    run(simulation, 120s);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    check_contiguous(read_all(simulation, "video_0"));
    check_dates(playlist);
    ck_assert(playlist.independent_segments);
    ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 0);
    ck_assert_msg(simulation.warnings.empty(), "%s", simulation.warnings.front().c_str());
  }
}
END_TEST

START_TEST(test_small_jumps_forward_do_not_add_up_to_the_future) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  simulation.add(audio());
  for (int i = 1; i <= 10; ++i) {
    run(simulation, 6s * i);
    camera.jump(1500ms);
  }
  run(simulation, 70s);
  const ListedSegment newest = simulation.playlist("video_0").segments.back();
  const double now = to_seconds(simulation.clock.utc().time_since_epoch());
  ck_assert_msg(*newest.date + newest.duration < now + 2.1, "%f s ahead",
                *newest.date + newest.duration - now);
}
END_TEST

int main() {
  const Test tests[] = {
      test_frame_rate_is_measured,
      test_frames_further_apart_than_a_part,
      test_sparse_frames_with_keyframes_on_request,
      test_frames_as_far_apart_as_segments,
      test_a_frame_longer_than_a_segment_is_followed_by_a_gap,
      test_frames_before_an_outage_are_all_there,
      test_small_jumps_forward_do_not_add_up_to_the_future,
      {test_frames_that_get_lost_leave_no_holes, 24},
      test_keyframe_that_is_a_frame_late_begins_its_segment,
  };
  return run_tests("variable frame rate", tests);
}
