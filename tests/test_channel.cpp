// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time: what players would see, in every version of every playlist.
#include <algorithm>
#include <cmath>
#include <set>

#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"
#include "tests/simulation.hpp"

using namespace tests;

namespace {

Simulation::Settings settings(timeline::PlaylistType type = timeline::PlaylistType::kLive) {
  Simulation::Settings settings;
  settings.channel.type = type;
  settings.channel.wall_clock = type != timeline::PlaylistType::kVod;
  return settings;
}

SourceOptions video(const std::string& name = "video_0") { return {.name = name}; }
SourceOptions audio(const std::string& name = "audio_0") { return {.name = name, .video = false}; }

void run(Simulation& simulation, Duration until) {
  const Status status = simulation.run_until(until);
  ck_assert_msg(status.ok(), "%s", status.ok() ? "" : status.error().message.c_str());
}

void end_all(Simulation& simulation) {
  for (const auto& source : simulation.sources) source->end();
}

// All samples that the track's playlist lists, in order.
struct Listed {
  Track track;
  std::vector<MediaSample> samples;
  std::vector<std::string> files;  // what the samples point into
};

Listed read_all(const Simulation& simulation, const std::string& track) {
  Listed listed;
  const MediaPlaylist playlist = simulation.playlist(track);
  listed.files.reserve(playlist.segments.size() + 1);
  const auto load = [&](const std::string& uri) {
    listed.files.push_back(*simulation.get(track + "/" + uri));
    const ByteSpan span = as_bytes(listed.files.back());
    return Span(span.data(), span.size());
  };
  listed.track = read_track(load(playlist.segments.front().map_uri));
  for (const ListedSegment& segment : playlist.segments) {
    if (segment.gap) continue;
    const auto samples = read_samples(listed.track, load(segment.uri));
    listed.samples.insert(listed.samples.end(), samples.begin(), samples.end());
  }
  return listed;
}

void check_contiguous(const Listed& listed) {
  for (size_t i = 1; i < listed.samples.size(); ++i) {
    const MediaSample& before = listed.samples[i - 1];
    ck_assert_msg(before.dts + before.duration == listed.samples[i].dts, "sample %zu", i);
  }
}

bool warned(const Simulation& simulation, const std::string& of) {
  return std::any_of(simulation.warnings.begin(), simulation.warnings.end(),
                     [&](const std::string& warning) { return warning.find(of) != std::string::npos; });
}

}  // namespace

START_TEST(test_live_segments_lie_on_the_utc_grid) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 40s);
  for (const char* track : {"video_0", "audio_0"}) {
    const MediaPlaylist playlist = simulation.playlist(track);
    ck_assert_int_eq(playlist.target_duration, 2);
    ck_assert_uint_eq(playlist.segments.front().sequence, 850'000'000);
    for (size_t i = 1; i < playlist.segments.size(); ++i) {
      const double date = *playlist.segments[i].date;
      ck_assert_msg(std::abs(date - 2.0 * playlist.segments[i].sequence) < 0.024, "%s %f", track, date);
    }
    simulation.check_fetchable(track);
    check_contiguous(read_all(simulation, track));
  }
  ck_assert(simulation.warnings.empty());
}
END_TEST

START_TEST(test_first_frame_just_before_a_boundary_counts_as_at_it) {
  Simulation::Settings wanted = settings();
  wanted.start = std::chrono::seconds(1'700'000'000) - 10ms;
  Simulation simulation(wanted);
  simulation.add(video());
  run(simulation, 10s);
  for (const ListedSegment& segment : simulation.playlist("video_0").segments) {
    ck_assert_msg(std::abs(*segment.date - 2.0 * segment.sequence) < 0.034, "%f", *segment.date);
  }
}
END_TEST

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
  for (uint64_t back = 1; back <= 15; ++back) ck_assert_msg(held(first - back), "%d back", static_cast<int>(back));
  run(simulation, 200s);
  ck_assert(!held(first - 1));
}
END_TEST

START_TEST(test_restart_goes_on_counting_with_a_discontinuity) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  const MediaPlaylist before = simulation.playlist("video_0");
  simulation.restart(5s);
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  const MediaPlaylist after = simulation.playlist("video_0");
  const auto tagged = std::find_if(after.segments.begin(), after.segments.end(),
                                   [](const ListedSegment& segment) { return segment.discontinuities > 0; });
  ck_assert(tagged != after.segments.end());
  ck_assert_uint_ge(tagged->sequence, before.segments.back().sequence);
  ck_assert(tagged->uri.substr(0, 8) != before.segments.back().uri.substr(0, 8));
  ck_assert_uint_eq(after.segments.back().discontinuity_sequence,
                    simulation.playlist("audio_0").segments.back().discontinuity_sequence);
  simulation.check_fetchable("video_0");
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
  const auto gaps = std::count_if(after.segments.begin(), after.segments.end(), [](const auto& s) { return s.gap; });
  ck_assert_int_ge(gaps, 3);
  ck_assert(!after.segments.back().gap);
  const double off_grid = std::fmod(*after.segments.back().date + 0.1, 2.0) - 0.1;
  ck_assert_msg(std::abs(off_grid) < 0.05, "%f s off the grid", off_grid);
  ck_assert_uint_eq(after.segments.back().discontinuity_sequence, 0);
  const auto audio_list = simulation.playlist("audio_0");
  for (const ListedSegment& segment : audio_list.segments) ck_assert(!segment.gap);
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

START_TEST(test_new_format_is_a_new_init_segment_and_a_discontinuity) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  const std::string old_map = simulation.playlist("video_0").segments.back().map_uri;
  camera.change_format(640, 480);
  run(simulation, 41s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_str_ne(playlist.segments.back().map_uri.c_str(), old_map.c_str());
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
  ck_assert_uint_eq(simulation.playlist("audio_0").segments.back().discontinuity_sequence, 1);
  simulation.check_fetchable("video_0");
  const auto multivariant = parse_multivariant_playlist(*simulation.get("index.m3u8"));
  ck_assert_str_eq(multivariant.variants[0].attributes.at("RESOLUTION").c_str(), "640x480");
  // Once the last segment that needs it has left and expired, the old init segment goes too.
  run(simulation, 240s);
  ck_assert(!simulation.get("video_0/" + old_map));
}
END_TEST

START_TEST(test_same_format_again_changes_nothing) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  run(simulation, 21s);
  camera.change_format(320, 240);
  run(simulation, 41s);
  ck_assert_uint_eq(simulation.playlist("video_0").segments.back().discontinuity_sequence, 0);
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

START_TEST(test_second_publisher_of_a_name_is_refused) {
  Simulation simulation(settings());
  const auto second = simulation.directory.open(settings().channel, nullptr);
  ck_assert(!second && second.error().code == ErrorCode::kExists);
  ck_assert_msg(second.error().message.find("live") != std::string::npos, "%s", second.error().message.c_str());
}
END_TEST

START_TEST(test_vod_is_offered_as_a_whole_and_starts_at_zero) {
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  simulation.add({.name = "video_0", .rate = {24'000, 1001}, .b_frames = 2});
  simulation.add(audio());
  run(simulation, 61s);
  ck_assert(!simulation.get("video_0/index.m3u8").has_value());
  ck_assert(!simulation.get("index.m3u8").has_value());
  end_all(simulation);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_str_eq(playlist.type.c_str(), "VOD");
  ck_assert(playlist.ended);
  ck_assert_uint_eq(playlist.media_sequence, 0);
  ck_assert(!playlist.segments[0].date.has_value());
  ck_assert(std::abs(playlist.duration() - 61.02) < 0.1);
  const Listed listed = read_all(simulation, "video_0");
  check_contiguous(listed);
  ck_assert_int_eq(listed.samples.front().dts, 0);
  ck_assert_int_eq(listed.samples.front().pts, 0);
  ck_assert_uint_eq(listed.samples.size(), simulation.sources[0]->frames());
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

START_TEST(test_event_ends_with_an_error_when_memory_is_short) {
  Simulation::Settings wanted = settings(timeline::PlaylistType::kEvent);
  wanted.memory_limit = 2 << 20;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .extra_bytes = 5000});
  const Status status = simulation.run_until(120s);
  ck_assert(!status && status.error().code == ErrorCode::kLimit);
  ck_assert_msg(status.error().message.find("memory-limit") != std::string::npos, "%s",
                status.error().message.c_str());
  simulation.check_fetchable("video_0");
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

START_TEST(test_track_that_a_new_run_does_not_have_goes_with_its_window) {
  Simulation::Settings wanted = settings();
  wanted.channel.window = 10s;
  Simulation simulation(wanted);
  simulation.add(video("video_0"));
  run(simulation, 20s);
  simulation.restart(2s);
  simulation.add(video("video_1"));
  run(simulation, 5s);
  ck_assert(simulation.get("video_0/index.m3u8").has_value());
  run(simulation, 40s);
  ck_assert(!simulation.get("video_0/index.m3u8").has_value());
  simulation.restart(2s);
  simulation.add(video("video_0"));
  run(simulation, 10s);
  simulation.check_fetchable("video_0");
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

START_TEST(test_frames_come_out_as_they_went_in) {
  for (const auto& [num, den] : std::vector<std::pair<uint32_t, uint32_t>>{{24'000, 1001}, {30'000, 1001}, {60'000, 1001}, {25, 1}}) {
    Simulation::Settings wanted = settings();
    wanted.channel.window = 0s;
    Simulation simulation(wanted);
    simulation.add({.name = "video_0", .rate = {num, den}, .b_frames = 2, .extra_bytes = 100});
    run(simulation, 30s);
    end_all(simulation);
    const Listed listed = read_all(simulation, "video_0");
    ck_assert_uint_eq(listed.samples.size(), simulation.sources[0]->frames());
    check_contiguous(listed);
    const int64_t frame = int64_t{listed.track.timescale} * den / num;
    for (size_t i = 0; i < listed.samples.size(); ++i) {
      ck_assert_int_eq(listed.samples[i].pts - listed.samples[0].pts, static_cast<int64_t>(i) * frame);
      ck_assert_int_eq(listed.samples[i].duration, frame);
    }
  }
}
END_TEST

START_TEST(test_hour_of_ntsc_audio_and_video_stays_in_step) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .rate = {30'000, 1001}});
  simulation.add(audio());
  run(simulation, 3600s);
  const MediaPlaylist picture = simulation.playlist("video_0");
  const MediaPlaylist sound = simulation.playlist("audio_0");
  const ListedSegment& a = picture.segments.back();
  const ListedSegment& b = sound.segments.at(a.sequence - sound.media_sequence);
  ck_assert_msg(std::abs(*a.date - *b.date) < 0.034, "%f s apart after an hour", *a.date - *b.date);
  ck_assert_uint_eq(a.discontinuity_sequence, 0);
}
END_TEST

START_TEST(test_slow_frame_rate_gives_one_frame_segments) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .rate = {1, 2}});
  run(simulation, 60s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_ge(playlist.segments.size(), 25);
  check_contiguous(read_all(simulation, "video_0"));
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

START_TEST(test_audio_that_starts_seconds_earlier_is_not_held_up) {
  Simulation simulation(settings());
  simulation.add(audio());
  run(simulation, 12s);
  ck_assert_uint_ge(simulation.playlist("audio_0").segments.size(), 5);
  simulation.add(video());
  run(simulation, 30s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_eq(playlist.segments.back().sequence, simulation.playlist("audio_0").segments.back().sequence);
  ck_assert_uint_eq(parse_multivariant_playlist(*simulation.get("index.m3u8")).variants.size(), 1);
}
END_TEST

START_TEST(test_announced_track_without_data_is_waited_for_only_so_long) {
  Simulation simulation(settings());
  simulation.add(video());
  ck_assert(simulation.presentation->add_track("audio_0").ok());
  run(simulation, 3s);
  ck_assert(!simulation.get("index.m3u8").has_value());
  run(simulation, 12s);
  ck_assert(simulation.get("index.m3u8").has_value());
}
END_TEST

START_TEST(test_ladder_has_aligned_segments) {
  Simulation simulation(settings());
  for (const char* name : {"video_0", "video_1", "video_2"}) simulation.add(video(name));
  run(simulation, 60s);
  const MediaPlaylist first = simulation.playlist("video_0");
  for (const char* name : {"video_1", "video_2"}) {
    const MediaPlaylist other = simulation.playlist(name);
    ck_assert_uint_eq(first.media_sequence, other.media_sequence);
    for (size_t i = 0; i < std::min(first.segments.size(), other.segments.size()); ++i) {
      ck_assert(*first.segments[i].date == *other.segments[i].date);
    }
  }
}
END_TEST

START_TEST(test_bandwidth_is_measured) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .extra_bytes = 10'000});
  run(simulation, 30s);
  const auto multivariant = parse_multivariant_playlist(*simulation.get("index.m3u8"));
  const double bandwidth = std::stod(multivariant.variants[0].attributes.at("BANDWIDTH"));
  ck_assert_msg(bandwidth > 2.4e6 && bandwidth < 2.6e6, "%f", bandwidth);
}
END_TEST

START_TEST(test_wrong_options_are_named) {
  const auto message = [](auto change) {
    channel::Options options = settings().channel;
    change(options);
    const Status status = channel::validate(options);
    return status.ok() ? std::string() : status.error().message;
  };
  ck_assert(message([](auto& o) { o.name = "a/b"; }).find("a/b") != std::string::npos);
  ck_assert(message([](auto& o) { o.name = "api"; }).find("route") != std::string::npos);
  ck_assert(message([](auto& o) { o.name = ""; }).find("1 to") != std::string::npos);
  ck_assert(message([](auto& o) { o.segment_duration = 5ms; }).find("5 ms") != std::string::npos);
  ck_assert(message([](auto& o) { o.part_duration = 3s; }).find("3000 ms") != std::string::npos);
  ck_assert(message([](auto& o) { o.target_duration = 1; }).find("at least 2") != std::string::npos);
  ck_assert(message([](auto&) {}).empty());
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

int main() {
  Suite* suite = suite_create("channel");
  TCase* tcase = tcase_create("channel");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, test_live_segments_lie_on_the_utc_grid);
  tcase_add_test(tcase, test_first_frame_just_before_a_boundary_counts_as_at_it);
  tcase_add_test(tcase, test_memory_and_names_are_flat_once_the_window_is_full);
  tcase_add_test(tcase, test_segments_that_left_stay_fetchable_for_a_while);
  tcase_add_test(tcase, test_restart_goes_on_counting_with_a_discontinuity);
  tcase_add_test(tcase, test_gops_that_ignore_requests_are_cut_at_their_keyframes);
  tcase_add_test(tcase, test_keyframes_that_stop_coming_are_not_waited_for);
  tcase_add_test(tcase, test_outage_becomes_gaps_and_the_track_comes_back);
  tcase_add_test(tcase, test_dead_track_does_not_stall_the_others);
  tcase_add_test(tcase, test_jumps_of_the_source_clock_are_discontinuities_of_all_tracks);
  tcase_add_test(tcase, test_new_format_is_a_new_init_segment_and_a_discontinuity);
  tcase_add_test(tcase, test_same_format_again_changes_nothing);
  tcase_add_test(tcase, test_pause_and_resume_is_a_discontinuity);
  tcase_add_test(tcase, test_small_difference_of_the_anchor_is_ignored);
  tcase_add_test(tcase, test_end_of_one_track_and_of_all);
  tcase_add_test(tcase, test_stopping_does_not_end);
  tcase_add_test(tcase, test_a_stream_shorter_than_a_segment_is_listed_at_its_end);
  tcase_add_test(tcase, test_ended_presentation_goes_after_its_retention);
  tcase_add_test(tcase, test_second_publisher_of_a_name_is_refused);
  tcase_add_test(tcase, test_vod_is_offered_as_a_whole_and_starts_at_zero);
  tcase_add_test(tcase, test_vod_that_is_left_vanishes);
  tcase_add_test(tcase, test_event_keeps_its_first_segment);
  tcase_add_test(tcase, test_live_loses_its_oldest_when_memory_is_short);
  tcase_add_test(tcase, test_event_ends_with_an_error_when_memory_is_short);
  tcase_add_test(tcase, test_a_track_that_has_ended_gives_up_its_memory_first);
  tcase_add_test(tcase, test_track_that_a_new_run_does_not_have_goes_with_its_window);
  tcase_add_test(tcase, test_anchor_said_again_after_a_jump_changes_nothing);
  tcase_add_test(tcase, test_a_budget_below_three_targets_never_stops_a_live_stream);
  tcase_add_test(tcase, test_frames_come_out_as_they_went_in);
  tcase_add_test(tcase, test_hour_of_ntsc_audio_and_video_stays_in_step);
  tcase_add_test(tcase, test_slow_frame_rate_gives_one_frame_segments);
  tcase_add_test(tcase, test_frames_of_two_megabytes);
  tcase_add_test(tcase, test_audio_that_starts_seconds_earlier_is_not_held_up);
  tcase_add_test(tcase, test_announced_track_without_data_is_waited_for_only_so_long);
  tcase_add_test(tcase, test_ladder_has_aligned_segments);
  tcase_add_test(tcase, test_bandwidth_is_measured);
  tcase_add_test(tcase, test_wrong_options_are_named);
  tcase_add_test(tcase, test_rubbish_is_an_error_and_the_stream_goes_on);
  suite_add_tcase(suite, tcase);
  return run_suite(suite);
}
