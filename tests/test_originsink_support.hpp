// SPDX-License-Identifier: LGPL-2.1-or-later
// A real pipeline with an originsink named "o", for tests of the element. Everything is called on the test's
// thread. Waits end after a generous deadline, which fails the test.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/http_client.hpp"
#include "tests/playlist.hpp"

namespace tests {

struct SegmentMessage {
  std::string track;
  uint64_t sequence = 0;
  int64_t running_time = 0;
  uint64_t duration = 0;
  uint64_t bytes = 0;
};

class Pipeline {
 public:
  // A description for gst-launch; its originsink gets port 0 and prints nothing.
  explicit Pipeline(const std::string& description);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  GstElement* get() const { return pipeline_; }
  GstElement* sink() const { return sink_; }
  // Borrowed from the pipeline.
  GstElement* element(const char* name) const;
  std::string sink_caps(const char* element) const;  // of its pad "sink"

  // False: an error came, see error().
  bool set_state(GstState state);
  // Plays to the end. False: an error came first.
  bool run();
  // Until EOS or an error.
  bool wait_for_end();
  // Until that many segments of a track were announced.
  void wait_for_segments(const std::string& track, size_t count);
  // Takes what is on the bus now. True: EOS was among it.
  bool saw_end();

  const std::string& error() const { return error_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::vector<std::string>& uris() const { return uris_; }
  std::vector<SegmentMessage> segments(const std::string& track) const;
  guint port() const;

  // What the origin serves below the presentation.
  std::string fetch(const std::string& path) const;
  MediaPlaylist media_playlist(const std::string& track) const;

 private:
  void take(GstMessage* message);
  void take_element_message(const GstStructure* structure);
  void pump(GstClockTime wait);

  GstElement* pipeline_ = nullptr;
  GstElement* sink_ = nullptr;
  GstBus* bus_ = nullptr;
  bool ended_ = false;
  std::string error_;
  std::vector<std::string> warnings_;
  std::vector<std::string> uris_;
  std::vector<SegmentMessage> segments_;
};

// An MP4 file with a track of video and one of audio, for as long as it lives.
class Film {
 public:
  Film(int video_frames, int audio_frames);
  ~Film();
  Film(const Film&) = delete;
  Film& operator=(const Film&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

// How many the playlist lists.
int discontinuities_of(const MediaPlaylist& playlist);
// How far a time lies from the next multiple of `period`, before or after it.
double off_grid(double time, double period);

}  // namespace tests
