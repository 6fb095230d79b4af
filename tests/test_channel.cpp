// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time: how they begin, what players see, and how they end.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

START_TEST(test_live_segments_lie_on_the_utc_grid) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 40s);
  for (const char* track : {"video_0", "audio_0"}) {
    const MediaPlaylist playlist = simulation.playlist(track);
    ck_assert_int_eq(playlist.target_duration, 2);
    ck_assert_uint_eq(playlist.segments.front().sequence, kFirstNumber);
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

START_TEST(test_audio_that_starts_seconds_earlier_is_not_held_up) {
  Simulation simulation(settings());
  simulation.add(audio());
  run(simulation, 12s);
  ck_assert_uint_ge(simulation.playlist("audio_0").segments.size(), 5);
  simulation.add(video());
  run(simulation, 30s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_eq(playlist.segments.back().sequence,
                    simulation.playlist("audio_0").segments.back().sequence);
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

// Encoders may take half a second to begin.
START_TEST(test_who_asks_from_the_start_is_held_until_absent_tracks_are_given_up) {
  for (const Duration segment : {1s, 2s, 4s}) {
    Simulation::Settings wanted = settings();
    wanted.channel.segment_duration = segment;
    wanted.channel.expected_tracks = 2;
    Simulation simulation(wanted);
    const auto topic = std::get<store::TopicRef>(simulation.store.find("live/index.m3u8"));
    simulation.add(video()).pause_until(500ms);
    run(simulation, topic->options().hold_limit - 1ms);
    ck_assert(simulation.get("index.m3u8").has_value());
  }
}
END_TEST

START_TEST(test_multivariant_playlist_is_published_when_it_changes) {
  Simulation simulation(settings());
  Source& camera = simulation.add(video());
  run(simulation, 21s);
  const auto topic = std::get<store::TopicRef>(simulation.store.find("live/index.m3u8"));
  const uint64_t before = topic->changes();
  camera.pause_until(40s);
  run(simulation, 40s);
  ck_assert_uint_le(topic->changes(), before + 1);  // the segment that was open
  camera.change_format(640, 480);
  run(simulation, 50s);
  ck_assert_uint_gt(topic->changes(), before + 1);
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

START_TEST(test_restart_with_longer_segments_goes_on_counting) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 21s);
  const uint64_t last = simulation.playlist("video_0").segments.back().sequence;
  channel::Options other = settings().channel;
  other.segment_duration = 4s;
  simulation.restart(5s, other);
  simulation.add(video());
  simulation.add(audio());
  run(simulation, 21s);
  const MediaPlaylist picture = simulation.playlist("video_0"), sound = simulation.playlist("audio_0");
  ck_assert_uint_gt(picture.media_sequence, last);
  ck_assert_uint_le(picture.media_sequence, last + 2);  // one was being written
  ck_assert_uint_eq(sound.media_sequence, picture.media_sequence);
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

START_TEST(test_first_by_name_is_the_default_however_tracks_turn_up) {
  Simulation simulation(settings());
  for (const char* name : {"audio_10", "audio_2", "audio_1"}) simulation.add(audio(name));
  run(simulation, 10s);
  const auto multivariant = parse_multivariant_playlist(*simulation.get("index.m3u8"));
  std::vector<std::string> order;
  for (auto media : multivariant.media) {
    order.push_back(media["URI"]);
    ck_assert_str_eq(media["DEFAULT"].c_str(), media["URI"] == "audio_1/index.m3u8" ? "YES" : "NO");
  }
  ck_assert(order ==
            (std::vector<std::string>{"audio_1/index.m3u8", "audio_2/index.m3u8", "audio_10/index.m3u8"}));
}
END_TEST

// 15 frames of 1/30 s are a few nanoseconds short of it.
START_TEST(test_three_seconds_of_half_second_parts_are_six) {
  Simulation simulation(settings());
  simulation.add(video());
  run(simulation, 10s);
  const auto topic = std::get<store::TopicRef>(simulation.store.find("live/video_0/index.m3u8"));
  ck_assert_uint_eq(topic->newest()->ahead()->max_parts, 6);
}
END_TEST

// Lengths that a playlist lists, in microseconds.
int64_t listed_length(const std::string& line, const std::string& tag) {
  const size_t at = tag.size();
  return std::stoll(line.substr(at)) * 1'000'000 + std::stoll(line.substr(line.find('.', at) + 1, 6));
}

// No frame or two are left over for a last part, and what is listed adds up to the microsecond.
START_TEST(test_parts_are_equal_shares_of_their_segment) {
  const std::string part_tag = "#EXT-X-PART:DURATION=", segment_tag = "#EXTINF:", target_tag = "PART-TARGET=";
  Simulation simulation(settings());
  simulation.add({.name = "video_0", .rate = {30'000, 1001}});
  simulation.add(audio());
  run(simulation, 60s);
  for (const char* track : {"video_0", "audio_0"}) {
    std::istringstream text(*simulation.get(std::string(track) + "/index.m3u8"));
    int64_t target = 0;
    std::vector<int64_t> parts;
    size_t segments = 0;
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("#EXT-X-PART-INF:")) target = listed_length(line, "#EXT-X-PART-INF:" + target_tag);
      if (line.starts_with(part_tag)) parts.push_back(listed_length(line, part_tag));
      if (!line.starts_with(segment_tag)) continue;
      if (parts.empty()) continue;
      ck_assert_uint_eq(parts.size(), 5);
      for (const int64_t& part : parts) {
        // The last one gets what is left.
        const int64_t least = &part == &parts.back() ? 70 : 85;
        ck_assert_msg(part <= target && part * 100 >= target * least, "%s: %lld of %lld us", track,
                      static_cast<long long>(part), static_cast<long long>(target));
      }
      ck_assert_int_eq(std::accumulate(parts.begin(), parts.end(), int64_t{0}),
                       listed_length(line, segment_tag));
      parts.clear();
      ++segments;
    }
    ck_assert_uint_ge(segments, 3);
  }
}
END_TEST

// All that the versions of a playlist hint at.
class HintWatch final : public store::Watcher, public std::enable_shared_from_this<HintWatch> {
 public:
  void topic_changed(const store::TopicRef& topic) override {
    do {
      if (const auto newest = topic->newest()) note(flatten(newest->form({})->body));
    } while (!topic->watch(shared_from_this(), topic->changes()));
  }
  // Parts that came in the place of one that was hinted at.
  const std::vector<std::string>& others() const { return others_; }
  // Those that have been replaced by another, since the last call.
  std::vector<std::string> take_past() {
    std::vector<std::string> past = std::exchange(hints_, {});
    if (past.empty()) return past;
    const std::string newest = past.back();
    std::erase(past, newest);
    hints_ = {newest};
    return past;
  }

 private:
  void note(const std::string& text) {
    const auto quoted = [&text](size_t from) {
      const size_t begin = text.find("URI=\"", from) + 5;
      return text.substr(begin, text.find('"', begin) - begin);
    };
    const size_t part = text.rfind("#EXT-X-PART:");
    if (part != std::string::npos && quoted(part) != newest_part_) {
      newest_part_ = quoted(part);
      // What was hinted at last is what comes next.
      const bool as_hinted = hints_.empty() || newest_part_ == hints_.back();
      if (!as_hinted) others_.push_back(newest_part_ + " instead of " + hints_.back());
    }
    const size_t hint = text.find("#EXT-X-PRELOAD-HINT:TYPE=PART");
    if (hint != std::string::npos) hints_.push_back(quoted(hint));
  }
  std::string newest_part_;
  std::vector<std::string> hints_;
  std::vector<std::string> others_;
};

// Watches each track's playlist, and that what it hints at comes, until then. Returns how many parts did.
size_t check_hints(
    Simulation& simulation, Duration until, const std::string& about,
    const std::function<void(Duration)>& at_each_second = [](Duration) {}) {
  std::map<std::string, std::shared_ptr<HintWatch>> watches;
  for (const auto& source : simulation.sources) {
    const std::string& track = source->options().name;
    auto topic = std::get<store::TopicRef>(simulation.store.find("live/" + track + "/index.m3u8"));
    watches[track] = std::make_shared<HintWatch>();
    watches[track]->topic_changed(topic);
  }
  size_t came = 0;
  for (Duration now = 330ms; now < until; now += 1s) {
    run(simulation, now);
    at_each_second(now);
    for (const auto& [track, watch] : watches) {
      for (const std::string& hint : watch->take_past()) {
        ck_assert_msg(simulation.get(track + "/" + hint).has_value(), "%s %s %s", about.c_str(),
                      track.c_str(), hint.c_str());
        ++came;
      }
    }
  }
  for (const auto& [track, watch] : watches) {
    ck_assert_msg(watch->others().empty(), "%s %s: %s", about.c_str(), track.c_str(),
                  watch->others().front().c_str());
  }
  return came;
}

// From the first playlist on, and behind a new format; wherever frames lie between the boundaries.
START_TEST(test_what_is_hinted_at_comes) {
  const Duration part = std::array{500ms, 280ms, 180ms}[_i];
  for (const Duration start : {0ms, 300ms, 307ms, 313ms}) {
    for (const uint32_t rate : {1u, 25u, 30u, 50u, 60u}) {
      Simulation::Settings wanted = settings();
      wanted.channel.part_duration = part;
      wanted.start = std::chrono::seconds(1'700'000'000) + start;
      wanted.channel.live_source = start > 0s || rate == 30;
      Simulation simulation(wanted);
      Source& camera = simulation.add({.name = "video_0", .rate = {rate, 1}});
      simulation.add(audio());
      const std::string about = std::to_string(rate) + " Hz from " + std::to_string(start / 1ms) + " ms";
      const size_t came = check_hints(simulation, 25s, about, [&](Duration now) {
        // Of a part that has no frame yet nobody knows that there will be none.
        if (now == 12s + 330ms && part == 500ms && rate > 1) camera.change_format(640, 480);
      });
      ck_assert_uint_ge(came, rate == 1 ? 40 : 80);
    }
  }
}
END_TEST

// Nobody asks them for keyframes, which come where parts end as well as elsewhere.
START_TEST(test_what_is_hinted_at_comes_whatever_the_keyframes) {
  for (const Duration gop : {500ms, 1000ms, 1333ms, 2000ms, 2002ms, 3000ms}) {
    for (const Duration start : {0ms, 300ms, 500ms}) {
      Simulation::Settings wanted = settings();
      wanted.start = std::chrono::seconds(1'700'000'000) + start;
      Simulation simulation(wanted);
      simulation.add({.name = "video_0", .gop = gop, .keyframes_on_request = false});
      simulation.add(audio());
      const std::string about =
          "GOP of " + std::to_string(gop / 1ms) + " ms from " + std::to_string(start / 1ms);
      ck_assert_uint_ge(check_hints(simulation, 40s, about), 100);
    }
  }
}
END_TEST

START_TEST(test_segments_longer_than_keyframes_are_waited_for) {
  Simulation::Settings wanted = settings();
  wanted.channel.segment_duration = 40s;
  Simulation simulation(wanted);
  simulation.add({.name = "video_0", .rate = {5, 1}});
  run(simulation, 130s);
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_int_eq(playlist.target_duration, 40);
  ck_assert(playlist.independent_segments);
  ck_assert(simulation.warnings.empty());
}
END_TEST

// RFC 8216bis 4.4.5.4: as new as that rendition's own playlist is.
// RFC 8216bis 6.2.6, from the first playlist on: one for each other one that there is.
START_TEST(test_first_playlists_report_on_each_other) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(video("video_1"));
  simulation.add(audio());
  for (Duration time = 0s; time < 8s; time += 20ms) {
    run(simulation, time);
    std::vector<std::string> there;
    for (const char* track : {"video_0", "video_1", "audio_0"}) {
      if (const auto text = simulation.get(std::string(track) + "/index.m3u8")) there.push_back(*text);
    }
    for (const std::string& text : there) {
      size_t reports = 0;
      for (size_t at = 0; (at = text.find("#EXT-X-RENDITION-REPORT", at)) != std::string::npos; ++at)
        ++reports;
      ck_assert_uint_eq(reports, there.size() - 1);
    }
    if (time > 7s) ck_assert_uint_eq(there.size(), 3);
  }
}
END_TEST

START_TEST(test_reports_name_the_newest_part) {
  Simulation simulation(settings());
  simulation.add(video());
  simulation.add(audio());
  std::set<std::string> parts;
  for (Duration until = 10s; until < 20s; until += 100ms) {
    run(simulation, until);
    const std::string own = *simulation.get("audio_0/index.m3u8"),
                      other = *simulation.get("video_0/index.m3u8");
    const auto number_behind = [](const std::string& text, const std::string& key, size_t from) {
      const size_t at = text.find(key, from) + key.size();
      return text.substr(at, text.find_first_not_of("0123456789", at) - at);
    };
    const size_t report = other.find("#EXT-X-RENDITION-REPORT:URI=\"../audio_0/index.m3u8\"");
    ck_assert_msg(report != std::string::npos, "%s", other.c_str());
    const std::string part = number_behind(other, "LAST-PART=", report);
    const std::string uri = number_behind(other, "LAST-MSN=", report) + "." + part + ".m4s";
    ck_assert_msg(own.find(uri) != std::string::npos, "%s in\n%s", uri.c_str(), own.c_str());
    // The other playlist is as old as its own newest part, in which two have come here at the most.
    size_t newer = 0;
    for (size_t at = own.find(uri); (at = own.find("#EXT-X-PART:", at)) != std::string::npos; ++at) ++newer;
    ck_assert_msg(newer <= 2, "%s in\n%s", uri.c_str(), own.c_str());
    parts.insert(part);
  }
  ck_assert_uint_ge(parts.size(), 4);
}
END_TEST

START_TEST(test_second_publisher_of_a_name_is_refused) {
  Simulation simulation(settings());
  const auto second = simulation.directory.open(settings().channel, nullptr);
  ck_assert(!second && second.error().code == ErrorCode::kExists);
  ck_assert_msg(second.error().message.find("live") != std::string::npos, "%s",
                second.error().message.c_str());
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

}  // namespace

int main() {
  const Test tests[] = {
      test_first_playlists_report_on_each_other,
      test_live_segments_lie_on_the_utc_grid,
      test_first_frame_just_before_a_boundary_counts_as_at_it,
      test_ladder_has_aligned_segments,
      test_audio_that_starts_seconds_earlier_is_not_held_up,
      test_announced_track_without_data_is_waited_for_only_so_long,
      test_who_asks_from_the_start_is_held_until_absent_tracks_are_given_up,
      test_multivariant_playlist_is_published_when_it_changes,
      test_restart_goes_on_counting_with_a_discontinuity,
      test_restart_with_longer_segments_goes_on_counting,
      test_track_that_a_new_run_does_not_have_goes_with_its_window,
      test_first_by_name_is_the_default_however_tracks_turn_up,
      test_three_seconds_of_half_second_parts_are_six,
      test_parts_are_equal_shares_of_their_segment,
      test_what_is_hinted_at_comes_whatever_the_keyframes,
      test_reports_name_the_newest_part,
      test_segments_longer_than_keyframes_are_waited_for,
      {test_what_is_hinted_at_comes, 3},
      test_second_publisher_of_a_name_is_refused,
      test_vod_is_offered_as_a_whole_and_starts_at_zero,
      test_wrong_options_are_named,
  };
  return run_tests("channel", tests, 300);
}
