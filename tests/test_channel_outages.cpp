// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time whose sources stop, jump, or keep no promise.
#include <algorithm>
#include <cmath>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

START_TEST(test_outage_becomes_gaps_and_the_track_comes_back) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  camera.pause_until(31s);
  run(simulation, 29s);
  const MediaPlaylist during = simulation.playlist("video_0");
  ck_assert(during.segments.back().gap);
  run(simulation, 50s);
  const MediaPlaylist after = simulation.playlist("video_0");
  const auto gaps =
      std::count_if(after.segments.begin(), after.segments.end(), [](const auto& s) { return s.gap; });
  ck_assert_int_ge(gaps, 3);
  ck_assert(!after.segments.back().gap);
  const double off_grid = std::fmod(*after.segments.back().date + 0.1, 2.0) - 0.1;
  ck_assert_msg(std::abs(off_grid) < 0.05, "%f s off the grid", off_grid);
  ck_assert_uint_eq(after.segments.back().discontinuity_sequence, 0);
  const auto audio_list = simulation.playlist("audio_0");
  for (const ListedSegment& segment : audio_list.segments) ck_assert(!segment.gap);
}
END_TEST

START_TEST(test_what_follows_a_discontinuity_begins_with_a_keyframe) {
  Simulation simulation(settings());
  Source& camera = simulation.add({.name = "video_0", .gop = 2s});
  run(simulation, 21s + 100ms);
  camera.jump(-5s);
  run(simulation, 31s);
  camera.pause_until(41s + 400ms);
  run(simulation, 60s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert(playlist.independent_segments);
  for (const ListedSegment& segment : playlist.segments) {
    ck_assert(simulation.get("video_0/" + segment.uri)->empty() == segment.gap);
  }
  ck_assert(warned(simulation, "keyframe"));
}
END_TEST

START_TEST(test_dead_track_does_not_stall_the_others) {
  Simulation simulation(settings());
  simulation.add(video());
  Source& microphone = simulation.add(audio());
  run(simulation, 10s);
  microphone.pause_until(1h);
  run(simulation, 60s);
  ck_assert_uint_ge(simulation.playlist("video_0").segments.size(), 29);
}
END_TEST

START_TEST(test_jumps_of_the_source_clock_are_discontinuities_of_all_tracks) {
  for (const Duration by : {Duration(-15s), Duration(1h)}) {
    Simulation simulation(settings());
    Source& camera = simulation.add(video());
    Source& microphone = simulation.add(audio());
    run(simulation, 21s);
    camera.jump(by);
    microphone.jump(by);
    run(simulation, 60s);
    for (const char* track : {"video_0", "audio_0"}) {
      const MediaPlaylist playlist = simulation.playlist(track);
      ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
      // The time line still tells the time of day.
      const double edge = *playlist.segments.back().date + playlist.segments.back().duration;
      const double wall = std::chrono::duration<double>(simulation.clock.utc().time_since_epoch()).count();
      ck_assert_msg(wall - edge < 2.2 && wall - edge > -0.5, "%s is %f s behind", track, wall - edge);
    }
  }
}
END_TEST

START_TEST(test_anchor_said_again_after_a_jump_changes_nothing) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  run(simulation, 21s);
  camera.jump(-5s);
  const Duration anchor = simulation.clock.utc().time_since_epoch() - simulation.now;
  for (Duration until = 22s; until < 60s; until += 1s) {
    run(simulation, until);
    simulation.presentation->set_anchor(anchor);
  }
  ck_assert_uint_eq(simulation.playlist("video_0").segments.back().discontinuity_sequence, 1);
}
END_TEST

START_TEST(test_pause_and_resume_is_a_discontinuity) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  // Running time stands still while the clock goes on.
  simulation.clock.advance(30s);
  simulation.presentation->set_anchor(simulation.clock.utc().time_since_epoch() - simulation.now);
  run(simulation, 41s);
  for (const char* track : {"video_0", "audio_0"}) {
    ck_assert_uint_eq(simulation.playlist(track).segments.back().discontinuity_sequence, 1);
  }
}
END_TEST

START_TEST(test_small_difference_of_the_anchor_is_ignored) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 21s);
  simulation.presentation->set_anchor(simulation.clock.utc().time_since_epoch() - simulation.now + 100ms);
  run(simulation, 41s);
  ck_assert_uint_eq(simulation.playlist("video_0").segments.back().discontinuity_sequence, 0);
}
END_TEST

START_TEST(test_gops_that_ignore_requests_are_cut_at_their_keyframes) {
  for (const Duration gop : {1570ms, 12'000ms}) {
    Simulation simulation(settings());
    simulation.add({.name = "video_0", .gop = gop});
    simulation.add(audio());
    run(simulation, 90s);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    ck_assert_int_eq(playlist.target_duration, static_cast<int>(std::ceil(2.0 + gop.count() / 1e9)));
    ck_assert_int_eq(simulation.playlist("audio_0").target_duration, playlist.target_duration);
    ck_assert(playlist.independent_segments);
    check_contiguous(read_all(simulation, "video_0"));
    ck_assert(warned(simulation, "key-int-max") == (gop > 2s));
  }
}
END_TEST

START_TEST(test_keyframes_that_stop_coming_are_not_waited_for) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .gop = 1h});
  run(simulation, 100s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert(!playlist.independent_segments);
  ck_assert(warned(simulation, "key-int-max"));
  check_contiguous(read_all(simulation, "video_0"));
}
END_TEST

START_TEST(test_rubbish_is_an_error_and_the_stream_goes_on) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  run(simulation, 5s);
  const Status status = camera.writer().push(Bytes::copy_of("rubbish"), {5s, 5s, 33ms});
  (void)status;
  run(simulation, 20s);
  ck_assert_uint_ge(simulation.playlist("video_0").segments.size(), 9);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_outage_becomes_gaps_and_the_track_comes_back,
      test_what_follows_a_discontinuity_begins_with_a_keyframe,
      test_dead_track_does_not_stall_the_others,
      test_jumps_of_the_source_clock_are_discontinuities_of_all_tracks,
      test_anchor_said_again_after_a_jump_changes_nothing,
      test_pause_and_resume_is_a_discontinuity,
      test_small_difference_of_the_anchor_is_ignored,
      test_gops_that_ignore_requests_are_cut_at_their_keyframes,
      test_keyframes_that_stop_coming_are_not_waited_for,
      test_rubbish_is_an_error_and_the_stream_goes_on,
  };
  return run_tests("channel outages", tests, 300);
}
