// SPDX-License-Identifier: LGPL-2.1-or-later
// Processes that are killed and started again, in simulated time: nothing is left of a run but what players
// and caches remember. And what a run does so that no number comes back.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

// What was listed under each number, over all runs.
class Ledger {
 public:
  // `whole`: discontinuity sequence numbers are remembered from run to run, and each run has new ones.
  explicit Ledger(bool whole = false) : whole_(whole) {}
  void note(const Simulation& simulation, const std::string& track) {
    const auto text = simulation.get(track + "/index.m3u8");
    if (!text) return;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("#EXT-X-PART:")) note_name(track, line.substr(line.find("URI=\"") + 5));
      if (line.find(".m4s") != std::string::npos && line.front() != '#') note_name(track, line);
    }
    const MediaPlaylist playlist = parse_media_playlist(*text);
    check_never_less(media_sequence_[track], playlist.media_sequence);
    if (!whole_ || playlist.segments.empty()) return;
    check_never_less(discontinuity_sequence_[track], playlist.discontinuity_sequence);
    for (const ListedSegment& segment : playlist.segments) note_run(track, segment);
  }
  size_t size() const { return names_.size(); }

 private:
  void note_run(const std::string& track, const ListedSegment& segment) {
    const std::string run = segment.uri.substr(0, segment.uri.find('/'));
    const auto [known, is_new] =
        runs_.try_emplace(track + std::to_string(segment.discontinuity_sequence), run);
    ck_assert_msg(known->second == run, "discontinuity %lu is one of two runs",
                  static_cast<unsigned long>(segment.discontinuity_sequence));
  }
  // "run/850000001.2.m4s": what comes behind the run is a name once and for all.
  void note_name(const std::string& track, const std::string& uri) {
    const std::string name = uri.substr(0, uri.find(".m4s"));
    const auto [known, is_new] = names_.try_emplace(track + name.substr(name.find('/')), name);
    ck_assert_msg(known->second == name, "%s was listed, and is %s", known->second.c_str(), name.c_str());
  }
  static void check_never_less(uint64_t& newest, uint64_t number) {
    ck_assert_msg(number >= newest, "%lu after %lu", static_cast<unsigned long>(number),
                  static_cast<unsigned long>(newest));
    newest = number;
  }

  const bool whole_;
  std::map<std::string, std::string> names_, runs_;
  std::map<std::string, uint64_t> media_sequence_, discontinuity_sequence_;
};

void run_noting(Simulation& simulation, Duration until, Ledger& ledger) {
  for (Duration time = simulation.now; time < until;) {
    time = std::min(until, time + 50ms);  // when perhaps nothing happens
    run(simulation, time);
    for (const auto& source : simulation.sources) ledger.note(simulation, source->options().name);
  }
}

// The newest number, and when its segment began.
std::pair<int64_t, double> newest(const Simulation& simulation, const std::string& track) {
  const ListedSegment segment = simulation.playlist(track).segments.back();
  return {static_cast<int64_t>(segment.sequence), *segment.date};
}

// Whether its number is greater than that of its slot.
bool is_ahead(const Simulation& simulation, const std::string& track) {
  const auto [number, date] = newest(simulation, track);
  return static_cast<double>(number) > std::floor((date + 0.05) / 2);
}

bool on_grid(const Simulation& simulation, const std::string& track) {
  const auto [number, date] = newest(simulation, track);
  return std::abs(date - 2.0 * static_cast<double>(number)) < 0.05;
}

START_TEST(test_no_number_comes_back_however_soon_a_process_does) {
  for (const Duration part : {0ms, 500ms}) {
    Ledger ledger;
    Simulation::Settings wanted = settings();
    wanted.channel.part_duration = part;
    for (int i = 0; i < 30; ++i) {
      Simulation simulation(wanted);
      if (i % 3) simulation.add(video());
      simulation.add(audio());
      run_noting(simulation, (i * 7) % 30 * 300ms, ledger);
      simulation.clock.advance(20ms);
      wanted.start = simulation.clock.utc().time_since_epoch();
    }
    ck_assert_uint_gt(ledger.size(), part > 0s ? 200 : 40);
  }
}
END_TEST

START_TEST(test_what_comes_before_the_first_boundary_of_a_live_source_is_not_listed) {
  for (const bool with_video : {true, false}) {
    Simulation simulation(settings());
    if (with_video) simulation.add(video());
    simulation.add(audio());
    run(simulation, 3s + 600ms);  // 1.7 s of it in the first slot
    ck_assert(!simulation.get("audio_0/index.m3u8"));
    run(simulation, 4s);
    for (const auto& source : simulation.sources) {
      const ListedSegment first = simulation.playlist(source->options().name).segments.front();
      ck_assert_uint_eq(first.sequence, kFirstNumber);
      ck_assert_msg(std::abs(*first.date - 2.0 * kFirstNumber) < 0.04, "%f", *first.date);
      ck_assert_msg(std::abs(first.duration - 2.0) < 0.04, "%f", first.duration);
      simulation.check_fetchable(source->options().name);
    }
    for (const channel::SegmentAdded& segment : simulation.added) {
      ck_assert_uint_ge(segment.sequence, kFirstNumber);
      ck_assert(segment.running_time > 1600ms);
    }
    ck_assert_uint_eq(simulation.added.size(), simulation.sources.size());
  }
}
END_TEST

START_TEST(test_nothing_is_lost_of_a_stream_that_ends_before_the_first_boundary) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 900ms);
  end_all(simulation);
  for (const auto& source : simulation.sources) {
    const std::string& track = source->options().name;
    const MediaPlaylist playlist = simulation.playlist(track);
    ck_assert(playlist.ended);
    ck_assert_uint_eq(playlist.segments.size(), 1);
    ck_assert_uint_eq(playlist.media_sequence, kFirstNumber);
    ck_assert_uint_eq(read_all(simulation, track).samples.size(), source->frames());
    ck_assert(simulation.get(track + "/" + playlist.segments[0].uri).has_value());
  }
  ck_assert_uint_eq(simulation.added.size(), 2);
}
END_TEST

START_TEST(test_first_segment_that_goes_on_past_its_slot_is_kept) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .gop = 8s, .keyframes_on_request = false});
  run(simulation, 60s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_eq(playlist.media_sequence, kFirstNumber);
  ck_assert(std::abs(*playlist.segments[0].date - 1'700'000'000.3) < 0.001);
  ck_assert_uint_eq(read_all(simulation, "video_0").samples.size(), (playlist.segments.size()) * 240);
}
END_TEST

START_TEST(test_parts_of_a_first_segment_that_is_kept_are_there) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .gop = 4s, .keyframes_on_request = false});
  run(simulation, 9s);
  const std::string text = *simulation.get("video_0/index.m3u8");
  size_t parts = 0;
  for (size_t at = text.find("#EXT-X-PART:"); at != std::string::npos;
       at = text.find("#EXT-X-PART:", at + 1)) {
    const size_t uri = text.find("URI=\"", at) + 5;
    ck_assert(simulation.get("video_0/" + text.substr(uri, text.find('"', uri) - uri)).has_value());
    ++parts;
  }
  ck_assert_uint_ge(parts, 16);
}
END_TEST

START_TEST(test_all_of_a_source_that_is_not_live_is_kept) {
  Simulation::Settings wanted = settings();
  wanted.channel.live_source = false;
  wanted.channel.window = 0s;
  Simulation simulation(wanted);
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 40s);
  for (const auto& source : simulation.sources) {
    const std::string& track = source->options().name;
    ck_assert_uint_eq(simulation.playlist(track).media_sequence, kFirstNumber);
    ck_assert_msg(std::abs(*simulation.playlist(track).segments[0].date - 1'700'000'000.3) < 0.03, "%f",
                  *simulation.playlist(track).segments[0].date);
    ck_assert(on_grid(simulation, track));
  }
  end_all(simulation);
  ck_assert_uint_eq(read_all(simulation, "video_0").samples.size(), simulation.sources[0]->frames());
}
END_TEST

// On request or not, in the middle of the stream or at its beginning.
START_TEST(test_numbers_ahead_of_the_grid_are_given_back) {
  for (const Duration gop : {0ms, 500ms}) {
    for (const Duration at : {700ms, 20s + 700ms}) {
      Simulation simulation(settings());
      Source& camera = simulation.add({.name = "video_0", .gop = gop});
      simulation.add(audio());
      for (int i = 0; i < 3; ++i) {
        run(simulation, at + 300ms * i);
        camera.change_format(i % 2 ? 320 : 640, i % 2 ? 240 : 480);
      }
      run(simulation, at + 6s);
      // Nothing was listed yet at the beginning.
      ck_assert(is_ahead(simulation, "video_0") == (at > 1s));
      run(simulation, at + 60s);
      for (const char* track : {"video_0", "audio_0"}) {
        const MediaPlaylist playlist = simulation.playlist(track);
        ck_assert_msg(!is_ahead(simulation, track), "%s %d", track, static_cast<int>(at / 1s));
        ck_assert(gop > 0s || on_grid(simulation, track));
        ck_assert(playlist.independent_segments);
        ck_assert(gop > 0s || playlist.target_duration == 2);
      }
      ck_assert(simulation.warnings.empty());
    }
  }
}
END_TEST

// Wherever between two frames its planned end may lie.
START_TEST(test_stretched_segments_begin_with_keyframes) {
  for (const Duration segment : {1s, 2s}) {
    for (const uint32_t rate : {10u, 24u, 30u, 60u}) {
      for (Duration start = 0ms; start < 1s; start += 17003us) {
        Simulation::Settings wanted = settings();
        wanted.start += start;
        wanted.channel.segment_duration = segment;
        wanted.channel.live_source = false;
        Simulation simulation(wanted);
        simulation.add({.name = "video_0", .rate = {rate, 1}});
        run(simulation, 14s);
        const MediaPlaylist playlist = simulation.playlist("video_0");
        ck_assert_msg(playlist.independent_segments, "%u frames/s, %d ms", rate,
                      static_cast<int>(start / 1ms));
        ck_assert_int_eq(playlist.target_duration, segment / 1s);
      }
    }
  }
}
END_TEST

START_TEST(test_ladder_stays_aligned_while_numbers_are_given_back) {
  Simulation::Settings wanted = settings();
  wanted.channel.window = 0s;
  Simulation simulation(wanted);
  const std::vector<std::string> tracks = {"video_0", "video_1", "audio_0"};
  Source& one = simulation.add(video("video_0"));
  Source& other = simulation.add({.name = "video_1", .rate = {15, 1}});
  simulation.add(audio());
  for (int i = 0; i < 3; ++i) {
    run(simulation, 10s + 433ms + 300ms * i);
    for (Source* source : {&one, &other}) source->change_format(i % 2 ? 320 : 640, i % 2 ? 240 : 480);
  }
  run(simulation, 60s);
  const MediaPlaylist first = simulation.playlist("video_0");
  size_t stretched = 0;
  for (const std::string& track : tracks) {
    const MediaPlaylist playlist = simulation.playlist(track);
    ck_assert_uint_eq(playlist.media_sequence, first.media_sequence);
    for (size_t i = 0; i < std::min(playlist.segments.size(), first.segments.size()); ++i) {
      const ListedSegment &a = playlist.segments[i], &b = first.segments[i];
      ck_assert_msg(std::abs(*a.date - *b.date) < 0.07, "%s %zu: %f s apart", track.c_str(), i,
                    *a.date - *b.date);
      ck_assert_uint_eq(a.discontinuity_sequence, b.discontinuity_sequence);
      ck_assert(std::lround(a.duration) <= 2);
      stretched += a.duration > 2.1;
    }
    ck_assert(on_grid(simulation, track));
  }
  ck_assert_uint_ge(stretched, 15);
}
END_TEST

// One rung gets a new format where the other has no keyframe.
START_TEST(test_rung_that_does_not_change_keeps_its_keyframes) {
  for (const Duration at : {10'433ms, 11'900ms, 11'000ms}) {
    Simulation simulation(settings());
    Source& one = simulation.add(video("video_0"));
    simulation.add(video("video_1"));
    simulation.add(audio());
    for (int i = 0; i < 3; ++i) {
      run(simulation, at + 500ms * i);
      one.change_format(i % 2 ? 320 : 640, i % 2 ? 240 : 480);
    }
    run(simulation, 60s);
    for (const char* track : {"video_0", "video_1"}) {
      ck_assert(simulation.playlist(track).independent_segments);
      ck_assert(!is_ahead(simulation, track));
    }
    ck_assert(simulation.warnings.empty());
  }
}
END_TEST

// By the time that numbers and grid agree again, at the latest.
START_TEST(test_restart_after_three_new_formats) {
  for (const bool at_once : {true, false}) {
    Ledger ledger;
    Simulation::Settings wanted = settings();
    for (int life = 0; life < 4; ++life) {
      Simulation simulation(wanted);
      Source& camera = simulation.add(video());
      simulation.add(audio());
      for (int i = 0; i < 3; ++i) {
        run_noting(simulation, 6s + 300ms * i, ledger);
        camera.change_format(i % 2 ? 320 : 640, i % 2 ? 240 : 480);
      }
      run_noting(simulation, 7s, ledger);
      if (at_once) {
        // The numbers used so far are those of slots to come: it takes until the last of them to come back.
        const UtcTime caught_up(2s * static_cast<int64_t>(newest(simulation, "video_0").first + 1));
        simulation.clock.advance(std::max<Duration>(caught_up + 100ms - simulation.clock.utc(), 0s));
      } else {
        while (!on_grid(simulation, "video_0")) run_noting(simulation, simulation.now + 100ms, ledger);
      }
      wanted.start = simulation.clock.utc().time_since_epoch();
    }
  }
}
END_TEST

// A folder that goes with what is in it.
class Folder {
 public:
  Folder()
      : parent_(GCharPtr(g_dir_make_tmp("numbers-XXXXXX", nullptr)).get()),
        path_(parent_ + "/127.0.0.1-8080") {
    ck_assert_int_eq(g_mkdir_with_parents(path_.c_str(), 0700), 0);
  }
  ~Folder() { std::filesystem::remove_all(parent_); }
  const std::string& path() const { return path_; }
  // Of the file in it; empty: there is none.
  std::string content() const {
    gchar* text = nullptr;
    if (!g_file_get_contents((path_ + "/live.numbers").c_str(), &text, nullptr, nullptr)) return {};
    return GCharPtr(text).get();
  }

 private:
  const std::string parent_, path_;
};

// Where numbers are remembered, nobody has to wait for their time.
START_TEST(test_restart_at_once_after_new_formats) {
  const Folder folder;
  Ledger ledger(true);
  Simulation::Settings wanted = settings();
  wanted.numbers_folder = folder.path() + "/made/when/needed";
  for (int life = 0; life < 12; ++life) {
    Simulation simulation(wanted);
    Source& camera = simulation.add(video());
    simulation.add(audio());
    for (int i = 0; i < life % 4; ++i) {
      run_noting(simulation, 4s + 300ms * i, ledger);
      camera.change_format(i % 2 ? 320 : 640, i % 2 ? 240 : 480);
    }
    run_noting(simulation, 6s + 250ms * life, ledger);
    if (life % 3 == 2) {  // gaps have numbers as well
      for (const auto& source : simulation.sources) source->pause_until(60s);
      run_noting(simulation, 18s, ledger);
    }
    wanted.start = simulation.clock.utc().time_since_epoch() + 100ms;
  }
  // And given back as ever.
  Simulation simulation(wanted);
  simulation.add(video());
  run_noting(simulation, 240s, ledger);
  ck_assert(!is_ahead(simulation, "video_0"));
  ck_assert(on_grid(simulation, "video_0"));
}
END_TEST

START_TEST(test_numbers_on_the_grid_are_not_remembered) {
  const Folder folder;
  Simulation::Settings wanted = settings();
  wanted.numbers_folder = folder.path();
  Simulation simulation(wanted);
  Source& camera = simulation.add(video());
  simulation.add(audio());
  run(simulation, 20s + 700ms);
  // With the target duration, and what it is for.
  const std::string constants = " 2 2000000000";
  ck_assert(folder.content() == "0 1" + constants);
  camera.change_format(640, 480);
  run(simulation, 24s);
  const std::string ahead = std::to_string(newest(simulation, "video_0").first + 1) + " 2" + constants;
  ck_assert(folder.content() == ahead);
  run(simulation, 60s);
  ck_assert(folder.content() == "0 2" + constants);
}
END_TEST

// RFC 8216bis 4.4.3.1: whatever distance of keyframes a process sees first.
START_TEST(test_target_duration_outlives_a_process) {
  const Folder folder;
  Simulation::Settings wanted = settings();
  wanted.numbers_folder = folder.path();
  uint64_t target = 0;
  for (const Duration gop : {3400ms, 2000ms, 3400ms, 1000ms}) {
    Simulation simulation(wanted);
    simulation.add({.name = "video_0", .gop = gop, .keyframes_on_request = false});
    simulation.add(audio());
    run(simulation, 20s);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    if (target == 0) target = playlist.target_duration;
    ck_assert_uint_eq(playlist.target_duration, target);
    wanted.start = simulation.clock.utc().time_since_epoch() + 100ms;
  }
  // Segments of another length are another matter, and so are keyframes that are too far apart.
  for (const auto& [segment, gop, expected] : {std::tuple(1s, 1000ms, 2), {2s, 9000ms, 11}}) {
    Simulation::Settings other = wanted;
    other.channel.segment_duration = segment;
    other.channel.gop_limit = 10s;
    Simulation simulation(other);
    simulation.add({.name = "video_0", .gop = gop, .keyframes_on_request = false});
    run(simulation, 40s);
    ck_assert_int_eq(static_cast<int>(simulation.playlist("video_0").target_duration), expected);
    wanted.start = simulation.clock.utc().time_since_epoch() + 100ms;
  }
}
END_TEST

// Damaged, or of another time of day.
START_TEST(test_what_cannot_be_is_not_taken_for_a_number) {
  for (const char* text : {"", "850000005", "850000005 or so", "-850000005 0",
                           "99999999999999999999999999 99999999999999", "950000005 0", "7 0", "0 1000000"}) {
    const Folder folder;
    Simulation::Settings wanted = settings();
    wanted.numbers_folder = folder.path();
    ck_assert(g_file_set_contents((folder.path() + "/live.numbers").c_str(), text, -1, nullptr));
    Simulation simulation(wanted);
    simulation.add(video());
    run(simulation, 10s);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    ck_assert_uint_eq(playlist.segments.front().sequence, kFirstNumber);
    ck_assert_uint_eq(playlist.discontinuity_sequence, 0);
  }
}
END_TEST

START_TEST(test_track_that_begins_later_has_the_numbers_of_the_others) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  run(simulation, 20s + 700ms);
  camera.change_format(640, 480);
  run(simulation, 22s);
  simulation.add(audio());
  run(simulation, 40s);
  const MediaPlaylist picture = simulation.playlist("video_0"), sound = simulation.playlist("audio_0");
  ck_assert_uint_eq(picture.segments.back().sequence, sound.segments.back().sequence);
  ck_assert(std::abs(*picture.segments.back().date - *sound.segments.back().date) < 0.04);
  ck_assert_uint_eq(picture.segments.back().discontinuity_sequence,
                    sound.segments.back().discontinuity_sequence);
}
END_TEST

START_TEST(test_ondemand_and_files_written_fast_count_from_zero) {
  for (const auto type : {timeline::PlaylistType::kVod, timeline::PlaylistType::kEvent}) {
    Simulation::Settings wanted = settings(type);
    wanted.channel.wall_clock = false;
    Simulation simulation(wanted);
    Source& camera = simulation.add(video());
    run(simulation, 5s + 700ms);
    camera.change_format(640, 480);
    run(simulation, 11s);
    end_all(simulation);
    const MediaPlaylist playlist = simulation.playlist("video_0");
    ck_assert_uint_eq(playlist.media_sequence, 0);
    ck_assert_uint_eq(playlist.discontinuity_sequence, 0);
    ck_assert_uint_eq(read_all(simulation, "video_0").samples.size(), camera.frames());
    for (const ListedSegment& segment : playlist.segments) ck_assert(segment.duration < 2.05);
  }
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_no_number_comes_back_however_soon_a_process_does,
      test_what_comes_before_the_first_boundary_of_a_live_source_is_not_listed,
      test_nothing_is_lost_of_a_stream_that_ends_before_the_first_boundary,
      test_first_segment_that_goes_on_past_its_slot_is_kept,
      test_parts_of_a_first_segment_that_is_kept_are_there,
      test_all_of_a_source_that_is_not_live_is_kept,
      test_numbers_ahead_of_the_grid_are_given_back,
      test_stretched_segments_begin_with_keyframes,
      test_ladder_stays_aligned_while_numbers_are_given_back,
      test_rung_that_does_not_change_keeps_its_keyframes,
      test_restart_after_three_new_formats,
      test_restart_at_once_after_new_formats,
      test_numbers_on_the_grid_are_not_remembered,
      test_target_duration_outlives_a_process,
      test_what_cannot_be_is_not_taken_for_a_number,
      test_track_that_begins_later_has_the_numbers_of_the_others,
      test_ondemand_and_files_written_fast_count_from_zero,
  };
  return run_tests("channel restarts", tests, 300);
}
