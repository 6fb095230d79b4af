// SPDX-License-Identifier: LGPL-2.1-or-later
// What is published becomes a presentation of a real origin, whatever happens to the connections in between.
#include "origin/publish/publisher.hpp"

#include <cmath>

#include "origin/api/origin.hpp"
#include "tests/box_reader.hpp"
#include "tests/playlist.hpp"
#include "tests/publish_fixture.hpp"
#include "tests/raw_server.hpp"

using namespace origin;
using tests::Encoder;
using tests::eventually;
using tests::Published;

namespace {

// An origin that can go and come back.
class Remote {
 public:
  explicit Remote(uint16_t port = 0) : port_(port) { start(); }

  void start() {
    origin_ = std::make_unique<api::Origin>(api::Origin::Options{});
    // The port of one that has just gone may still be held.
    eventually("it listens", [this] {
      const auto listening = origin_->listen("127.0.0.1", port_);
      if (listening.ok()) port_ = *listening;
      return listening.ok();
    });
  }
  void stop() { origin_ = nullptr; }
  api::Origin& operator*() { return *origin_; }
  std::string uri() const { return "http://127.0.0.1:" + std::to_string(port_); }
  uint16_t port() const { return port_; }

  // Empty if nothing is there.
  std::string text(const std::string& name) const {
    const auto found = origin_->store().find(name);
    if (const auto* object = std::get_if<store::ObjectRef>(&found)) return flatten((*object)->body);
    const auto* topic = std::get_if<store::TopicRef>(&found);
    return topic && (*topic)->newest() ? flatten((*topic)->newest()->form({})->body) : "";
  }
  tests::MediaPlaylist playlist(const std::string& track = "video") const {
    const std::string list = text("live/" + track + "/index.m3u8");
    ck_assert_msg(!list.empty(), "no playlist of %s", track.c_str());
    return tests::parse_media_playlist(list);
  }
  // All samples that are listed follow each other; how many they are, and where, in ticks.
  struct Samples {
    size_t count = 0;
    int64_t first = 0;
    int64_t end = 0;
  };
  Samples samples(const std::string& track = "video") const {
    Samples all;
    for (const tests::ListedSegment& segment : playlist(track).segments) {
      ck_assert(!segment.gap);
      const std::string header = text("live/" + track + "/" + segment.map_uri);
      const std::string media = text("live/" + track + "/" + segment.uri);
      for (const auto& sample : tests::read_samples(tests::read_track(as_bytes(header)), as_bytes(media))) {
        if (all.count++ == 0) {
          all.first = sample.dts;
        } else {
          ck_assert_msg(sample.dts == all.end, "sample %zu at %g, not %g", all.count, double(sample.dts),
                        double(all.end));
        }
        all.end = sample.dts + sample.duration;
      }
    }
    return all;
  }
  void check_all(size_t frames, const std::string& track = "video") const {
    ck_assert(playlist(track).ended);
    ck_assert_uint_eq(samples(track).count, frames);
    ck_assert_uint_eq(playlist(track).segments.back().discontinuity_sequence, 0);
  }

 private:
  uint16_t port_;
  std::unique_ptr<api::Origin> origin_;
};

// Between a publisher and an origin: cuts connections off.
class Proxy {
 public:
  // `limit` is how many bytes the connection of a number may bring.
  Proxy(uint16_t to, std::function<size_t(int)> limit)
      : to_(to),
        limit_(std::move(limit)),
        server_([this](auto& from, int number) { forward(from, number); }) {}
  std::string uri() const { return server_.uri(); }
  int connections() const { return server_.connections(); }

 private:
  void forward(tests::RawConnection& from, int number) const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    size_t left = limit_(number);
    pollfd ends[2] = {{from.fd(), POLLIN, 0}, {fd, POLLIN, 0}};
    while (left > 0 && poll(ends, 2, -1) > 0) {
      const bool is_request = ends[0].revents != 0;
      char bytes[16384];
      const ssize_t got = recv(is_request ? from.fd() : fd, bytes,
                               is_request ? std::min(left, sizeof bytes) : sizeof bytes, 0);
      if (got <= 0) break;
      tests::RawConnection(is_request ? fd : from.fd()).send({bytes, static_cast<size_t>(got)});
      if (is_request) left -= static_cast<size_t>(got);
    }
    close(fd);
  }

  const uint16_t to_;
  const std::function<size_t(int)> limit_;
  tests::RawServer server_;
};

// Of a server that is slow to learn of a track, as on a busy machine.
publish::Options patient(const std::string& location) {
  publish::Options options = Published::options(location);
  options.retry_after = options.max_retry_after = 500ms;
  return options;
}

std::shared_ptr<const access::Policy> policy_with_key() {
  access::Policy::Options options;
  options.keys["encoder"] = {
      access::sha256("right"), *access::rights_of("publish"), {*access::PathPrefix::parse("/live")}};
  return std::make_shared<const access::Policy>(options);
}

}  // namespace

START_TEST(test_what_is_published_becomes_a_presentation) {
  Remote remote;
  Published published(patient(remote.uri()));
  Encoder video, audio(false);
  const auto video_track = published.begin(video), audio_track = published.begin(audio, "media.init");
  for (int i = 0; i < 10; ++i) {
    published.push(video_track, video, 25);
    published.push(audio_track, audio, 47);
  }
  published.publisher->end(video_track);
  published.publisher->end(audio_track);
  published.finish();
  remote.check_all(video.frames());
  remote.check_all(audio.frames(), "media.init");
  ck_assert_uint_eq(remote.playlist().segments.size(), 10);
  const publish::Stats stats = published.stats();
  ck_assert_uint_eq(stats.bytes_dropped, 0);
  ck_assert_uint_eq(stats.bytes_buffered, 0);
  ck_assert_uint_eq(stats.reconnections, 0);
  const std::string events = published.listener->text();
  ck_assert_str_eq(events.c_str(), "connected\n");
}
END_TEST

// It is there while the request goes on.
START_TEST(test_chunks_are_there_as_they_are_sent) {
  Remote remote;
  publish::Options options = Published::options(remote.uri());
  options.query = "playlist_type=event&segment_duration=1";
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 60);
  eventually("segments are listed", [&] {
    published.push(track, encoder, 1);
    return !remote.text("live/video/index.m3u8").empty() && !remote.playlist().segments.empty();
  });
  ck_assert(!remote.playlist().ended);
  published.publisher->end(track);
  published.finish();
  ck_assert(remote.playlist().ended);
}
END_TEST

// A pipeline that just stops may come back.
START_TEST(test_finish_does_not_end_a_track) {
  Remote remote;
  publish::Options options = Published::options(remote.uri());
  options.query = "playlist_type=event&segment_duration=1";
  {
    Published published(options);
    Encoder encoder;
    published.push(published.begin(encoder), encoder, 100);
    (void)published.add("without_media");
    published.finish();
    // It is closed.
    published.push(0, encoder, 10);
    published.publisher->end(0);
    ck_assert(!published.stats().connected);
  }
  eventually("it is listed", [&] { return !remote.text("live/video/index.m3u8").empty(); });
  ck_assert(!remote.playlist().ended);
}
END_TEST

START_TEST(test_server_that_comes_later_gets_all) {
  uint16_t port = 0;
  const int held = tests::bind_loopback(port);
  Published published("http://127.0.0.1:" + std::to_string(port));
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 100);
  eventually("nobody is there", [&] { return published.listener->count("disconnected: track video: ") > 0; });
  published.push(track, encoder, 100);
  close(held);
  Remote remote(port);
  published.wait_until_sent();
  published.push(track, encoder, 100);
  published.publisher->end(track);
  published.finish();
  remote.check_all(300);
  ck_assert_uint_eq(published.listener->count("disconnected"), 1);
  ck_assert_uint_eq(published.listener->count("connected"), 1);
  ck_assert_uint_eq(published.stats().reconnections, 1);
}
END_TEST

// The next one knows nothing, and gets what was sent within keep_sent, which is all here.
START_TEST(test_server_that_goes_away_and_comes_back) {
  Remote remote;
  Published published(patient(remote.uri()));
  Encoder encoder, audio(false);
  const auto track = published.begin(encoder), audio_track = published.begin(audio, "audio");
  published.push(track, encoder, 110);
  published.push(audio_track, audio, 200);
  published.wait_until_sent();
  remote.stop();
  published.push(track, encoder, 110);
  eventually("that is noticed", [&] { return published.listener->count("disconnected") > 0; });
  published.push(track, encoder, 110);
  published.push(audio_track, audio, 200);
  remote.start();
  published.wait_until_sent();
  published.push(track, encoder, 70);
  published.publisher->end(track);
  published.publisher->end(audio_track);
  published.finish();
  remote.check_all(400);
  remote.check_all(400, "audio");
  ck_assert_uint_eq(published.stats().bytes_dropped, 0);
  ck_assert_uint_eq(published.stats().reconnections, 1);
}
END_TEST

// In UTC, as time passes. Viewers of the new one can go back to before the restart.
START_TEST(test_live_window_outlives_a_restart) {
  constexpr size_t kStop = 40, kStart = 55, kFrames = 120;
  Remote remote;
  publish::Options options = Published::options(remote.uri());
  options.query = "segment_duration=1&part_duration=0.2";
  Published published(options);
  const int64_t start = Clock::system().utc().time_since_epoch() / 1s;
  Encoder encoder(true, start);
  const auto track = published.begin(encoder);
  const auto begin = std::chrono::steady_clock::now();
  for (size_t i = 0; i < kFrames; ++i) {
    published.push(track, encoder, 1);
    if (i == kStop) remote.stop();
    if (i == kStart) remote.start();
    std::this_thread::sleep_until(begin + i * 40ms);
  }
  published.wait_until_sent();
  published.publisher->end(track);
  published.finish();
  // At 90 kHz, as all video is there.
  const auto tick_of = [start](size_t frame) { return start * 90'000 + static_cast<int64_t>(frame) * 3'600; };
  tests::check_media_playlist(remote.playlist());
  ck_assert_uint_ge(remote.samples().count, kFrames - kStop);
  ck_assert_int_le(remote.samples().first, tick_of(kStop));
  ck_assert_int_eq(remote.samples().end, tick_of(kFrames));
}
END_TEST

// Begins with a segment that the window still needs, and not with the first.
START_TEST(test_what_was_sent_long_ago_is_not_sent_again) {
  Remote remote;
  publish::Options options = Published::options(remote.uri());
  options.keep_sent = 0s;
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  const uint64_t most = 60 * Encoder().chunk().size();
  published.push(track, encoder, 260);
  eventually("only the newest segment is kept",
             [&] { return published.stats().connected && published.stats().bytes_buffered < most; });
  remote.stop();
  published.push(track, encoder, 100);
  eventually("that is noticed", [&] { return published.listener->count("disconnected") > 0; });
  remote.start();
  published.wait_until_sent();
  published.publisher->end(track);
  published.finish();
  remote.check_all(110);
}
END_TEST

// The same server, which has had some of it: wherever the connection is cut off.
START_TEST(test_cut_connections_leave_neither_gap_nor_duplicate) {
  Remote remote;
  std::atomic<size_t> generous = 0;
  Proxy proxy(remote.port(), [&](int number) {
    return generous ? SIZE_MAX : 2'000 + static_cast<size_t>(number % 7) * 4'321;
  });
  Published published(proxy.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  while (proxy.connections() < 12) {
    published.push(track, encoder, 1);
    std::this_thread::sleep_for(1ms);
    ck_assert_uint_lt(encoder.frames(), 100'000);
  }
  generous = 1;
  published.push(track, encoder, 100);
  published.publisher->end(track);
  published.finish();
  remote.check_all(encoder.frames());
}
END_TEST

START_TEST(test_wrong_key_is_final) {
  Remote remote;
  (*remote).set_policy(policy_with_key());
  for (const std::string key : {"", "wrong"}) {
    publish::Options options = Published::options(remote.uri());
    options.api_key = key;
    Published published(options);
    Encoder encoder;
    const auto track = published.begin(encoder);
    published.push(track, encoder, 10);
    eventually("it is refused", [&] { return published.listener->count("refused") > 0; });
    published.listener->check_has(key.empty() ? "HTTP 401: " : "HTTP 403: ");
    published.push(track, encoder, 10);
    ck_assert_uint_eq(published.stats().bytes_buffered, 0);
    const Status status = published.publisher->finish(30s);
    ck_assert(!status.ok());
    ck_assert_int_eq(static_cast<int>(status.error().code), static_cast<int>(ErrorCode::kInvalid));
    ck_assert_uint_eq(published.listener->count("refused"), 1);
  }
}
END_TEST

START_TEST(test_right_key_opens) {
  Remote remote;
  (*remote).set_policy(policy_with_key());
  publish::Options options = Published::options(remote.uri());
  options.api_key = "right";
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 50);
  published.publisher->end(track);
  published.finish();
  remote.check_all(50);
}
END_TEST

// A key that is taken away in the midst of it.
START_TEST(test_key_that_is_taken_away_is_final) {
  Remote remote;
  (*remote).set_policy(policy_with_key());
  publish::Options options = Published::options(remote.uri());
  options.api_key = "right";
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 50);
  published.wait_until_sent();
  (*remote).set_policy(std::make_shared<const access::Policy>(access::Policy::Options{
      .keys = {
          {"other",
           {access::sha256("other"), *access::rights_of("publish"), {*access::PathPrefix::parse("/")}}}}}));
  eventually("it is refused", [&] { return published.listener->count("refused") > 0; });
}
END_TEST

START_TEST(test_wrong_terms_are_final) {
  Remote remote;
  publish::Options options = Published::options(remote.uri());
  options.query = "segment_duration=none";
  Published published(options);
  Encoder encoder;
  published.push(published.begin(encoder), encoder, 1);
  eventually("it is refused", [&] { return published.listener->count("refused") > 0; });
  published.listener->check_has("HTTP 400: segment_duration=none is wrong");
}
END_TEST

// Another one is there, until it leaves.
START_TEST(test_presentation_of_another_publisher_is_waited_for) {
  Remote remote;
  channel::Options taken;
  taken.name = "live";
  auto other = (*remote).directory().open(taken, nullptr);
  ck_assert(other.ok());
  Published published(remote.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 50);
  eventually("it waits", [&] { return published.listener->count("disconnected") > 0; });
  published.listener->check_has("HTTP 409: ");
  (*other)->leave();
  ck_assert((*remote).directory().remove("live").ok());
  published.wait_until_sent();
  published.publisher->end(track);
  published.finish();
  remote.check_all(50);
}
END_TEST

START_TEST(test_buffer_is_bounded_while_nobody_listens) {
  uint16_t port = 0;
  const int held = tests::bind_loopback(port);
  publish::Options options = Published::options("http://127.0.0.1:" + std::to_string(port));
  options.max_buffered = 1 << 20;
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  for (int i = 0; i < 20; ++i) {
    published.push(track, encoder, 25, 10'000);
    ck_assert_uint_le(published.stats().bytes_buffered, options.max_buffered);
  }
  eventually("losses are told", [&] { return published.listener->count("dropped: video") > 0; });
  const uint64_t lost = published.stats().chunks_dropped;
  ck_assert_uint_gt(lost, 300);
  close(held);
  Remote remote(port);
  published.wait_until_sent();
  published.publisher->end(track);
  published.finish();
  ck_assert_uint_eq(published.listener->count("dropped"), 1);
  ck_assert_uint_eq(published.stats().chunks_dropped, lost);
  remote.check_all(500 - lost);
}
END_TEST

START_TEST(test_new_header_is_a_new_format) {
  Remote remote;
  Published published(remote.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 50);
  encoder.resize();
  published.publisher->header(track, encoder.header());
  published.push(track, encoder, 50);
  published.publisher->end(track);
  published.finish();
  const tests::MediaPlaylist playlist = remote.playlist();
  ck_assert_uint_eq(remote.samples().count, 100);
  ck_assert_str_ne(playlist.segments.front().map_uri.c_str(), playlist.segments.back().map_uri.c_str());
  ck_assert_uint_eq(playlist.segments.back().discontinuity_sequence, 1);
}
END_TEST

START_TEST(test_options_that_cannot_be) {
  using Change = std::function<void(publish::Options&)>;
  const std::pair<const char*, Change> kWrong[] = {
      {"location", [](auto& options) { options.location = "origin"; }},
      {"presentation", [](auto& options) { options.presentation = ""; }},
      {"presentation", [](auto& options) { options.presentation = "a/b"; }},
      {"query", [](auto& options) { options.query = "?a=b"; }},
      {"query", [](auto& options) { options.query = "a=b c"; }},
      {"api key", [](auto& options) { options.api_key = "a\r\nX: y"; }},
      {"max_buffered", [](auto& options) { options.max_buffered = 0; }},
      {"keep_sent", [](auto& options) { options.keep_sent = -1ns; }},
      {"retry_after", [](auto& options) { options.retry_after = 0s; }},
      {"max_retry_after", [](auto& options) { options.max_retry_after = 1ms; }},
      {"stall_timeout", [](auto& options) { options.stall_timeout = 0s; }}};
  for (const auto& [what, change] : kWrong) {
    publish::Options options = Published::options("http://127.0.0.1:1");
    change(options);
    const auto started = publish::Publisher::start(options, nullptr);
    ck_assert_msg(!started.ok(), "%s", what);
    ck_assert_int_eq(static_cast<int>(started.error().code), static_cast<int>(ErrorCode::kInvalid));
    ck_assert_msg(started.error().message.find(what) != std::string::npos, "%s",
                  started.error().message.c_str());
  }
  Published published("http://127.0.0.1:1");
  (void)published.add("video");
  ck_assert(published.publisher->add_track("video").error().code == ErrorCode::kExists);
  ck_assert(published.publisher->add_track("a/b").error().code == ErrorCode::kInvalid);
}
END_TEST

int main() {
  const Test tests[] = {test_what_is_published_becomes_a_presentation,
                        test_chunks_are_there_as_they_are_sent,
                        test_finish_does_not_end_a_track,
                        test_server_that_comes_later_gets_all,
                        test_server_that_goes_away_and_comes_back,
                        test_live_window_outlives_a_restart,
                        test_what_was_sent_long_ago_is_not_sent_again,
                        test_cut_connections_leave_neither_gap_nor_duplicate,
                        test_wrong_key_is_final,
                        test_right_key_opens,
                        test_key_that_is_taken_away_is_final,
                        test_wrong_terms_are_final,
                        test_presentation_of_another_publisher_is_waited_for,
                        test_buffer_is_bounded_while_nobody_listens,
                        test_new_header_is_a_new_format,
                        test_options_that_cannot_be};
  return run_tests("publish", tests);
}
