// SPDX-License-Identifier: LGPL-2.1-or-later
// What the tests of publishing say over and over: CMAF to publish, a listener that remembers, waits.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "origin/packager/cmaf.hpp"
#include "origin/publish/publisher.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

namespace tests {

using namespace std::chrono_literals;
using origin::Bytes;
using origin::Duration;

constexpr Duration kPatience = 40s;  // generous

// Fails the test if it does not become so.
inline void eventually(const char* what, const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!is_so()) {
    ck_assert_msg(std::chrono::steady_clock::now() < until, "%s", what);
    std::this_thread::sleep_for(2ms);
  }
}

// Chunks of a frame each, from `start` seconds on: pictures at 25 Hz with a keyframe every second, or AAC of
// 1024 samples.
class Encoder {
 public:
  explicit Encoder(bool video = true, int64_t start = 0)
      : start_(find_start(video)), format_(*complete(start_)) {
    if (video) format_.timescale = 12'800;
    first_ = start * format_.timescale;
  }
  Bytes header() const { return *origin::packager::write_init_segment(format_); }
  bool is_at_segment() const { return frame_ % frames_per_segment() == 0; }
  // `extra` bytes of filler beside what a frame has.
  Bytes chunk(size_t extra = 0) {
    const bool is_start = is_at_segment();
    const bool key = is_start || start_.other_sample.empty();
    Bytes data = from_hex(key ? start_.first_sample : start_.other_sample);
    if (extra > 0) data = Bytes::take(std::string(data.view()) + filler(extra));
    const uint32_t length = start_.other_sample.empty() ? start_.frame_samples : 512;
    const int64_t time = first_ + static_cast<int64_t>(frame_++) * length;
    const origin::media::Sample sample{
        .data = data,
        .pts = time,
        .dts = time,
        .duration = length,
        .access = key ? origin::media::Access::kSync : origin::media::Access::kNone};
    return origin::packager::write_chunk(format_, {&sample, 1}, {.starts_segment = is_start});
  }
  void resize() { format_.video.width += 16; }
  size_t frames() const { return frame_; }

 private:
  static const StreamStart& find_start(bool video) {
    const Codec codec = video ? Codec::kH264 : Codec::kAac;
    return *std::ranges::find(kStreamStarts, codec, &StreamStart::codec);
  }
  size_t frames_per_segment() const { return start_.other_sample.empty() ? 43 : 25; }
  // A NAL unit of filler data (ITU-T H.264 7.3.2.7).
  static std::string filler(size_t size) {
    std::string unit;
    for (int shift = 24; shift >= 0; shift -= 8) unit.push_back(static_cast<char>(size >> shift));
    return unit + '\x0c' + std::string(size - 1, '\xff');
  }

  const StreamStart& start_;
  origin::media::Format format_;
  int64_t first_ = 0;  // decode time, ticks
  size_t frame_ = 0;
};

class Recorder final : public origin::publish::Listener {
 public:
  void connected() override { add("connected"); }
  void disconnected(const std::string& reason) override { add("disconnected: " + reason); }
  void dropped(const std::string& track, uint64_t, uint64_t) override { add("dropped: " + track); }
  void refused(const origin::Error& error) override { add("refused: " + error.message); }

  // How many events begin so.
  size_t count(const std::string& event) const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(
        std::ranges::count_if(events_, [&](const std::string& one) { return one.starts_with(event); }));
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& event : events_) all += event + "\n";
    return all;
  }
  void check_has(const std::string& text_of_it) const {
    const std::string all = text();
    ck_assert_msg(all.find(text_of_it) != std::string::npos, "no '%s' in:\n%s", text_of_it.c_str(),
                  all.c_str());
  }

 private:
  void add(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
};

// A publisher of what an Encoder makes.
struct Published {
  static origin::publish::Options options(const std::string& location) {
    // A proxy of the environment would see to it that nobody is reached.
    for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) unsetenv(name);
    return {.location = location,
            .presentation = "live",
            .query = "playlist_type=vod&segment_duration=1",
            .retry_after = 20ms,
            .max_retry_after = 100ms};
  }
  explicit Published(const std::string& location) : Published(options(location)) {}
  explicit Published(const origin::publish::Options& options) {
    auto started = origin::publish::Publisher::start(options, listener);
    ck_assert_msg(started.ok(), "%s", started.ok() ? "" : started.error().message.c_str());
    publisher = std::move(*started);
  }
  origin::publish::Publisher::TrackId add(const std::string& name = "video") {
    const auto track = publisher->add_track(name);
    ck_assert(track.ok());
    return *track;
  }
  origin::publish::Publisher::TrackId begin(const Encoder& encoder, const std::string& name = "video") {
    const auto track = add(name);
    publisher->header(track, encoder.header());
    return track;
  }
  void push(origin::publish::Publisher::TrackId track, Encoder& encoder, size_t frames, size_t extra = 0) {
    for (; frames > 0; --frames) {
      const bool starts = encoder.is_at_segment();
      publisher->chunk(track, encoder.chunk(extra), starts);
    }
  }
  void finish(Duration timeout = 30s) {
    const origin::Status status = publisher->finish(timeout);
    ck_assert_msg(status.ok(), "%s\n%s", status.ok() ? "" : status.error().message.c_str(),
                  listener->text().c_str());
  }
  origin::publish::Stats stats() const { return publisher->stats(); }
  void wait_until_sent() const {
    const auto is_so = [this] { return stats().bytes_unsent == 0 && stats().connected; };
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!is_so() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(2ms);
    const origin::publish::Stats now = stats();
    ck_assert_msg(is_so(), "%llu bytes are not sent, %sconnected, last failure '%s':\n%s",
                  static_cast<unsigned long long>(now.bytes_unsent), now.connected ? "" : "not ",
                  now.last_failure.c_str(), listener->text().c_str());
  }

  const std::shared_ptr<Recorder> listener = std::make_shared<Recorder>();
  std::unique_ptr<origin::publish::Publisher> publisher;
};

}  // namespace tests
