// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/test_originsink_support.hpp"

#include <glib/gstdio.h>

#include <algorithm>
#include <cmath>

#include "tests/check_main.hpp"

namespace tests {

namespace {

constexpr GstClockTime kStep = 50 * GST_MSECOND;
constexpr gint64 kPatience = 120 * G_USEC_PER_SEC;

class Deadline {
 public:
  void check(const char* what) const {
    ck_assert_msg(g_get_monotonic_time() - start_ < kPatience, "waited too long for %s", what);
  }

 private:
  const gint64 start_ = g_get_monotonic_time();
};

}  // namespace

Pipeline::Pipeline(const std::string& description) {
  GError* error = nullptr;
  pipeline_ = gst_parse_launch(description.c_str(), &error);
  ck_assert_msg(!error, "%s: %s", description.c_str(), error ? error->message : "");
  sink_ = gst_bin_get_by_name(GST_BIN(pipeline_), "o");
  ck_assert_msg(sink_, "no originsink named o in: %s", description.c_str());
  g_object_set(sink_, "quiet", TRUE, nullptr);
  if (description.find(" port=") == std::string::npos) g_object_set(sink_, "port", 0u, nullptr);
  bus_ = gst_element_get_bus(pipeline_);
}

Pipeline::~Pipeline() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(bus_);
  gst_object_unref(sink_);
  gst_object_unref(pipeline_);
}

GstElement* Pipeline::element(const char* name) const {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline_), name);
  ck_assert_msg(found, "no element %s", name);
  gst_object_unref(found);
  return found;
}

std::string Pipeline::sink_caps(const char* name) const {
  GstPad* pad = gst_element_get_static_pad(element(name), "sink");
  GstCaps* caps = gst_pad_get_current_caps(pad);
  ck_assert_ptr_nonnull(caps);
  gchar* text = gst_caps_to_string(caps);
  const std::string result = text;
  g_free(text);
  gst_caps_unref(caps);
  gst_object_unref(pad);
  return result;
}

bool Pipeline::set_state(GstState state) {
  const GstStateChangeReturn result = gst_element_set_state(pipeline_, state);
  if (result == GST_STATE_CHANGE_ASYNC)
    gst_element_get_state(pipeline_, nullptr, nullptr, GST_CLOCK_TIME_NONE);
  pump(0);
  return result != GST_STATE_CHANGE_FAILURE && error_.empty();
}

bool Pipeline::run() {
  return set_state(GST_STATE_PLAYING) && wait_for_end();
}

bool Pipeline::wait_for_end() {
  const Deadline deadline;
  while (!ended_ && error_.empty()) {
    pump(kStep);
    deadline.check("the end of stream");
  }
  return error_.empty();
}

void Pipeline::wait_for_segments(const std::string& track, size_t count) {
  const Deadline deadline;
  while (segments(track).size() < count) {
    pump(kStep);
    ck_assert_msg(error_.empty(), "%s", error_.c_str());
    deadline.check("segments");
  }
}

bool Pipeline::saw_end() {
  pump(0);
  return ended_;
}

std::vector<SegmentMessage> Pipeline::segments(const std::string& track) const {
  std::vector<SegmentMessage> chosen;
  for (const SegmentMessage& segment : segments_) {
    if (segment.track == track) chosen.push_back(segment);
  }
  return chosen;
}

guint Pipeline::port() const {
  guint port = 0;
  g_object_get(sink_, "current-port", &port, nullptr);
  return port;
}

std::string Pipeline::fetch(const std::string& path) const {
  gchar* name = nullptr;
  g_object_get(sink_, "presentation", &name, nullptr);
  const std::string target = std::string("/") + name + "/" + path;
  g_free(name);
  const auto reply = origin::tests::HttpClient(static_cast<uint16_t>(port())).get(target);
  ck_assert_msg(reply.status == 200, "%s: %d %s", target.c_str(), reply.status, reply.body.c_str());
  return reply.body;
}

MediaPlaylist Pipeline::media_playlist(const std::string& track) const {
  return parse_media_playlist(fetch(track + "/index.m3u8"));
}

void Pipeline::pump(GstClockTime wait) {
  while (GstMessage* message = gst_bus_timed_pop(bus_, wait)) {
    take(message);
    gst_message_unref(message);
    wait = 0;
  }
}

void Pipeline::take(GstMessage* message) {
  GError* error = nullptr;
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_EOS:
      ended_ = true;
      break;
    case GST_MESSAGE_ERROR:
      gst_message_parse_error(message, &error, nullptr);
      if (error_.empty()) error_ = error->message;
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning(message, &error, nullptr);
      warnings_.push_back(error->message);
      break;
    case GST_MESSAGE_LATENCY:
      gst_bin_recalculate_latency(GST_BIN(pipeline_));
      break;
    case GST_MESSAGE_ELEMENT:
      take_element_message(gst_message_get_structure(message));
      break;
    default:
      break;
  }
  g_clear_error(&error);
}

void Pipeline::take_element_message(const GstStructure* structure) {
  if (gst_structure_has_name(structure, "origin-listening")) {
    uris_.push_back(gst_structure_get_string(structure, "uri"));
  } else if (gst_structure_has_name(structure, "origin-segment-added")) {
    SegmentMessage segment;
    segment.track = gst_structure_get_string(structure, "track");
    ck_assert(gst_structure_get_uint64(structure, "sequence-number", &segment.sequence));
    ck_assert(gst_structure_get_int64(structure, "running-time", &segment.running_time));
    ck_assert(gst_structure_get_uint64(structure, "duration", &segment.duration));
    ck_assert(gst_structure_get_uint64(structure, "bytes", &segment.bytes));
    segments_.push_back(segment);
  }
}

Film::Film(int video_frames, int audio_frames) {
  gchar* folder = g_dir_make_tmp("originsink-XXXXXX", nullptr);
  folder_ = folder;
  g_free(folder);
  path_ = folder_ + "/film.mp4";
  const std::string description =
      "videotestsrc num-buffers=" + std::to_string(video_frames) +
      " ! video/x-raw,framerate=30/1,width=160,height=120 ! x264enc key-int-max=15 ! mp4mux name=m ! " +
      "filesink location=" + path_ + " audiotestsrc num-buffers=" + std::to_string(audio_frames) +
      " ! avenc_aac ! m.";
  GstElement* writer = gst_parse_launch(description.c_str(), nullptr);
  gst_element_set_state(writer, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(writer);
  gst_message_unref(gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
  gst_element_set_state(writer, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(writer);
}

Film::~Film() {
  g_unlink(path_.c_str());
  g_rmdir(folder_.c_str());
}

int discontinuities_of(const MediaPlaylist& playlist) {
  int count = 0;
  for (const ListedSegment& segment : playlist.segments) count += segment.discontinuities;
  return count;
}

double off_grid(double time, double period) {
  const double rest = std::fmod(time, period);
  return std::min(rest, period - rest);
}

}  // namespace tests
