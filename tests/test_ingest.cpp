// SPDX-License-Identifier: LGPL-2.1-or-later
// CMAF that is pushed, in simulated time, and the presentation that comes of it.
#include "origin/channel/ingest.hpp"

#include <algorithm>
#include <cmath>

#include "origin/packager/cmaf.hpp"
#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"
#include "tests/manual_clock.hpp"
#include "tests/playlist.hpp"

using namespace origin;
using tests::ListedSegment;
using tests::MediaPlaylist;

namespace {

constexpr Duration kUtc = std::chrono::seconds(1'700'000'000);
constexpr Duration kFrame = 40ms;

struct Origin {
  ManualClock clock{kUtc};
  store::Store store{{}, clock};
  std::shared_ptr<channel::Directory> directory = std::make_shared<channel::Directory>(store, clock);
  channel::Ingest ingest{directory, store, clock};

  std::unique_ptr<store::Push> open(const std::string& name, const std::string& query = "") {
    auto push = ingest.push(name, query);
    ck_assert_msg(push.ok(), "%s: %s", name.c_str(), push.ok() ? "" : push.error().message.c_str());
    return std::move(*push);
  }
  void pass(Duration time) {
    for (; time > 0ns; time -= 20ms) {
      clock.advance(20ms);
      directory->tick();
      ingest.tick();
    }
  }
  std::string text(const std::string& name) {
    const auto found = store.find(name);
    if (const auto* object = std::get_if<store::ObjectRef>(&found)) return flatten((*object)->body);
    const auto* topic = std::get_if<store::TopicRef>(&found);
    ck_assert_msg(topic && (*topic)->newest(), "%s is not there", name.c_str());
    return flatten((*topic)->newest()->form({})->body);
  }
  MediaPlaylist playlist(const std::string& track = "video") {
    return tests::parse_media_playlist(text("live/" + track + "/index.m3u8"));
  }
  std::vector<tests::MediaSample> samples(const std::string& track = "video") {
    std::vector<tests::MediaSample> all;
    for (const ListedSegment& segment : playlist(track).segments) {
      if (segment.gap) continue;
      const std::string header = text("live/" + track + "/" + segment.map_uri);
      const std::string media = text("live/" + track + "/" + segment.uri);
      const auto read = tests::read_samples(tests::read_track(as_bytes(header)), as_bytes(media));
      all.insert(all.end(), read.begin(), read.end());
    }
    return all;
  }
  static std::string flatten(const Body& body) {
    std::string text;
    for (const Bytes& bytes : body) text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return text;
  }
};

// Pictures at 25 Hz with a keyframe every second, a chunk each.
class Encoder {
 public:
  explicit Encoder(Duration begin, int codec = 0) : start_(tests::kStreamStarts[codec]), time_(begin) {
    format_ = *tests::complete(start_);
    format_.timescale = 12'800;
  }
  Bytes header() const { return *packager::write_init_segment(format_); }
  Bytes chunk(int frames = 1, const packager::ChunkHeader& header = {}) {
    std::vector<media::Sample> samples;
    for (int i = 0; i < frames; ++i) {
      const bool key = frame_++ % 25 == 0;
      const int64_t ticks = to_ticks(time_, format_.timescale);
      samples.push_back({.data = tests::from_hex(key ? start_.first_sample : start_.other_sample),
                         .pts = ticks,
                         .dts = ticks,
                         .duration = 512,
                         .access = key ? media::Access::kSync : media::Access::kNone});
      time_ += kFrame;
    }
    return packager::write_chunk(format_, samples, header);
  }
  void resize() { format_.video.width += 16; }
  Duration time() const { return time_; }

 private:
  const tests::StreamStart& start_;
  media::Format format_;
  Duration time_;
  int frame_ = 0;
};

Status write(store::Push& push, const Bytes& bytes) {
  return push.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void check(const Status& status) {
  ck_assert_msg(status.ok(), "%s", status.ok() ? "" : status.error().message.c_str());
}

void check_error(const Status& status, ErrorCode code, const char* of) {
  ck_assert(!status.ok());
  ck_assert_int_eq(static_cast<int>(status.error().code), static_cast<int>(code));
  ck_assert_msg(status.error().message.find(of) != std::string::npos, "%s", status.error().message.c_str());
}

// Frame by frame, as time passes.
void stream(Origin& origin, store::Push& push, Encoder& encoder, Duration length) {
  for (; length > 0ns; length -= kFrame) {
    origin.pass(kFrame);
    check(write(push, encoder.chunk()));
  }
}

// What most tests begin with.
std::unique_ptr<store::Push> begin(Origin& origin, Encoder& encoder, Duration length,
                                   const std::string& query = "") {
  auto push = origin.open("live/video.cmfv", query);
  check(write(*push, encoder.header()));
  stream(origin, *push, encoder, length);
  return push;
}

void check_frames(const std::vector<tests::MediaSample>& samples, size_t least) {
  ck_assert_uint_ge(samples.size(), least);
  for (size_t i = 1; i < samples.size(); ++i)
    ck_assert_msg(samples[i - 1].dts + samples[i - 1].duration == samples[i].dts, "sample %zu", i);
}

}  // namespace

START_TEST(test_stream_in_utc_keeps_its_times) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto push = begin(origin, encoder, 9s, "aligned=true");
  const MediaPlaylist playlist = origin.playlist();
  tests::check_media_playlist(playlist);
  ck_assert_int_eq(playlist.target_duration, 2);
  ck_assert_uint_eq(playlist.media_sequence, static_cast<uint64_t>(kUtc / 2s));
  ck_assert_uint_eq(playlist.segments.size(), 4);
  for (const ListedSegment& segment : playlist.segments)
    ck_assert_double_eq_tol(*segment.date, 2.0 * static_cast<double>(segment.sequence), 0.001);
  check_frames(origin.samples(), 200);
}
END_TEST

START_TEST(test_stream_from_zero_on_is_mapped_to_its_arrival) {
  Origin origin;
  Encoder encoder(0s);
  const auto push = origin.open("live/Streams(video.cmfv)");
  check(write(*push, encoder.header()));
  stream(origin, *push, encoder, 9s);
  const MediaPlaylist playlist = origin.playlist();
  tests::check_media_playlist(playlist);
  const ListedSegment& last = playlist.segments.back();
  const double now = std::chrono::duration<double>(origin.clock.utc().time_since_epoch()).count();
  ck_assert_double_lt(std::abs(*last.date + last.duration - now), 2.0);
  ck_assert_uint_eq(last.discontinuity_sequence, 0);
}
END_TEST

// The DASH way: a request for the header, then one for each segment.
START_TEST(test_segments_one_by_one) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto header = origin.open("live/init-stream0.m4s");
  check(write(*header, encoder.header()));
  check(header->complete());
  for (int i = 1; i <= 5; ++i) {
    origin.pass(2s);
    const auto push = origin.open("live/chunk-stream0-0000" + std::to_string(i) + ".m4s");
    check(write(*push, encoder.chunk(50)));
    check(push->complete());
  }
  const MediaPlaylist playlist = origin.playlist("stream0");
  tests::check_media_playlist(playlist);
  check_frames(origin.samples("stream0"), 150);
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 0);
}
END_TEST

START_TEST(test_chunk_before_its_header_is_refused) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto push = origin.open("live/video.cmfv");
  check_error(write(*push, encoder.chunk()), ErrorCode::kPrecondition, "track 'video' has no CMAF header");
  ck_assert(std::holds_alternative<std::monostate>(origin.store.find("live/index.m3u8")));
}
END_TEST

START_TEST(test_what_is_no_cmaf_is_refused_and_costs_nothing) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto push = begin(origin, encoder, 5s);
  const auto other = origin.open("live/video.cmfv");
  check_error(other->write("<html><body>"), ErrorCode::kInvalid, "box");
  const auto half = origin.open("live/video.cmfv");
  check(half->write(std::string_view("\0\0\0\x20styp", 8)));
  check_error(half->complete(), ErrorCode::kInvalid, "");
  stream(origin, *push, encoder, 3s);
  check_frames(origin.samples(), 150);
}
END_TEST

START_TEST(test_times_of_another_age_are_refused) {
  Origin origin;
  Encoder encoder(std::chrono::hours(24 * 365 * 101));
  const auto push = origin.open("live/video.cmfv");
  check(write(*push, encoder.header()));
  check_error(write(*push, encoder.chunk()), ErrorCode::kInvalid, "100 years");
}
END_TEST

// What a publisher sends again, since it does not know what has come.
START_TEST(test_what_comes_again_is_left_out) {
  Origin origin;
  Encoder encoder(kUtc);
  const char* query = "publisher=a&aligned=true";
  auto push = begin(origin, encoder, 5s, query);
  Encoder again = encoder;
  stream(origin, *push, encoder, 1s);
  push = origin.open("live/video.cmfv", query);
  check(write(*push, again.header()));
  for (int i = 0; i < 25; ++i) check(write(*push, again.chunk()));
  stream(origin, *push, again, 4s);
  check_frames(origin.samples(), 200);
  ck_assert_uint_eq(origin.playlist().segments.back().discontinuity_sequence, 0);
}
END_TEST

// Both formats come again, and nothing of them is new.
START_TEST(test_what_comes_again_over_a_change_of_format_is_left_out) {
  Origin origin;
  Encoder encoder(kUtc);
  const char* query = "publisher=a&aligned=true";
  auto push = begin(origin, encoder, 5s, query);
  Encoder old = encoder;
  stream(origin, *push, encoder, 1s);
  encoder.resize();
  check(write(*push, encoder.header()));
  Encoder resized = encoder;
  stream(origin, *push, encoder, 1s);
  stream(origin, *push, encoder, 520ms);
  push = origin.open("live/video.cmfv", query);
  check(write(*push, old.header()));
  for (int i = 0; i < 25; ++i) check(write(*push, old.chunk()));
  check(write(*push, resized.header()));
  for (int i = 0; i < 38; ++i) check(write(*push, resized.chunk()));
  stream(origin, *push, resized, 4s);
  check_frames(origin.samples(), 250);
  ck_assert_uint_eq(origin.playlist().segments.back().discontinuity_sequence, 1);
}
END_TEST

START_TEST(test_two_encoders_that_push_the_same_are_one) {
  Origin origin;
  Encoder first(kUtc), second(kUtc);
  const auto one = origin.open("live/video.cmfv"), other = origin.open("live/video.cmfv");
  check(write(*one, first.header()));
  check(write(*other, second.header()));
  for (Duration time = 0s; time < 9s; time += kFrame) {
    origin.pass(kFrame);
    check(write(*one, first.chunk()));
    check(write(*other, second.chunk()));
  }
  check_frames(origin.samples(), 200);
}
END_TEST

START_TEST(test_encoder_that_begins_anew_is_a_discontinuity) {
  Origin origin;
  Encoder encoder(0s);
  auto push = begin(origin, encoder, 9s);
  push = nullptr;
  origin.pass(1s);
  Encoder next(0s);
  push = origin.open("live/video.cmfv");
  check(write(*push, next.header()));
  stream(origin, *push, next, 9s);
  const MediaPlaylist playlist = origin.playlist();
  tests::check_media_playlist(playlist);
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
}
END_TEST

START_TEST(test_new_header_is_a_new_format) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto push = begin(origin, encoder, 6s);
  encoder.resize();
  check(write(*push, encoder.header()));
  stream(origin, *push, encoder, 6s);
  const MediaPlaylist playlist = origin.playlist();
  tests::check_media_playlist(playlist);
  ck_assert_str_ne(playlist.segments.front().map_uri.c_str(), playlist.segments.back().map_uri.c_str());
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
}
END_TEST

START_TEST(test_publisher_that_is_gone_may_come_back) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = begin(origin, encoder, 9s);
  push = nullptr;
  origin.pass(35s);
  ck_assert(origin.text("live/index.m3u8").size() > 0);
  const MediaPlaylist before = origin.playlist();
  ck_assert(!before.ended);
  // It knows that its header has come once.
  Encoder next(kUtc + 44s);
  push = origin.open("live/video/1.m4s");
  stream(origin, *push, next, 9s);
  const MediaPlaylist after = origin.playlist();
  tests::check_media_playlist(after);
  ck_assert(after.segments.back().sequence > before.segments.back().sequence);
  ck_assert(!after.segments.back().gap);
}
END_TEST

START_TEST(test_ends) {
  enum { kBrand, kTrailer, kTrack, kPoint };
  for (const int way : {kBrand, kTrailer, kTrack, kPoint}) {
    Origin origin;
    Encoder encoder(kUtc);
    const auto push = origin.open("live/video.cmfv");
    check(write(*push, encoder.header()));
    stream(origin, *push, encoder, 9s);
    if (way == kBrand) check(push->write(std::string_view("\0\0\0\x14styplmsg\0\0\0\0lmsg", 20)));
    if (way == kTrailer) check(push->write(std::string_view("\0\0\0\x08mfra", 8)));
    if (way == kBrand || way == kTrailer) check(push->complete());
    if (way == kTrack) check(origin.ingest.end("live/video.cmfv"));
    if (way == kPoint) check(origin.ingest.end("live"));
    ck_assert_msg(origin.playlist().ended, "way %d", way);
    // It is over: a chunk is of nothing.
    check_error(write(*origin.open("live/video.cmfv"), encoder.chunk()), ErrorCode::kPrecondition, "header");
    // And may begin again.
    const auto again = origin.open("live/video.cmfv");
    Encoder next(kUtc + 9s);
    check(write(*again, next.header()));
    stream(origin, *again, next, 5s);
    ck_assert(!origin.playlist().ended);
  }
}
END_TEST

// What says so stands before the media.
START_TEST(test_last_segment_is_whole) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = begin(origin, encoder, 5s);
  const Bytes last = encoder.chunk(50, {.starts_segment = true, .ends_track = true});
  for (size_t at = 0; at < last.size(); at += 100)
    check(write(*push, last.slice(at, std::min<size_t>(100, last.size() - at))));
  ck_assert(!origin.playlist().ended);
  check(push->complete());
  ck_assert(origin.playlist().ended);
  check_frames(origin.samples(), 175);
}
END_TEST

START_TEST(test_files_that_are_tidied_up_end_nothing) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = origin.open("live/init-video.m4s");
  check(write(*push, encoder.header()));
  stream(origin, *push, encoder, 5s);
  for (const char* file :
       {"live/chunk-video-00001.m4s", "live/init-video.m4s", "live/video/1.m4s", "live/live.mpd"})
    check(origin.ingest.end(file));
  stream(origin, *push, encoder, 3s);
  ck_assert(!origin.playlist().ended);
  check(origin.ingest.end("live/video"));
  ck_assert(origin.playlist().ended);
}
END_TEST

START_TEST(test_what_comes_again_after_the_end_is_refused) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = begin(origin, encoder, 5s, "publisher=a");
  check(origin.ingest.end("live"));
  const size_t segments = origin.playlist().segments.size();
  push = origin.open("live/video.cmfv", "publisher=a");
  check_error(write(*push, encoder.header()), ErrorCode::kEnded, "track 'video' has ended");
  ck_assert_uint_eq(origin.playlist().segments.size(), segments);
  check(write(*origin.open("live/video.cmfv", "publisher=b"), encoder.header()));
}
END_TEST

START_TEST(test_two_publishers_of_different_media_are_not_mixed) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = begin(origin, encoder, 1s, "publisher=a");
  auto other = origin.open("live/video.cmfv", "publisher=b");
  check_error(write(*other, encoder.header()), ErrorCode::kExists, "another publisher");
  push.reset();
  other.reset();
  check(write(*origin.open("live/video.cmfv", "publisher=b"), encoder.header()));
}
END_TEST

// The connection of the one that is gone still stands.
START_TEST(test_encoder_that_begins_anew_beside_its_dead_connection) {
  Origin origin;
  Encoder encoder(0s);
  const auto dead = origin.open("live/video.cmfv");
  check(write(*dead, encoder.header()));
  stream(origin, *dead, encoder, 70s);
  Encoder next(0s);
  const auto push = origin.open("live/video.cmfv");
  check(write(*push, next.header()));
  stream(origin, *push, next, 9s);
  const MediaPlaylist playlist = origin.playlist();
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
  ck_assert(!playlist.segments.back().gap);
}
END_TEST

START_TEST(test_chunks_have_a_longest) {
  Origin origin;
  Encoder encoder(kUtc);
  const auto push = origin.open("live/video.cmfv");
  check(write(*push, encoder.header()));
  check_error(write(*push, encoder.chunk(25 * 125)), ErrorCode::kInvalid, "120 s at most");
}
END_TEST

START_TEST(test_times_that_are_said_to_be_utc_are_taken_so) {
  Origin origin;
  Encoder encoder(kUtc - 50s);
  const auto push = origin.open("live/video.cmfv", "times=utc&aligned=true");
  check(write(*push, encoder.header()));
  for (int i = 0; i < 25 * 56; ++i) check(write(*push, encoder.chunk()));
  origin.pass(100ms);
  const MediaPlaylist playlist = origin.playlist();
  for (const ListedSegment& segment : playlist.segments)
    ck_assert_double_eq_tol(*segment.date, 2.0 * static_cast<double>(segment.sequence), 0.001);
  ck_assert_double_lt(*playlist.segments.back().date, 1'700'000'006.0);
}
END_TEST

START_TEST(test_points_have_a_limit) {
  Origin origin;
  const channel::IngestLimits limits;
  for (uint32_t i = 0; i < limits.max_publishing_points; ++i)
    origin.open("live_" + std::to_string(i) + "/video.cmfv");
  const auto more = origin.ingest.push("one_more/video.cmfv", "");
  ck_assert(!more.ok() && more.error().code == ErrorCode::kLimit);
}
END_TEST

START_TEST(test_nothing_ends_that_is_not_pushed) {
  Origin origin;
  check_error(origin.ingest.end("live"), ErrorCode::kNotFound, "live");
  const auto push = origin.open("live/video.cmfv");
  check_error(origin.ingest.end("live/audio.cmfa"), ErrorCode::kNotFound, "live/audio.cmfa");
}
END_TEST

START_TEST(test_probes_and_manifests_are_welcome) {
  Origin origin;
  check(origin.open("live")->complete());
  check(origin.open("live/video.cmfv")->complete());
  const auto manifest = origin.open("live/manifest.mpd");
  check(manifest->write("<MPD/>"));
  check(manifest->complete());
  check_error(origin.open("live")->write("x"), ErrorCode::kInvalid, "no track");
  const std::string much(1 << 20, 'x');
  check(manifest->write(std::string_view(much).substr(6)));
  check_error(manifest->write("x"), ErrorCode::kTooLarge, "manifest");
}
END_TEST

START_TEST(test_presentation_of_another_publisher_is_not_taken) {
  Origin origin;
  channel::Options options;
  options.name = "live";
  const auto presentation = origin.directory->open(options, nullptr);
  ck_assert(presentation.ok());
  Encoder encoder(kUtc);
  const auto push = origin.open("live/video.cmfv");
  check(write(*push, encoder.header()));
  check_error(write(*push, encoder.chunk()), ErrorCode::kExists, "live");
  (*presentation)->leave();
  check(write(*push, encoder.chunk()));
}
END_TEST

START_TEST(test_tracks_have_a_limit) {
  Origin origin;
  const channel::IngestLimits limits;
  for (uint32_t i = 0; i < limits.max_pushed_tracks; ++i)
    origin.open("live/video_" + std::to_string(i) + ".cmfv");
  const auto more = origin.ingest.push("live/one_more.cmfv", "");
  ck_assert(!more.ok());
  ck_assert(more.error().message.find("at most 64") != std::string::npos);
}
END_TEST

START_TEST(test_points_that_nobody_needs_are_forgotten) {
  Origin origin;
  Encoder encoder(kUtc);
  auto push = origin.open("live/video.cmfv");
  check(write(*push, encoder.header()));
  push = nullptr;
  origin.pass(590s);
  check(write(*origin.open("live/video.cmfv"), encoder.chunk()));
  origin.pass(640s);
  check_error(write(*origin.open("live/video.cmfv"), encoder.chunk()), ErrorCode::kPrecondition, "header");
}
END_TEST

int main() {
  const Test tests[] = {test_stream_in_utc_keeps_its_times,
                        test_stream_from_zero_on_is_mapped_to_its_arrival,
                        test_segments_one_by_one,
                        test_chunk_before_its_header_is_refused,
                        test_what_is_no_cmaf_is_refused_and_costs_nothing,
                        test_times_of_another_age_are_refused,
                        test_what_comes_again_is_left_out,
                        test_what_comes_again_over_a_change_of_format_is_left_out,
                        test_two_encoders_that_push_the_same_are_one,
                        test_encoder_that_begins_anew_is_a_discontinuity,
                        test_new_header_is_a_new_format,
                        test_publisher_that_is_gone_may_come_back,
                        test_ends,
                        test_last_segment_is_whole,
                        test_files_that_are_tidied_up_end_nothing,
                        test_what_comes_again_after_the_end_is_refused,
                        test_two_publishers_of_different_media_are_not_mixed,
                        test_encoder_that_begins_anew_beside_its_dead_connection,
                        test_chunks_have_a_longest,
                        test_times_that_are_said_to_be_utc_are_taken_so,
                        test_points_have_a_limit,
                        test_nothing_ends_that_is_not_pushed,
                        test_probes_and_manifests_are_welcome,
                        test_presentation_of_another_publisher_is_not_taken,
                        test_tracks_have_a_limit,
                        test_points_that_nobody_needs_are_forgotten};
  return run_tests("ingest", tests);
}
