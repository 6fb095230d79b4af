// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time: frame rates, bit rates and changes of format.
#include <cmath>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

START_TEST(test_frames_come_out_as_they_went_in) {
  for (const auto& [num, den] :
       std::vector<std::pair<uint32_t, uint32_t>>{{24'000, 1001}, {30'000, 1001}, {60'000, 1001}, {25, 1}}) {
    Simulation::Settings wanted = settings();
    wanted.channel.window = 0s;
    wanted.channel.live_source = false;
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

START_TEST(test_new_format_is_a_discontinuity_of_all_tracks_at_its_time) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  simulation.add(audio());
  run(simulation, 20s + 600ms);
  camera.change_format(640, 480);
  run(simulation, 41s);
  const auto first_behind = [&](const std::string& track) {
    const MediaPlaylist playlist = simulation.playlist(track);
    const auto found =
        std::find_if(playlist.segments.begin(), playlist.segments.end(),
                     [](const ListedSegment& segment) { return segment.discontinuity_sequence > 0; });
    ck_assert(found != playlist.segments.end());
    return *found;
  };
  const ListedSegment picture = first_behind("video_0"), sound = first_behind("audio_0");
  ck_assert_msg(std::abs(*picture.date - *sound.date) < 0.034, "%f s apart", *picture.date - *sound.date);
  ck_assert_uint_eq(picture.sequence, sound.sequence);
}
END_TEST

// Wherever in a segment it happens: a keyframe is asked for of the others, and what was hinted at stays there
// to be asked for.
START_TEST(test_new_format_of_one_rung_is_joined_by_the_others_at_once) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video("video_0"));
  simulation.add(video("video_1"));
  simulation.add(audio());
  const Duration at = 20s + _i * 100ms;
  run(simulation, at);
  camera.change_format(640, 480);
  for (Duration until = at; until < at + 3s; until += 10ms) {
    run(simulation, until);
    for (const auto& source : simulation.sources) simulation.check_hints(source->options().name);
  }
  run(simulation, 30s);
  std::vector<double> dates;
  for (const auto& source : simulation.sources) {
    const MediaPlaylist playlist = simulation.playlist(source->options().name);
    for (const ListedSegment& segment : playlist.segments) {
      if (segment.discontinuity_sequence == 0) continue;
      dates.push_back(*segment.date);
      break;
    }
  }
  ck_assert_uint_eq(dates.size(), 3);
  const auto [first, last] = std::minmax_element(dates.begin(), dates.end());
  ck_assert_msg(*last - *first < 0.11, "%f s apart", *last - *first);
}
END_TEST

START_TEST(test_frames_before_the_first_keyframe_are_warned_of_once) {
  Simulation simulation(settings());
  const StreamStart& stream = kStreamStarts[0];
  const auto id = simulation.presentation->add_track("video_0");
  const auto writer = channel::TrackWriter::start(simulation.presentation, *id, simulation.clock);
  media::Format format;
  format.codec = stream.codec;
  format.video.width = stream.width;
  format.video.height = stream.height;
  writer->set_format(format, from_hex(stream.out_of_band));
  for (const Duration time : {0ms, 40ms, 80ms}) {
    ck_assert(writer->push(from_hex(stream.other_sample), {time, time, 40ms}).ok());
  }
  ck_assert_uint_eq(simulation.warnings.size(), 1);
  ck_assert(warned(simulation, "'video_0' begins"));
  ck_assert_uint_eq(simulation.presentation->status().tracks[0].dropped, 3);
  ck_assert(writer->push(from_hex(stream.first_sample), {120ms, 120ms, 40ms}).ok());
  ck_assert(writer->push(from_hex(stream.other_sample), {160ms, 160ms, 40ms}).ok());
  ck_assert_uint_eq(simulation.presentation->status().tracks[0].dropped, 3);
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

// A parser that reads one damaged frame tells of a format that lasts as long.
START_TEST(test_impossible_format_in_between_costs_its_frames_only) {
  Simulation simulation(settings());
  Source& microphone = simulation.add(audio());
  run(simulation, 21s);
  media::Format damaged;
  damaged.codec = media::Codec::kAac;
  microphone.writer().set_format(damaged, from_hex("1200"));  // no channels
  run(simulation, 21s + 50ms);
  const uint64_t dropped = simulation.presentation->status().tracks[0].dropped;
  ck_assert_uint_ge(dropped, 1);
  ck_assert_uint_le(dropped, 3);
  ck_assert(warned(simulation, "AAC: the configuration in the caps is 1200, which is no valid codec_data"));
  microphone.change_format(0, 0);  // as it was
  run(simulation, 41s);
  ck_assert_uint_eq(simulation.presentation->status().tracks[0].dropped, dropped);
  ck_assert_uint_eq(simulation.warnings.size(), 1);
  const MediaPlaylist playlist = simulation.playlist("audio_0");
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 0);
  ck_assert_uint_ge(playlist.segments.size(), 8);
  simulation.check_fetchable("audio_0");
}
END_TEST

START_TEST(test_impossible_first_format_is_an_error) {
  Simulation simulation(settings());
  const auto id = simulation.presentation->add_track("audio_0");
  const auto writer = channel::TrackWriter::start(simulation.presentation, *id, simulation.clock);
  media::Format format;
  format.codec = media::Codec::kAac;
  writer->set_format(format, from_hex("1200"));
  const Status pushed = writer->push(from_hex("de02004c"), {0ms, 0ms, 21ms});
  ck_assert(!pushed.ok() && pushed.error().code == ErrorCode::kInvalid);
  // The stream may go on after it.
  writer->set_format(format, from_hex("1190"));
  ck_assert(writer->push(from_hex("de02004c"), {21ms, 21ms, 21ms}).ok());
}
END_TEST

START_TEST(test_bandwidth_is_measured) {
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .extra_bytes = 10'000});
  const auto bandwidth = [&simulation] {
    const auto multivariant = parse_multivariant_playlist(*simulation.get("index.m3u8"));
    return std::stod(multivariant.variants[0].attributes.at("BANDWIDTH"));
  };
  // Players that read it at the start should not be surprised by a later peak.
  run(simulation, 7s);
  ck_assert_msg(bandwidth() > 3.6e6 && bandwidth() < 3.9e6, "%f", bandwidth());
  run(simulation, 30s);
  ck_assert_msg(bandwidth() > 2.4e6 && bandwidth() < 2.6e6, "%f", bandwidth());
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_frames_come_out_as_they_went_in,
      test_hour_of_ntsc_audio_and_video_stays_in_step,
      test_slow_frame_rate_gives_one_frame_segments,
      test_new_format_is_a_new_init_segment_and_a_discontinuity,
      test_new_format_is_a_discontinuity_of_all_tracks_at_its_time,
      {test_new_format_of_one_rung_is_joined_by_the_others_at_once, 10},
      test_frames_before_the_first_keyframe_are_warned_of_once,
      test_same_format_again_changes_nothing,
      test_impossible_format_in_between_costs_its_frames_only,
      test_impossible_first_format_is_an_error,
      test_bandwidth_is_measured,
  };
  return run_tests("channel formats", tests, 300);
}
