// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/media_playlist.hpp"

#include "origin/timeline/window.hpp"
#include "tests/check_main.hpp"
#include "tests/golden.hpp"

using namespace origin;
using namespace origin::timeline;

namespace {

constexpr Duration kStart = std::chrono::seconds(1'763'820'000);  // 2025-11-22T14:00:00Z

struct Builder {
  Window window;
  uint64_t sequence = 881'910'000;
  Duration time = kStart;
  uint64_t epoch = 0;
  std::string init = "init-aaaa.mp4";
  std::string run = "run1";

  explicit Builder(PlaylistType type, Duration length = 0s, bool has_dates = true)
      : window(
            {.type = type, .segment_duration = 2s, .length = length, .has_dates = has_dates, .charge = {}}) {
    window.set_target_duration(2);
  }

  Segment next(Duration duration) {
    Segment segment;
    segment.sequence = sequence++;
    segment.stretch = std::make_shared<Stretch>(Stretch{run, init});
    segment.start = time;
    segment.epoch = epoch;
    time += duration;
    return segment;
  }
  void add(Duration duration = 2s, bool independent = true) {
    Segment segment = next(duration);
    window.open(std::move(segment));
    window.add_part({.duration = duration, .bytes = 1000, .self_contained = independent});
    window.close();
    window.trim();
  }
  void gap(Duration duration = 2s) {
    Segment segment = next(duration);
    segment.duration = duration;
    window.add_gap(std::move(segment));
    window.trim();
  }
  void add_in_parts() {
    window.open(next(2s));
    for (int i = 0; i < 4; ++i)
      window.add_part({.duration = 500ms, .bytes = 250, .independent = i == 0, .self_contained = i == 0});
    window.close();
    window.trim();
  }
  std::shared_ptr<MediaSnapshot> low_latency() const {
    const auto snapshot = window.snapshot();
    snapshot->low_latency = LowLatency{.part_target = 500ms,
                                       .part_hold_back = 1500ms,
                                       .hint_uri = run + "/" + std::to_string(sequence) + ".1.m4s",
                                       .hint_init_uri = "",
                                       .reports = {{"../audio_0/index.m3u8", sequence, 1}}};
    return snapshot;
  }
  std::string text() const { return flatten(render_media_playlist(*window.snapshot())); }
};

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

}  // namespace

START_TEST(test_live_playlist) {
  Builder live(PlaylistType::kLive, 10s);
  live.add(1'233'333'333ns);
  for (int i = 0; i < 9; ++i) live.add();
  check_golden("live.m3u8", live.text());
}
END_TEST

START_TEST(test_live_playlist_with_new_format_gap_and_new_run) {
  Builder live(PlaylistType::kLive, 60s);
  live.add();
  live.add();
  live.epoch = 1;
  live.init = "init-bbbb.mp4";
  live.add();
  live.gap();
  live.add(2s, false);
  live.epoch = 3;
  live.run = "run2";
  live.add();
  check_golden("live_discontinuities.m3u8", live.text());
}
END_TEST

START_TEST(test_low_latency_playlist_and_its_deltas) {
  Builder live(PlaylistType::kLive, 60s);
  for (int i = 0; i < 8; ++i) live.add_in_parts();
  live.epoch = 1;
  live.window.open(live.next(0s));
  live.window.add_part({.duration = 500ms, .bytes = 250, .independent = true, .self_contained = true});
  live.window.add_part({.duration = 250ms, .gap = true});
  const auto snapshot = live.low_latency();
  check_golden("low_latency.m3u8", flatten(render_media_playlist(*snapshot)));
  check_golden("low_latency_delta.m3u8", flatten(*render_delta(*snapshot, Skip::kSegments)));
  check_golden("low_latency_delta_v2.m3u8", flatten(*render_delta(*snapshot, Skip::kSegmentsAndDateRanges)));
}
END_TEST

// 1024 samples of 44.1 kHz are no whole microseconds: what is listed ends where the media does.
START_TEST(test_listed_lengths_add_up) {
  Builder live(PlaylistType::kLive, 200s);
  int64_t samples = 0;
  const auto time = [&] { return from_ticks(samples, 44'100); };
  for (int i = 0; i < 50; ++i) {
    live.time = kStart + time();
    live.window.open(live.next(0s));
    for (const int frames : {18, 18, 18, 18, i % 8 ? 14 : 15}) {
      const Duration before = time();
      samples += frames * 1024;
      live.window.add_part({.duration = time() - before, .bytes = 250, .self_contained = true});
    }
    live.window.close();
  }
  const auto snapshot = live.low_latency();
  const std::string text = flatten(render_media_playlist(*snapshot));
  const auto sum = [&text](const std::string& tag, size_t from) {
    int64_t us = 0;
    for (size_t at = text.find(tag, from); at != std::string::npos; at = text.find(tag, at + 1)) {
      us += std::llround(std::stod(text.substr(at + tag.size())) * 1e6);
    }
    return us;
  };
  ck_assert_int_eq(sum("#EXTINF:", 0), scale_round(samples, 1'000'000, 44'100));
  const size_t first_part = text.find("#EXT-X-PART:");
  ck_assert_int_eq(sum("#EXT-X-PART:DURATION=", first_part), sum("#EXTINF:", first_part));
}
END_TEST

START_TEST(test_a_playlist_with_nothing_old_has_no_delta) {
  Builder live(PlaylistType::kLive, 60s);
  for (int i = 0; i < 6; ++i) live.add_in_parts();
  ck_assert(!render_delta(*live.low_latency(), Skip::kSegments));
  live.add_in_parts();
  ck_assert(render_delta(*live.low_latency(), Skip::kSegments));
  ck_assert(!render_delta(*live.window.snapshot(), Skip::kSegments));
}
END_TEST

// However many segments six target durations hold, and wherever in a block they begin.
START_TEST(test_delta_is_the_whole_but_what_is_skipped) {
  size_t in_blocks = 0, at_border = 0, behind_blocks = 0;
  for (const uint32_t target : {2, 10, 11, 30}) {
    for (const Duration length : {300s, 301s, 317s}) {
      Builder live(PlaylistType::kLive, length);
      live.window.set_target_duration(target);
      for (int i = 0; i < 420; ++i) {
        live.epoch = i / 50;
        live.init = i / 75 % 2 ? "init-bbbb.mp4" : "init-aaaa.mp4";
        live.add(1s);
        if (i < 330) continue;
        const auto snapshot = live.low_latency();
        const auto delta = render_delta(*snapshot, Skip::kSegments);
        const size_t listed = std::min<size_t>(target * 6, snapshot->size());
        ck_assert(delta.has_value() == (listed < snapshot->size()));
        if (!delta) continue;
        const std::string whole = flatten(render_media_playlist(*snapshot)), text = flatten(*delta);
        const std::string tag =
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=" + std::to_string(snapshot->size() - listed) + "\n";
        const size_t end = text.find(tag) + tag.size();
        ck_assert_msg(text.find(tag) != std::string::npos, "%s", text.c_str());
        ck_assert(whole.ends_with(text.substr(end)));
        ck_assert_uint_eq(count(text, "#EXTINF"), listed);
        // It begins with a segment's first tag.
        ck_assert(whole[whole.size() - (text.size() - end) - 1] == '\n');
        const std::string before = whole.substr(0, whole.size() - (text.size() - end));
        ck_assert(before.ends_with(".m4s\n"));
        for (size_t slice = 1; slice + 1 < delta->size(); ++slice) {
          const auto& blocks = snapshot->blocks;
          const auto& block = blocks[blocks.size() - (delta->size() - 1 - slice)];
          const uint8_t* end_of_text = block->text.data() + block->text.size();
          ck_assert((*delta)[slice].data() + (*delta)[slice].size() == end_of_text);
          at_border += slice == 1 && (*delta)[slice].data() == block->text.data();
        }
        (delta->size() > 2 ? in_blocks : behind_blocks) += 1;
      }
    }
  }
  ck_assert(in_blocks > 0 && at_border > 0 && behind_blocks > 0);
}
END_TEST

START_TEST(test_event_playlist_that_has_ended) {
  Builder event(PlaylistType::kEvent);
  for (int i = 0; i < 3; ++i) event.add();
  event.window.end();
  check_golden("event_ended.m3u8", event.text());
}
END_TEST

START_TEST(test_vod_playlist) {
  Builder vod(PlaylistType::kVod, 0s, false);
  vod.sequence = 0;
  vod.time = 0s;
  for (int i = 0; i < 3; ++i) vod.add(2'002ms);
  vod.window.end();
  check_golden("vod.m3u8", vod.text());
}
END_TEST

START_TEST(test_removed_tags_are_counted_and_the_rest_stays) {
  Builder live(PlaylistType::kLive, 6s);
  for (int i = 0; i < 10; ++i) {
    ++live.epoch;
    live.add();
  }
  // Three segments are listed, each with its tag; the first of all ten had none.
  const std::string text = live.text();
  ck_assert_uint_eq(count(text, "#EXT-X-DISCONTINUITY\n"), 3);
  ck_assert_msg(text.find("#EXT-X-DISCONTINUITY-SEQUENCE:7\n") != std::string::npos, "%s", text.c_str());
}
END_TEST

START_TEST(test_first_segment_always_has_its_map) {
  Builder live(PlaylistType::kLive, 6s);
  for (int i = 0; i < 100; ++i) {
    if (i == 50) live.init = "init-bbbb.mp4";
    live.add();
    const std::string text = live.text();
    const std::string& first = live.window.first()->init_uri();
    const size_t map = text.find("#EXT-X-MAP:URI=\"" + first + "\"");
    ck_assert(map != std::string::npos && map < text.find("#EXTINF"));
  }
}
END_TEST

START_TEST(test_old_text_is_shared_between_versions) {
  Builder live(PlaylistType::kLive);
  for (int i = 0; i < 1000; ++i) live.add();
  const Body first = render_media_playlist(*live.window.snapshot());
  live.add();
  const Body second = render_media_playlist(*live.window.snapshot());
  ck_assert_uint_gt(first.size(), 20);
  size_t shared = 0;
  for (size_t i = 0; i < first.size(); ++i) shared += first[i].data() == second[i].data();
  // All but header and tail, plus the block that the new segment may have completed.
  ck_assert_uint_ge(shared + 2, first.size());
}
END_TEST

START_TEST(test_a_long_window_lists_every_segment_once) {
  Builder live(PlaylistType::kLive, 400s);
  for (int i = 0; i < 777; ++i) live.add();
  const std::string text = live.text();
  ck_assert_uint_eq(count(text, "#EXTINF"), live.window.size());
  for (uint64_t sequence = live.sequence - live.window.size(); sequence < live.sequence; ++sequence) {
    ck_assert_uint_eq(count(text, "/" + std::to_string(sequence) + ".m4s\n"), 1);
  }
}
END_TEST

int main() {
  const Test tests[] = {
      test_live_playlist,
      test_live_playlist_with_new_format_gap_and_new_run,
      test_low_latency_playlist_and_its_deltas,
      test_listed_lengths_add_up,
      test_a_playlist_with_nothing_old_has_no_delta,
      test_delta_is_the_whole_but_what_is_skipped,
      test_event_playlist_that_has_ended,
      test_vod_playlist,
      test_removed_tags_are_counted_and_the_rest_stays,
      test_first_segment_always_has_its_map,
      test_old_text_is_shared_between_versions,
      test_a_long_window_lists_every_segment_once,
  };
  return run_tests("media_playlist", tests);
}
