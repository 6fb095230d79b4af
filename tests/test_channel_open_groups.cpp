// SPDX-License-Identifier: LGPL-2.1-or-later
// Video in simulated time whose groups of pictures are open, or that begins in the midst of one.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

constexpr Duration kFrame = 40ms;
// Pictures of a group. In decoding order: its first, the two that are shown before it, the next anchor, …
constexpr int kGroup = 30;
constexpr int kLeading = 2;

struct Pictures {
  const char* stream;  // of kStreamStarts
  const char* closed;
  const char* entry;  // an open group's first
  const char* leading;
  const char* other;
};

constexpr Pictures kH264 = {.stream = "x264",
                            .closed = "0000000465888400",
                            .entry = "0000000506060184800000000441888400",
                            .leading = "0000000401888400",
                            .other = "0000000441888400"};
constexpr Pictures kRefreshed = {.stream = "x264",
                                 .closed = "0000000465888400",
                                 .entry = "000000060606023d04800000000441888400",
                                 .leading = "0000000401888400",
                                 .other = "0000000441888400"};
constexpr Pictures kH265 = {.stream = "x265",
                            .closed = "000000042801af09",
                            .entry = "000000042a01af09",
                            .leading = "000000041001af09",
                            .other = "000000040201d009"};

const StreamStart& stream_of(const Pictures& pictures) {
  return *std::find_if(std::begin(kStreamStarts), std::end(kStreamStarts), [&](const StreamStart& start) {
    return std::string_view(start.name) == pictures.stream;
  });
}

// An encoder that makes an open group of its own accord every kGroup pictures.
class Camera {
 public:
  Camera(Simulation& simulation, const Pictures& pictures, int leading = kLeading)
      : simulation_(simulation), pictures_(pictures), leading_(leading) {
    writer_ = channel::TrackWriter::start(simulation.presentation,
                                          *simulation.presentation->add_track("video_0"), simulation.clock);
    writer_->set_keyframes_on_request(false);
    media::Format format;
    format.codec = stream_of(pictures).codec;
    format.video = {.width = 320, .height = 240, .frame_rate = {25, 1}};
    writer_->set_format(format, from_hex(stream_of(pictures).out_of_band));
  }

  // Pictures from number `begin` to before `end` of the decoding order. Number 0 is closed.
  void push(int begin, int end) {
    for (int index = begin; index < end; ++index) {
      const Duration decoded = kFrame * index;
      run(simulation_, std::max(simulation_.now, decoded));
      const Status status =
          writer_->push(from_hex(picture(index)), {kFrame * shown(index) + shift, decoded + shift, kFrame});
      ck_assert_msg(status.ok(), "%s", status.ok() ? "" : status.error().message.c_str());
    }
  }
  void end() { writer_->end(); }

  // Where it is shown: an anchor lets the pictures that lead to it pass.
  int shown(int index) const {
    const int step = leading_ + 1;
    if (index == 0) return 1;
    return 1 + ((index - 1) % step == 0 ? index + leading_ : index - 1);
  }

  Duration shift{};

 private:
  const char* picture(int index) const {
    const int step = leading_ + 1;
    if (index == 0) return pictures_.closed;
    if ((index - 1) % kGroup == kGroup - step) return pictures_.entry;
    // Those right behind an entry; the others just need their neighbours.
    const bool leads = (index - 1) % step != 0 && (index - 1) % kGroup > kGroup - step;
    return leads ? pictures_.leading : pictures_.other;
  }

  Simulation& simulation_;
  const Pictures pictures_;
  const int leading_;
  std::shared_ptr<channel::TrackWriter> writer_;
};

constexpr int kEntry = 1 + kGroup - (kLeading + 1);  // the first one that is open

size_t count(const std::string& text, const std::string& of) {
  size_t found = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++found;
  return found;
}

std::set<int64_t> times(const Listed& listed) {
  std::set<int64_t> found;
  for (const MediaSample& sample : listed.samples) found.insert(sample.pts);
  return found;
}

START_TEST(test_open_groups_are_cut_and_not_called_independent) {
  const Pictures& pictures = *std::array{&kH264, &kRefreshed, &kH265}[static_cast<size_t>(_i)];
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  Camera camera(simulation, pictures);
  camera.push(0, 10 * kGroup + 1);
  camera.end();
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert_uint_ge(playlist.segments.size(), 5);
  ck_assert(!playlist.independent_segments);
  ck_assert_uint_eq(count(*simulation.get("index.m3u8"), "INDEPENDENT"), 0);
  const Listed listed = read_all(simulation, "video_0");
  check_contiguous(listed);
  ck_assert_uint_eq(times(listed).size(), 10 * kGroup + 1);
  // Players look for where a decoder may begin, which an intra refresh is not.
  const auto entries =
      std::count_if(listed.samples.begin(), listed.samples.end(), [](const auto& s) { return s.sync(); });
  ck_assert_int_eq(entries, &pictures == &kRefreshed ? 1 : 11);
  ck_assert(warned(simulation, "IDR") == (pictures.stream == kH264.stream));
}
END_TEST

START_TEST(test_live_open_groups_are_listed_early_and_never_called_independent) {
  for (const Pictures& pictures : {kH264, kH265}) {
    Simulation simulation(settings());
    Camera camera(simulation, pictures);
    int index = 0;
    while (!simulation.get("index.m3u8")) {
      camera.push(index, index + 1);
      ++index;
      ck_assert_int_lt(index, 5 * 25);
    }
    // Who waited for it reads it only once.
    ck_assert_uint_eq(count(*simulation.get("index.m3u8"), "INDEPENDENT"), 0);
    camera.push(index, 500);
    const std::string text = *simulation.get("video_0/index.m3u8");
    ck_assert_uint_eq(count(text, "INDEPENDENT"), 0);
    ck_assert_uint_ge(count(text, "#EXT-X-PART:"), 8);
  }
}
END_TEST

START_TEST(test_cra_without_leading_pictures_is_independent) {
  Simulation simulation(settings());
  Camera camera(simulation, kH265, 0);
  camera.push(0, 500);
  const std::string text = *simulation.get("video_0/index.m3u8");
  const MediaPlaylist playlist = simulation.playlist("video_0");
  ck_assert(playlist.independent_segments);
  ck_assert_uint_eq(count(*simulation.get("index.m3u8"), "INDEPENDENT-SEGMENTS"), 1);
  ck_assert_uint_ge(count(text, "INDEPENDENT=YES"), 3);
  ck_assert_uint_lt(count(text, "INDEPENDENT=YES"), count(text, "#EXT-X-PART:"));
}
END_TEST

START_TEST(test_a_stream_that_is_joined_begins_with_an_open_group) {
  for (const Pictures& pictures : {kH264, kRefreshed, kH265}) {
    Simulation simulation(settings(timeline::PlaylistType::kVod));
    Camera camera(simulation, pictures);
    camera.push(5, 5 * kGroup + 1);
    camera.end();
    const Listed listed = read_all(simulation, "video_0");
    check_contiguous(listed);
    // It begins where the entry is shown, and is as regular from there on as if it had begun with an IDR.
    const int64_t frame = listed.samples.front().duration;
    const int64_t first = camera.shown(kEntry) * frame;
    ck_assert_int_eq(listed.samples.front().pts, first);
    ck_assert(listed.samples.front().sync() == (pictures.entry != kRefreshed.entry));
    for (const MediaSample& sample : listed.samples) ck_assert_int_eq(sample.duration, frame);
    const std::set<int64_t> shown = times(listed);
    ck_assert_int_eq(*shown.begin(), first);
    ck_assert_int_eq(*shown.rbegin() - first, (static_cast<int64_t>(shown.size()) - 1) * frame);
    ck_assert_uint_eq(shown.size(), static_cast<size_t>(5 * kGroup + 1 - kEntry - kLeading));
    ck_assert_uint_eq(simulation.presentation->status().tracks[0].dropped,
                      static_cast<size_t>(kEntry - 5 + kLeading));
    ck_assert(std::abs(simulation.playlist("video_0").duration() - static_cast<double>(shown.size()) * 0.04) <
              0.001);
  }
}
END_TEST

START_TEST(test_leading_pictures_go_with_what_a_hole_or_jump_took) {
  for (const Pictures& pictures : {kH264, kH265}) {
    for (const Duration jump : {Duration(0s), Duration(1h)}) {
      Simulation simulation(settings());
      Camera camera(simulation, pictures);
      const int last = kEntry + 8 * kGroup - 4;
      camera.push(0, last);
      camera.shift = jump;
      camera.push(jump > 0s ? last : last + 6 * kGroup, last + 16 * kGroup);

      int64_t begins = 0;  // where the first picture behind the break is shown
      bool broken = false;
      const MediaPlaylist playlist = simulation.playlist("video_0");
      const std::string init = *simulation.get("video_0/" + playlist.segments[0].map_uri);
      const auto span = [](const std::string& bytes) { return Span(as_bytes(bytes).data(), bytes.size()); };
      for (const ListedSegment& segment : playlist.segments) {
        const bool breaks = segment.gap || segment.discontinuities > 0;
        if (breaks) begins = 0;
        broken = broken || breaks;
        if (!broken || segment.gap) continue;
        const std::string bytes = *simulation.get("video_0/" + segment.uri);
        const std::vector<MediaSample> samples = read_samples(read_track(span(init)), span(bytes));
        if (begins == 0) {
          begins = samples[0].pts;
          ck_assert(samples[0].sync());
          const double date = static_cast<double>(begins) / 90'000;
          ck_assert_msg(std::abs(*segment.date - date) < 0.002, "%f %f", *segment.date, date);
        }
        for (const MediaSample& sample : samples) ck_assert_int_ge(sample.pts, begins);
      }
      ck_assert(broken);
    }
  }
}
END_TEST

START_TEST(test_a_jump_back_behind_an_entry_costs_no_more_than_its_group) {
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  Camera camera(simulation, kH264);
  camera.push(kEntry + kGroup, kEntry + kGroup + 1);
  camera.shift = -1h;
  camera.push(kEntry + kGroup + 1, kEntry + 5 * kGroup);
  camera.end();
  const size_t samples = read_all(simulation, "video_0").samples.size();
  ck_assert_uint_ge(samples, static_cast<size_t>(3 * kGroup));
}
END_TEST

START_TEST(test_an_entry_that_is_the_last_picture_is_shown) {
  Simulation simulation(settings(timeline::PlaylistType::kVod));
  Camera camera(simulation, kH264);
  camera.push(kEntry, kEntry + 1);
  camera.end();
  ck_assert_uint_eq(read_all(simulation, "video_0").samples.size(), 1);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      {test_open_groups_are_cut_and_not_called_independent, 3},
      test_live_open_groups_are_listed_early_and_never_called_independent,
      test_cra_without_leading_pictures_is_independent,
      test_a_stream_that_is_joined_begins_with_an_open_group,
      test_leading_pictures_go_with_what_a_hole_or_jump_took,
      test_a_jump_back_behind_an_entry_costs_no_more_than_its_group,
      test_an_entry_that_is_the_last_picture_is_shown,
  };
  return run_tests("channel open groups", tests, 300);
}
