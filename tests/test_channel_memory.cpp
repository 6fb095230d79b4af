// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time: what they keep, for how long, and what goes when memory is short.
#include <malloc.h>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

START_TEST(test_memory_and_names_are_flat_once_the_window_is_full) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .extra_bytes = 5000});
  simulation.add(audio());
  run(simulation, 200s);
  const store::Stats before = simulation.store.stats();
  run(simulation, 800s);
  const store::Stats after = simulation.store.stats();
  ck_assert_msg(after.used_bytes < before.used_bytes * 105 / 100, "%zu then %zu bytes",
                static_cast<size_t>(before.used_bytes), static_cast<size_t>(after.used_bytes));
  ck_assert_uint_le(after.objects, before.objects + 4);
  ck_assert_uint_gt(after.expired, 500);
}
END_TEST

START_TEST(test_segments_that_left_stay_fetchable_for_a_while) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 100s);
  const uint64_t first = simulation.playlist("video_0").media_sequence;
  const std::string run_id = simulation.playlist("video_0").segments[0].uri.substr(0, 8);
  const auto held = [&](uint64_t sequence) {
    return simulation.get("video_0/" + run_id + "/" + std::to_string(sequence) + ".m4s").has_value();
  };
  // RFC 8216bis 6.2.2: the segment's own duration plus the playlist's, 62 s of which some have passed.
  for (uint64_t back = 1; back <= 15; ++back)
    ck_assert_msg(held(first - back), "%d back", static_cast<int>(back));
  run(simulation, 200s);
  ck_assert(!held(first - 1));
}
END_TEST

START_TEST(test_event_keeps_its_first_segment) {
  Simulation simulation(settings(timeline::PlaylistType::kEvent));
  simulation.add(video());
  run(simulation, 300s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_str_eq(playlist.type.c_str(), "EVENT");
  ck_assert_uint_ge(playlist.segments.size(), 149);
  simulation.check_fetchable("video_0");
}
END_TEST

// 0 where a sanitizer has an allocator of its own.
size_t heap_in_use() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

START_TEST(test_memory_that_grows_is_counted) {
  if (heap_in_use() == 0) return;
  Simulation::Settings wanted = settings(timeline::PlaylistType::kEvent);
  wanted.check_playlists = false;
  Simulation simulation(wanted);
  simulation.add(video());
  run(simulation, 2000s);
  simulation.added = {};
  const auto heap = static_cast<double>(heap_in_use());
  const auto counted = static_cast<double>(simulation.store.stats().used_bytes);
  run(simulation, 8000s);
  simulation.added = {};
  const double share = (static_cast<double>(simulation.store.stats().used_bytes) - counted) /
                       (static_cast<double>(heap_in_use()) - heap);
  ck_assert_msg(share > 0.9 && share < 1.2, "%f of what the heap grew by", share);
}
END_TEST

START_TEST(test_live_loses_its_oldest_when_memory_is_short) {
  Simulation::Settings wanted = settings();
  wanted.memory_limit = 4 << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .extra_bytes = 5000});  // 150 kB/s: the window would take 9 MB
  simulation.add(audio());
  run(simulation, 120s);
  ck_assert_uint_le(simulation.store.budget()->peak(), wanted.memory_limit + 300'000);
  ck_assert(warned(simulation, "memory-limit"));
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert(playlist.duration() >= 6 && playlist.duration() < 40);
  simulation.check_fetchable("video_0");
  simulation.check_fetchable("audio_0");
}
END_TEST

START_TEST(test_a_track_that_has_ended_gives_up_its_memory_first) {
  Simulation::Settings wanted = settings();
  wanted.memory_limit = 4 << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .extra_bytes = 5000});
  Source& microphone = simulation.add(audio());
  run(simulation, 8s);
  microphone.end();
  run(simulation, 120s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  for (const ListedSegment& segment : playlist.segments) ck_assert(!segment.gap);
  ck_assert_uint_eq(playlist.segments.back().sequence, 850'000'059);
}
END_TEST

START_TEST(test_a_budget_below_three_targets_never_stops_a_live_stream) {
  Simulation::Settings wanted = settings();
  wanted.memory_limit = 1 << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .extra_bytes = 20'000});  // 1.2 MB a segment
  run(simulation, 60s);
  ck_assert(warned(simulation, "memory-limit"));
  // The playlist goes on, whatever is lost.
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_ge(playlist.segments.back().sequence, 850'000'027);
}
END_TEST

START_TEST(test_what_may_lose_nothing_ends_with_an_error_that_advises) {
  const bool event = _i == 0;
  Simulation::Settings wanted =
      settings(event ? timeline::PlaylistType::kEvent : timeline::PlaylistType::kVod);
  wanted.memory_limit = 2 << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .extra_bytes = 5000});
  const Status status = simulation.run_until(120s);
  ck_assert(!status && status.error().code == ErrorCode::kLimit);
  const std::string& message = status.error().message;
  ck_assert_msg(message.starts_with("memory-limit of 2097152 bytes is reached (") &&
                    message.find(" in use, ") != std::string::npos &&
                    message.find("'live'") != std::string::npos &&
                    message.find("raise memory-limit") != std::string::npos,
                "%s", message.c_str());
  ck_assert((message.find("playlist-type=live with a window") != std::string::npos) == event);
  end_all(simulation);
  simulation.check_fetchable("video_0");
}
END_TEST

START_TEST(test_frames_of_two_megabytes) {
  Simulation::Settings wanted = settings();
  wanted.channel.window = 6s;
  wanted.memory_limit = 1200u << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .rate = {25, 1}, .extra_bytes = 2 << 20});
  run(simulation, 12s);
  const Listed listed = read_all(simulation, "video_0");
  for (const MediaSample& sample : listed.samples) ck_assert_uint_ge(sample.data.size(), 2 << 20);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_memory_and_names_are_flat_once_the_window_is_full,
      test_segments_that_left_stay_fetchable_for_a_while,
      test_event_keeps_its_first_segment,
      test_memory_that_grows_is_counted,
      test_live_loses_its_oldest_when_memory_is_short,
      test_a_track_that_has_ended_gives_up_its_memory_first,
      test_a_budget_below_three_targets_never_stops_a_live_stream,
      {test_what_may_lose_nothing_ends_with_an_error_that_advises, 2},
      test_frames_of_two_megabytes,
  };
  return run_tests("channel memory", tests, 300);
}
