// SPDX-License-Identifier: LGPL-2.1-or-later
// Presentations in simulated time to which two things happen at nearly the same time.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "tests/channel_fixture.hpp"

using namespace tests;

namespace {

enum Event { kFormat, kStall, kPause, kJump };
constexpr const char* kNames[] = {"format", "stall", "pause", "jump"};
constexpr const char* kTracks[] = {"video_0", "video_1", "audio_0"};

struct Pair {
  Event first, second;
};
// A jump of the source's clock with another jump or a stall may leave tracks apart for a while.
constexpr Pair kPairs[] = {{kFormat, kFormat}, {kFormat, kStall}, {kFormat, kPause}, {kFormat, kJump},
                           {kStall, kFormat},  {kStall, kStall},  {kStall, kPause},  {kPause, kFormat},
                           {kPause, kStall},   {kPause, kPause},  {kPause, kJump},   {kJump, kFormat},
                           {kJump, kPause}};

// COMBINATION_TRIALS=60 for a long run.
unsigned trials() {
  const char* wanted = std::getenv("COMBINATION_TRIALS");
  return wanted ? static_cast<unsigned>(std::max(1, std::atoi(wanted))) : 8;
}

class Trial {
 public:
  explicit Trial(unsigned seed) : random_(seed) {
    simulation_.add(video());
    simulation_.add(video("video_1"));
    simulation_.add(audio());
    go(10s + 1ms * below(1000));
  }

  void happen(Event event) {
    auto& sources = simulation_.sources;
    const bool all = below(2) == 0;
    Source& one = *sources[below(3)];
    const Duration length = 1ms * (200 + below(4000));
    const Duration by = 1ms * below(8000) - 4s;
    if (event == kFormat) sources[below(2)]->change_format(width_ += 16, 240);
    for (const auto& source : sources) {
      if (!all && source.get() != &one) continue;
      if (event == kStall) source->pause_until(simulation_.now + length);
      if (event == kJump) source->jump(by);
    }
    if (event == kPause) pause(length);
  }
  void go(Duration time) { check(simulation_.run_until(simulation_.now + time)); }
  // Often at once.
  void go_on_a_little() { go(below(3) == 0 ? 0ms : 1ms * below(900)); }

  void check_playlists(const std::string& what) const {
    const double now = to_seconds(simulation_.clock.utc().time_since_epoch());
    for (const char* track : kTracks) {
      const MediaPlaylist playlist = simulation_.playlist(track);
      const ListedSegment* before = nullptr;
      for (const ListedSegment& segment : playlist.segments) {
        if (before && before->map_uri != segment.map_uri)
          ck_assert_msg(segment.discontinuities > 0, "%s: %s has another EXT-X-MAP", what.c_str(), track);
        const double seam = before ? *segment.date - *before->date - before->duration : 0;
        ck_assert_msg(seam > -1, "%s: %s goes back by %f s", what.c_str(), track, -seam);
        before = &segment;
      }
      const double behind = now - *before->date - before->duration;
      ck_assert_msg(behind < 4 && behind > -2.5, "%s: %s is %f s behind", what.c_str(), track, behind);
    }
  }

 private:
  static Simulation::Settings short_segments() {
    Simulation::Settings wanted = settings();
    wanted.channel.segment_duration = 1s;
    wanted.channel.part_duration = 250ms;
    return wanted;
  }
  static void check(const Status& status) {
    ck_assert_msg(status.ok(), "%s", status.ok() ? "" : status.error().message.c_str());
  }
  // The pipeline's clock stands still, and another anchor follows.
  void pause(Duration length) {
    for (; length > 0ms; length -= 100ms) {
      simulation_.clock.advance(100ms);
      simulation_.directory.tick();
    }
    simulation_.presentation->set_anchor(simulation_.clock.utc().time_since_epoch() - simulation_.now);
  }
  unsigned below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

  std::mt19937 random_;
  Simulation simulation_{short_segments()};
  uint32_t width_ = 320;
};

}  // namespace

START_TEST(test_what_comes_together_leaves_playlists_legal) {
  const auto [first, second] = kPairs[_i];
  for (unsigned seed = 0; seed < trials(); ++seed) {
    Trial trial(seed);
    trial.happen(first);
    trial.go_on_a_little();
    trial.happen(second);
    trial.go(15s);
    trial.check_playlists(std::string(kNames[first]) + " and " + kNames[second] + ", seed " +
                          std::to_string(seed));
  }
}
END_TEST

int main() {
  const Test tests[] = {
      {test_what_comes_together_leaves_playlists_legal, static_cast<int>(std::size(kPairs))}};
  return run_tests("channel combinations", tests);
}
