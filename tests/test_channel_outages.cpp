// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time whose sources stop, jump, or keep no promise.
#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

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

// Looks at a playlist every 50 ms: how long it went without a new whole segment, at most.
Duration longest_wait(Simulation& simulation, const std::string& track, Duration until) {
  Duration longest{};
  uint64_t newest = 0;
  MonotonicTime since = simulation.clock.monotonic();
  for (Duration at = simulation.now; at < until; at += 50ms) {
    run(simulation, at);
    const MediaPlaylist playlist = simulation.playlist(track);
    const MonotonicTime now = simulation.clock.monotonic();
    longest = std::max(longest, now - since);
    const uint64_t sequence = playlist.segments.back().sequence;
    if (std::exchange(newest, sequence) != sequence) since = now;
  }
  return longest;
}

START_TEST(test_stopped_source_gets_a_segment_in_time) {
  for (Duration stop = 20s; stop < 22s; stop += 170ms) {
    for (const Duration length : {800ms, 1700ms, 4000ms, 9000ms}) {
      Simulation simulation(settings());
      Source& camera = simulation.add(video());
      run(simulation, stop);
      camera.pause_until(stop + length);
      const Duration wait = longest_wait(simulation, "video_0", stop + length + 10s);
      ck_assert_msg(wait <= 3s + 50ms, "%f s", to_seconds(wait));
    }
  }
}
END_TEST

// Of one rung or all, a while apart, so that numbers are given back to the grid meanwhile.
START_TEST(test_segments_behind_short_stalls_stand_alone) {
  std::mt19937 random(static_cast<unsigned>(_i));
  Simulation::Settings brief = settings();
  brief.channel.segment_duration = _i % 3 == 0 ? 2s : _i % 5 == 0 ? Duration(500ms) : Duration(1s);
  Simulation simulation(brief);
  simulation.add(video());
  simulation.add({.name = "video_1", .b_frames = _i % 2, .reorder = _i % 4 == 3 ? 1 + _i % 3 : 0});
  simulation.add(audio());
  for (int i = 0; i < 20; ++i) {
    run(simulation, simulation.now + 1ms * (800 + random() % 1600));
    const Duration back = simulation.now + 1ms * (random() % 900);
    simulation.sources[1]->pause_until(back);
    if (random() % 2) simulation.sources[0]->pause_until(back);
    if (random() % 3 == 0) simulation.sources[2]->pause_until(back);
  }
  run(simulation, simulation.now + 40s);
  for (const char* track : {"video_0", "video_1", "audio_0"}) {
    const MediaPlaylist playlist = simulation.playlist(track);
    ck_assert_msg(playlist.independent_segments, "%s", track);
    // Numbers are those of the grid again.
    const ListedSegment& newest = playlist.segments.back();
    const long slot = std::lround(*newest.date / to_seconds(brief.channel.segment_duration));
    ck_assert_msg(static_cast<long>(newest.sequence) == slot, "%s: %lu in slot %ld", track,
                  static_cast<unsigned long>(newest.sequence), slot);
  }
}
END_TEST

// A source that is slow for a while and then makes up for it.
START_TEST(test_late_frames_of_an_overdue_segment_are_kept) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .gop = 1s, .keyframes_on_request = false});
  simulation.add(audio());
  run(simulation, 21s + 500ms);
  for (int i = 0; i < 40; ++i) {
    simulation.clock.advance(100ms);
    simulation.directory.tick();
  }
  run(simulation, 50s);
  for (const auto& source : simulation.sources) {
    const MediaPlaylist playlist = simulation.playlist(source->options().name);
    for (const ListedSegment& segment : playlist.segments) ck_assert(!segment.gap);
    const bool is_video = source->options().video;
    ck_assert_msg(playlist.independent_segments == !is_video, "what follows has no keyframe to begin with");
    check_contiguous(read_all(simulation, source->options().name));
  }
  for (const auto& track : simulation.presentation->status().tracks) ck_assert_uint_eq(track.dropped, 0);
}
END_TEST

// Where an encoder can be asked, its segments stay independent, for the few frames until the keyframe.
START_TEST(test_overdue_segments_are_followed_by_a_keyframe) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  for (int i = 0; i < 16; ++i) {
    simulation.clock.advance(100ms);
    simulation.directory.tick();
  }
  run(simulation, 50s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert(playlist.independent_segments);
  for (const ListedSegment& segment : playlist.segments) ck_assert(!segment.gap);
  check_contiguous(read_all(simulation, "video_0"));
  for (const auto& track : simulation.presentation->status().tracks)
    ck_assert_uint_le(track.dropped, track.info.kind == media::Kind::kVideo ? 1 : 0);
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

// The others' encoders go on in running time as it was.
START_TEST(test_jump_of_one_clock_leaves_the_others_on_the_grid) {
  for (const Duration by :
       {Duration(-15s), Duration(-1100ms), Duration(700ms), Duration(1700ms), Duration(15s), Duration(1h)}) {
    Simulation simulation(settings());
    Source& jumps = simulation.add(video());
    simulation.add(video("video_1"));
    simulation.add({.name = "video_2", .reorder = 3});
    simulation.add(audio());
    run(simulation, 21s + 300ms);
    jumps.jump(by);
    run(simulation, 60s);
    // RFC 8216bis 6.2.4: at the same time, which here is when they have not come to that jump for a while.
    std::vector<double> discontinuities;
    for (const char* track : {"video_0", "video_1", "video_2", "audio_0"}) {
      const auto segments = simulation.playlist(track).segments;
      const auto first = std::ranges::find(segments, 1u, &ListedSegment::discontinuity_sequence);
      ck_assert_msg(first != segments.end(), "%s, by %f s", track, to_seconds(by));
      discontinuities.push_back(*first->date);
    }
    const auto [least, most] = std::ranges::minmax(discontinuities);
    ck_assert_msg(most - least < 0.5, "by %f s: %f s apart", to_seconds(by), most - least);
    for (const char* track : {"video_0", "video_1", "video_2", "audio_0"}) {
      const MediaPlaylist playlist = simulation.playlist(track);
      ck_assert_msg(playlist.independent_segments, "%s, by %f s", track, to_seconds(by));
      ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
      const ListedSegment& last = playlist.segments.back();
      const double off_grid = std::fmod(*last.date + 0.1, 2.0) - 0.1;
      ck_assert_msg(std::abs(off_grid) < 0.05, "%s, by %f s: %f s off the grid", track, to_seconds(by),
                    off_grid);
      ck_assert_msg(std::abs(last.duration - 2) < 0.05, "%s: %f s", track, last.duration);
    }
  }
}
END_TEST

// Each has a streaming thread, and without a clock none waits for the other.
START_TEST(test_tracks_that_begin_behind_the_others_jump_go_on_in_step) {
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  Source& camera = simulation.add({.name = "video_0", .gop = 1s});
  Source& microphone = simulation.add(audio());
  for (Source* source : {&microphone, &camera}) {
    while (source->due() < 3s) ck_assert(source->emit().ok());
    source->jump(1h);
    for (int i = 0; i < 20; ++i) ck_assert(source->emit().ok());
  }
  end_all(simulation);
  const auto offset = [&](const Source& source, double frame) {
    const std::string& name = source.options().name;
    ck_assert_uint_eq(simulation.playlist(name).segments.back().discontinuity_sequence, 1);
    const Listed listed = read_all(simulation, name);
    ck_assert_uint_eq(listed.samples.size(), source.frames());
    const auto time = [&](size_t sample) {
      return static_cast<double>(listed.samples[sample].pts) / listed.track.timescale;
    };
    for (size_t i = 0; i < 90; ++i)
      ck_assert_msg(std::abs(time(i) - static_cast<double>(i) * frame) < 0.001, "%zu at %f s", i, time(i));
    return time(source.frames() - 1) - static_cast<double>(source.frames() - 1) * frame;
  };
  const double apart = offset(camera, 1.0 / 30) - offset(microphone, 1024.0 / 44'100);
  ck_assert_msg(std::abs(apart) < 0.001, "%f s apart", apart);
}
END_TEST

START_TEST(test_of_two_tracks_that_come_to_a_jump_at_once_the_first_says_where_it_leads) {
  Simulation simulation(settings());
  const segmenter::Anchor first{1, 5s}, second{1, 7s}, later{2, 7s};
  ck_assert(simulation.presentation->propose_anchor(first) == first);
  ck_assert(simulation.presentation->propose_anchor(second) == first);
  ck_assert(simulation.presentation->propose_anchor(later) == later);
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

// However long after the last gap was listed it comes: none of its segments is overdue before its boundary.
START_TEST(test_segments_behind_a_pause_end_at_their_boundaries) {
  Simulation::Settings brief = settings();
  brief.channel.segment_duration = 500ms;
  for (Duration pause = 300ms; pause < 4s; pause += 130ms) {
    Simulation simulation(brief);
    simulation.add(video());
    run(simulation, 21s);
    for (Duration passed{}; passed < pause; passed += 10ms) {
      simulation.clock.advance(10ms);
      if (passed % 100ms == 0ms) simulation.directory.tick();
    }
    simulation.presentation->set_anchor(simulation.clock.utc().time_since_epoch() - simulation.now);
    run(simulation, 25s);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    ck_assert_msg(playlist.independent_segments, "after %f s", to_seconds(pause));
    ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
  }
}
END_TEST

// What a source missed between two runs is no gap: nobody was to fill it.
START_TEST(test_restart_in_the_same_process_adds_no_gap) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 21s);
  simulation.restart(10s);
  simulation.add(video());
  run(simulation, simulation.now + 10s);
  for (const ListedSegment& segment : simulation.playlist("video_0").segments) ck_assert(!segment.gap);
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

// Groups that last 2.002 s come a frame later behind every boundary, sooner or later.
START_TEST(test_regular_gops_that_drift_against_the_grid_begin_segments) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .rate = {30'000, 1001}, .gop = 2002ms, .keyframes_on_request = false});
  run(simulation, 180s);
  ck_assert(simulation.playlist("video_0").independent_segments);
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
      test_stopped_source_gets_a_segment_in_time,
      {test_segments_behind_short_stalls_stand_alone, 12},
      test_late_frames_of_an_overdue_segment_are_kept,
      test_overdue_segments_are_followed_by_a_keyframe,
      test_dead_track_does_not_stall_the_others,
      test_jumps_of_the_source_clock_are_discontinuities_of_all_tracks,
      test_jump_of_one_clock_leaves_the_others_on_the_grid,
      test_tracks_that_begin_behind_the_others_jump_go_on_in_step,
      test_of_two_tracks_that_come_to_a_jump_at_once_the_first_says_where_it_leads,
      test_anchor_said_again_after_a_jump_changes_nothing,
      test_pause_and_resume_is_a_discontinuity,
      test_segments_behind_a_pause_end_at_their_boundaries,
      test_restart_in_the_same_process_adds_no_gap,
      test_small_difference_of_the_anchor_is_ignored,
      test_gops_that_ignore_requests_are_cut_at_their_keyframes,
      test_regular_gops_that_drift_against_the_grid_begin_segments,
      test_keyframes_that_stop_coming_are_not_waited_for,
      test_rubbish_is_an_error_and_the_stream_goes_on,
  };
  return run_tests("channel outages", tests, 300);
}
