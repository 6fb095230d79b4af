// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishes H.264 and AAC frames through the public API in real time, as an encoder would hand them over.
//   publisher PART_BYTES PART_MS
// prints the address of the video playlist and then, for each part of the video, "part MSN PART NANOSECONDS":
// the time (UTC) right before its last frame was pushed.
#include <origin/api/origin.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/codec_samples.hpp"

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int kFrameRate = 50;
constexpr int64_t kSegmentFrames = 2 * kFrameRate;
constexpr int kSampleRate = 48'000;
constexpr int kAudioFrameSamples = 1024;
// AAC-LC, 48 kHz, mono.
constexpr const char* kAudioConfig = "1188";

int64_t utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

void sleep_until(int64_t utc) {
  const timespec when{utc / kSecond, utc % kSecond};
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &when, nullptr);
}

[[noreturn]] void give_up(const char* what, GError* error) {
  std::fprintf(stderr, "publisher: %s: %s\n", what, error ? error->message : "unknown");
  std::exit(EXIT_FAILURE);
}

GBytes* from_hex(const char* hex) {
  const origin::Bytes bytes = tests::from_hex(hex);
  return g_bytes_new(bytes.data(), bytes.size());
}

// An access unit of an x264 stream whose only slice is filled up to the size.
GBytes* frame_of(size_t size, const char* start) {
  const origin::Bytes head = tests::from_hex(start);
  std::string unit(reinterpret_cast<const char*>(head.data()), head.size());
  unit.resize(std::max(size, unit.size()), '\x55');
  const size_t slice_at = 6;  // behind the access unit delimiter
  const size_t slice = unit.size() - slice_at - 4;
  for (size_t i = 0; i < 4; ++i) unit[slice_at + i] = static_cast<char>(slice >> (24 - 8 * i));
  return g_bytes_new(unit.data(), unit.size());
}

class Publisher {
 public:
  Publisher(size_t part_bytes, int part_ms);
  [[noreturn]] void run();

 private:
  OriginTrack* add_track(const char* name, const OriginFormat& format);
  void push_video();
  void push_audio();

  const int64_t part_frames_;
  OriginServer* server_ = origin_server_new();
  OriginPresentation* presentation_ = nullptr;
  OriginTrack* video_ = nullptr;
  OriginTrack* audio_ = nullptr;
  GBytes* keyframe_;
  GBytes* frame_;
  GBytes* audio_frame_ = g_bytes_new_static("\xde\x02\x00\x4c\x61\x76\x63\x35", 8);
  int64_t anchor_ = 0;  // UTC of running time 0, on the grid
  int64_t frames_ = 0;
  int64_t audio_frames_ = 0;
};

Publisher::Publisher(size_t part_bytes, int part_ms)
    : part_frames_(int64_t{part_ms} * kFrameRate / 1000),
      keyframe_(frame_of(part_bytes / static_cast<size_t>(part_frames_),
                         "00000002091000000000"
                         "65888400ff")),
      frame_(frame_of(part_bytes / static_cast<size_t>(part_frames_),
                      "00000002093000000000"
                      "4188840000")) {
  GError* error = nullptr;
  if (!origin_server_listen(server_, "127.0.0.1", 0, &error)) give_up("cannot listen", error);
  OriginPresentationOptions options;
  origin_presentation_options_init(&options);
  options.segment_duration = 2 * kSecond;
  options.part_duration = static_cast<guint64>(part_ms) * 1'000'000;
  options.expected_tracks = 2;
  presentation_ = origin_server_open_presentation(server_, "bench", &options, &error);
  if (!presentation_) give_up("cannot open the presentation", error);
  anchor_ = (utc_now() / (2 * kSecond) + 1) * 2 * kSecond;
  origin_presentation_set_anchor(presentation_, anchor_);

  OriginFormat video{};
  video.codec = ORIGIN_CODEC_H264;
  video.config = from_hex(tests::kStreamStarts[0].out_of_band.data());
  video.width = tests::kStreamStarts[0].width;
  video.height = tests::kStreamStarts[0].height;
  video.frame_rate_num = kFrameRate;
  video.frame_rate_den = 1;
  video_ = add_track("video_0", video);
  OriginFormat audio{};
  audio.codec = ORIGIN_CODEC_AAC;
  audio.config = from_hex(kAudioConfig);
  audio.sample_rate = kSampleRate;
  audio.channels = 1;
  audio_ = add_track("audio_0", audio);
  std::printf("listening http://127.0.0.1:%u/bench/video_0/index.m3u8\n", origin_server_get_port(server_));
  std::fflush(stdout);
}

OriginTrack* Publisher::add_track(const char* name, const OriginFormat& format) {
  GError* error = nullptr;
  OriginTrack* track = origin_presentation_add_track(presentation_, name, &error);
  if (!track || !origin_track_set_format(track, &format, &error)) give_up(name, error);
  return track;
}

void Publisher::run() {
  for (;;) {
    // A frame is there when it is over.
    const int64_t video_due = (frames_ + 1) * kSecond / kFrameRate;
    const int64_t audio_due = (audio_frames_ + 1) * kAudioFrameSamples * kSecond / kSampleRate;
    sleep_until(anchor_ + std::min(video_due, audio_due));
    if (video_due <= audio_due) {
      push_video();
    } else {
      push_audio();
    }
  }
}

void Publisher::push_video() {
  const int64_t time = frames_ * kSecond / kFrameRate;
  GBytes* data = frames_ % kSegmentFrames == 0 ? keyframe_ : frame_;
  GError* error = nullptr;
  const int64_t pushed = utc_now();
  if (!origin_track_push(video_, data, time, time, kSecond / kFrameRate, &error)) give_up("video", error);
  const int64_t in_segment = frames_ % kSegmentFrames;
  const bool is_last = (in_segment + 1) % part_frames_ == 0 || in_segment + 1 == kSegmentFrames;
  if (is_last) {
    std::printf("part %lld %lld %lld\n", static_cast<long long>((anchor_ + time) / (2 * kSecond)),
                static_cast<long long>(in_segment / part_frames_), static_cast<long long>(pushed));
    std::fflush(stdout);
  }
  ++frames_;
}

void Publisher::push_audio() {
  const int64_t time = audio_frames_ * kAudioFrameSamples * kSecond / kSampleRate;
  GError* error = nullptr;
  if (!origin_track_push(audio_, audio_frame_, time, time, ORIGIN_TIME_NONE, &error)) give_up("audio", error);
  ++audio_frames_;
}

}  // namespace

int main(int argc, char** argv) {
  const int bytes = argc == 3 ? std::atoi(argv[1]) : 0;
  const int part_ms = argc == 3 ? std::atoi(argv[2]) : 0;
  if (bytes < 1000 || part_ms < 20 || part_ms > 2000 || part_ms % 20 != 0) {
    std::fprintf(stderr,
                 "usage: publisher PART_BYTES PART_MS: at least 1000, and a multiple of 20 up to 2000\n");
    return 2;
  }
  Publisher(static_cast<size_t>(bytes), part_ms).run();
}
