// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time: how tracks and presentations end, and what stays of them.
#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

START_TEST(test_end_of_one_track_and_of_all) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  Source& microphone = simulation.add(audio());
  run(simulation, 21s);
  microphone.end();
  ck_assert(simulation.playlist("audio_0").ended);
  ck_assert(!simulation.playlist("video_0").ended);
  ck_assert(simulation.presentation->state() == channel::State::kLive);
  run(simulation, 31s);
  camera.end();
  ck_assert(simulation.playlist("video_0").ended);
  ck_assert(simulation.presentation->state() == channel::State::kEnded);
  const Status late = camera.emit();
  ck_assert(!late && late.error().code == ErrorCode::kEnded);
}
END_TEST

START_TEST(test_ended_track_is_not_offered_while_others_of_its_kind_go_on) {
  Simulation::Settings wanted = settings();
  wanted.channel.window = 10s;
  Simulation simulation(wanted);
  Source& one = simulation.add(audio("audio_0"));
  Source& other = simulation.add(audio("audio_1"));
  simulation.add(video());
  run(simulation, 21s);
  const auto offers = [&](const char* track) {
    return simulation.get("index.m3u8")->find(track) != std::string::npos;
  };
  ck_assert(offers("audio_0") && offers("audio_1"));
  one.end();
  ck_assert(!offers("audio_0") && offers("audio_1"));
  ck_assert(simulation.playlist("audio_0").ended);  // for who plays it
  other.end();
  ck_assert(offers("audio_0") && offers("audio_1"));  // what there is to hear
  run(simulation, 40s);
  ck_assert(!offers("audio_0") && !offers("audio_1") && offers("video_0"));
  ck_assert(!simulation.get("audio_0/index.m3u8").has_value());
}
END_TEST

START_TEST(test_ended_track_of_an_event_is_the_last_choice) {
  Simulation simulation(settings(timeline::PlaylistType::kEvent));
  Source& one = simulation.add(audio("audio_0"));
  simulation.add(audio("audio_1"));
  run(simulation, 21s);
  one.end();
  const auto playlist = parse_multivariant_playlist(*simulation.get("index.m3u8"));
  ck_assert_uint_eq(playlist.media.size(), 2);
  for (Attributes media : playlist.media) {
    ck_assert_str_eq(media["DEFAULT"].c_str(), media["URI"] == "audio_1/index.m3u8" ? "YES" : "NO");
  }
}
END_TEST

START_TEST(test_stopping_does_not_end) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 21s);
  simulation.leave();
  ck_assert(!simulation.playlist("video_0").ended);
  ck_assert(simulation.presentation->state() == channel::State::kStopped);
}
END_TEST

START_TEST(test_a_stream_shorter_than_a_segment_is_listed_at_its_end) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 500ms);
  end_all(simulation);
  ck_assert(simulation.playlist("video_0").ended);
  ck_assert(simulation.get("index.m3u8").has_value());
}
END_TEST

START_TEST(test_ended_presentation_goes_after_its_retention) {
  Simulation::Settings wanted = settings();
  wanted.channel.retention = 30s;
  Simulation simulation(wanted);
  simulation.add(video());
  run(simulation, 5s);
  end_all(simulation);
  simulation.clock.advance(29s);
  simulation.directory.tick();
  ck_assert(simulation.get("index.m3u8").has_value());
  simulation.clock.advance(1s);
  simulation.directory.tick();
  ck_assert(!simulation.get("index.m3u8").has_value());
  ck_assert_uint_eq(simulation.store.stats().objects, 0);
}
END_TEST

START_TEST(test_vod_that_is_left_vanishes) {
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  simulation.add(video());
  run(simulation, 20s);
  simulation.leave();
  ck_assert_uint_eq(simulation.store.stats().objects + simulation.store.stats().topics, 0);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_end_of_one_track_and_of_all,
      test_ended_track_is_not_offered_while_others_of_its_kind_go_on,
      test_ended_track_of_an_event_is_the_last_choice,
      test_stopping_does_not_end,
      test_a_stream_shorter_than_a_segment_is_listed_at_its_end,
      test_ended_presentation_goes_after_its_retention,
      test_vod_that_is_left_vanishes,
  };
  return run_tests("channel ends", tests, 300);
}
