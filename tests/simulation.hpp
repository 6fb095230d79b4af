// SPDX-License-Identifier: LGPL-2.1-or-later
// A publisher in simulated time: sources of frames that cost nothing to make, a store, and a clock that jumps
// from frame to frame. Checks every version of every media playlist on the way.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "origin/channel/directory.hpp"
#include "origin/channel/track_writer.hpp"
#include "tests/codec_samples.hpp"
#include "tests/manual_clock.hpp"
#include "tests/playlist.hpp"

namespace tests {

using namespace origin;

struct SourceOptions {
  std::string name = "video_0";
  bool video = true;
  media::Rational rate{30, 1};        // video
  std::vector<Duration> intervals{};  // video of variable frame rate: from frame to frame, over and over
  Duration gop{};                     // 0: keyframes where the grid wants them
  bool keyframes_on_request = true;
  unsigned late_key = 0;  // each so many-th keyframe comes a frame or two late
  int b_frames = 0;       // frames that all decode times lie before their presentation times
  int reorder = 0;  // so many pictures are coded behind the one that is shown after them, as x264 does it
  size_t extra_bytes = 0;  // added to each frame
};

class Simulation;

// One encoder behind one pad.
class Source {
 public:
  Source(Simulation& simulation, SourceOptions options);
  // Running time at which its next frame comes out.
  Duration due() const { return due_ + delay_; }
  Status emit();
  void end() {
    writer_->end();
    ended_ = true;
  }
  bool ended() const { return ended_; }
  // No frame before `running_time`; the time line goes on (an outage).
  void pause_until(Duration running_time);
  // Adds to all times from now on (a jump of the source's own clock).
  void jump(Duration by) { shift_ += by; }
  // Another resolution or codec data from the next keyframe on.
  void change_format(uint32_t width, uint32_t height);
  channel::TrackWriter& writer() { return *writer_; }
  uint64_t frames() const { return frames_; }
  const SourceOptions& options() const { return options_; }

 private:
  Duration interval(uint64_t index) const;
  Duration boundary_after(Duration last, Duration time) const;
  bool is_keyframe(Duration time);
  Status push(bool key, Duration pts, Duration dts);
  Status push_group();

  Simulation& simulation_;
  const SourceOptions options_;
  channel::Presentation::TrackId id_ = 0;
  std::shared_ptr<channel::TrackWriter> writer_;
  Bytes key_, other_;
  uint64_t index_ = 0;
  uint64_t frames_ = 0;
  Duration due_{};
  Duration delay_{};
  Duration shift_{};
  std::optional<Duration> next_key_;  // without a GOP of its own: the last frame
  uint64_t keys_ = 0;
  struct Picture {
    bool key;
    Duration shown;
  };
  std::vector<Picture> group_;  // in the order of display, of which the last one is coded first
  std::deque<Duration> shown_;  // of which decode times are still to be made
  bool force_key_ = false;
  bool ended_ = false;
};

class Simulation final {
 public:
  struct Settings {
    channel::Options channel = [] {
      channel::Options options;
      options.name = "live";
      return options;
    }();
    uint64_t memory_limit = 256 << 20;
    std::string numbers_folder{};  // empty: nothing is remembered from one simulation to the next
    bool check_playlists = true;   // every version, which the simulation keeps for it
    Duration start = std::chrono::seconds(1'700'000'000) + 300ms;
  };
  explicit Simulation(Settings settings);
  ~Simulation();

  Source& add(SourceOptions options);
  // Frames of all sources in the order of time, ticks in between, until running time `until`. Returns the
  // first error.
  Status run_until(Duration until);
  // The publisher leaves and another takes over after `pause`, with other options perhaps; sources are gone.
  void restart(Duration pause) { restart(pause, settings_.channel); }
  void restart(Duration pause, const channel::Options& options);
  void leave();

  ManualClock clock;
  store::Store store;
  channel::Directory directory;
  std::shared_ptr<channel::Presentation> presentation;
  std::vector<std::unique_ptr<Source>> sources;
  std::vector<std::string> warnings;
  std::vector<channel::SegmentAdded> added;
  Duration now{};  // running time

  // The document under that name below the presentation, flattened; nullopt if there is none (yet).
  std::optional<std::string> get(const std::string& path) const;
  MediaPlaylist playlist(const std::string& track) const;
  // Every segment and init segment that the track's playlist lists is there.
  void check_fetchable(const std::string& track) const;
  // And so is what it hints at, or it can be waited for.
  void check_hints(const std::string& track) const;

 private:
  class Recorder;
  void tick();
  void check_playlists();

  const Settings settings_;
  Duration base_{};  // monotonic time of running time 0
  Duration next_tick_{};
  std::map<std::string, std::string> last_text_;  // of each track's playlist
  std::map<std::string, MediaPlaylist> last_;
};

}  // namespace tests
