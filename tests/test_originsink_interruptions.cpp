// SPDX-License-Identifier: LGPL-2.1-or-later
// What goes on after a pause, and after a flushing seek: one discontinuity, times that are true, the pace.
#include <gst/check/gsttestclock.h>

#include <atomic>
#include <cmath>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::discontinuities_of;
using tests::ListedSegment;
using tests::MediaPlaylist;
using tests::off_grid;
using tests::Pipeline;

namespace {

constexpr double kFrame = 1.0 / 30;
constexpr char kVideo[] = " ! video/x-raw,framerate=30/1,width=160,height=120 ! x264enc tune=zerolatency ";
constexpr char kSink[] = "originsink name=o segment-duration=500000000 part-duration=100000000 ";

double now() {
  return static_cast<double>(g_get_real_time()) / G_USEC_PER_SEC;
}

bool seek_to_start(const Pipeline& pipeline) {
  return gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                          GST_SEEK_TYPE_NONE, 0);
}

// One discontinuity. What follows it was made between `resumed` and now, and lies on the grid once numbers
// and slots agree.
void check_goes_on(const MediaPlaylist& playlist, double resumed) {
  tests::check_media_playlist(playlist);
  ck_assert_int_eq(discontinuities_of(playlist), 1);
  int since = -1;
  for (const ListedSegment& segment : playlist.segments) {
    if (segment.discontinuities || since >= 0) ++since;
    ck_assert(segment.date);
    // What is not held by the pad itself may come a frame early.
    ck_assert_double_lt(*segment.date + segment.duration - now(), 2 * kFrame);
    if (since == 0) ck_assert_double_gt(*segment.date, resumed - kFrame);
    const bool in_its_slot = *segment.date + kFrame + 0.001 > 0.5 * static_cast<double>(segment.sequence);
    // A busy encoder makes a keyframe a frame or two late.
    const double off = off_grid(*segment.date, 0.5);
    if (since > 0 && in_its_slot)
      ck_assert_msg(off < 2 * kFrame + 0.001, "segment %d is %f s off the grid", since, off);
    if (since > 0) ck_assert_msg(!segment.gap, "segment %d is a gap", since);
  }
  ck_assert_int_ge(since, 3);
}

// A pipeline on a clock that is turned by hand, and the running time of the newest frame at its sink.
class HandTurned {
 public:
  explicit HandTurned(const Pipeline& pipeline) : clock_(GST_TEST_CLOCK(gst_test_clock_new())) {
    gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), GST_CLOCK(clock_));
    GstPad* pad = gst_element_get_static_pad(pipeline.sink(), "video_0");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
    gst_object_unref(pad);
  }
  ~HandTurned() { gst_object_unref(clock_); }
  GstClockTime time() const { return gst_clock_get_time(GST_CLOCK(clock_)); }
  // Lets the frame go that waits, and waits for the next one to wait.
  void step() {
    gst_test_clock_crank(clock_);
    gst_test_clock_wait_for_next_pending_id(clock_, nullptr);
  }
  void wait() { gst_test_clock_wait_for_next_pending_id(clock_, nullptr); }
  GstClockTime frame() const { return frame_; }

 private:
  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer self) {
    GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    static_cast<HandTurned*>(self)->frame_ = gst_segment_to_running_time(
        segment, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
    gst_event_unref(event);
    return GST_PAD_PROBE_OK;
  }

  GstTestClock* const clock_;
  std::atomic<GstClockTime> frame_ = 0;
};

}  // namespace

START_TEST(test_pause_and_resume_is_one_discontinuity) {
  static const char* const kSources[] = {"videotestsrc", "videotestsrc is-live=true"};
  Pipeline pipeline(std::string(kSources[_i]) + kVideo + "! " + kSink);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 3);
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  g_usleep(5 * G_USEC_PER_SEC);
  const double resumed = now();
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", pipeline.segments("video_0").size() + 5);
  check_goes_on(pipeline.media_playlist("video_0"), resumed);
}
END_TEST

START_TEST(test_flushing_seek_keeps_the_pace) {
  Pipeline pipeline(std::string("videotestsrc") + kVideo + "! originsink name=o");
  HandTurned hand(pipeline);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  hand.wait();
  for (int i = 0; i < 90; ++i) hand.step();
  ck_assert_uint_ge(hand.frame(), 2900 * GST_MSECOND);
  const GstClockTime before = hand.time();
  ck_assert(seek_to_start(pipeline));
  for (int i = 0; i < 60; ++i) {
    hand.wait();
    const auto passed = static_cast<double>(hand.time() - before) / GST_SECOND;
    const auto written = static_cast<double>(hand.frame()) / GST_SECOND;
    // The frame that waits is the next one.
    ck_assert_double_lt(std::abs(written - passed), 2 * kFrame);
    hand.step();
  }
}
END_TEST

START_TEST(test_flushing_seek_of_a_live_presentation_is_one_discontinuity) {
  static const char* const kSources[] = {"videotestsrc", "videotestsrc is-live=true",
                                         "videotestsrc is-live=true"};
  Pipeline pipeline(std::string(kSources[_i]) + kVideo +
                    "! o. audiotestsrc is-live=" + (_i > 0 ? "true" : "false") + " ! avenc_aac ! o. " +
                    kSink + (_i == 2 ? "sync=true" : ""));
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 4);
  const double sought = now();
  ck_assert(seek_to_start(pipeline));
  const size_t count = pipeline.segments("video_0").size();
  pipeline.wait_for_segments("video_0", count + 5);
  pipeline.wait_for_segments("audio_0", count + 5);
  check_goes_on(pipeline.media_playlist("video_0"), sought);
  check_goes_on(pipeline.media_playlist("audio_0"), sought);
}
END_TEST

// One thread feeds both pads: none may wait for the other's data.
START_TEST(test_flushing_seek_of_a_demuxer_without_queues) {
  const tests::Film film(600, 870);
  Pipeline pipeline("filesrc location=" + film.path() + " ! qtdemux name=d d. ! o. d. ! o. " + kSink);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 4);
  for (int round = 0; round < 3; ++round) {
    const double sought = now();
    ck_assert(seek_to_start(pipeline));
    const size_t count = pipeline.segments("video_0").size();
    pipeline.wait_for_segments("video_0", count + 5);
    pipeline.wait_for_segments("audio_0", count + 5);
    if (round == 0) check_goes_on(pipeline.media_playlist("audio_0"), sought);
    ck_assert_int_eq(discontinuities_of(pipeline.media_playlist("video_0")), round + 1);
  }
}
END_TEST

START_TEST(test_seeks_in_a_row_come_to_an_end) {
  const tests::Film film(600, 870);
  Pipeline pipeline("filesrc location=" + film.path() + " ! qtdemux name=d d. ! queue ! o. d. ! queue ! o. " +
                    kSink);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 2);
  for (gulong i = 0; i < 30; ++i) {
    ck_assert(seek_to_start(pipeline));
    g_usleep(i % 6 * 3000);
  }
  const size_t count = pipeline.segments("video_0").size();
  pipeline.wait_for_segments("video_0", count + 4);
  pipeline.wait_for_segments("audio_0", count + 4);
  ck_assert_int_eq(GST_STATE(pipeline.get()), GST_STATE_PLAYING);
  tests::check_media_playlist(pipeline.media_playlist("video_0"));
}
END_TEST

START_TEST(test_seek_while_paused_plays_on) {
  Pipeline pipeline(std::string("videotestsrc") + kVideo + "! o. audiotestsrc ! avenc_aac ! o. " + kSink);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("audio_0", 2);
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  ck_assert(seek_to_start(pipeline));
  const double resumed = now();
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", pipeline.segments("video_0").size() + 5);
  check_goes_on(pipeline.media_playlist("video_0"), resumed);
}
END_TEST

START_TEST(test_flushing_seek_of_vod_is_one_discontinuity) {
  Pipeline pipeline(
      "videotestsrc ! video/x-raw,framerate=30/1,width=160,height=120 ! x264enc tune=zerolatency ! "
      "originsink name=o playlist-type=vod");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 2);
  ck_assert(gst_element_seek(pipeline.get(), 1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET, 0,
                             GST_SEEK_TYPE_SET, 5 * GST_SECOND));
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
  const tests::MediaPlaylist playlist = pipeline.media_playlist("video_0");
  tests::check_media_playlist(playlist);
  ck_assert(playlist.ended);
  ck_assert_int_eq(discontinuities_of(playlist), 1);
  double after = 0;
  for (const tests::ListedSegment& segment : playlist.segments) {
    after = segment.discontinuities ? segment.duration : after + segment.duration;
  }
  ck_assert_double_lt(std::abs(after - 5.0), 0.1);
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      {test_pause_and_resume_is_one_discontinuity, 2},
      test_flushing_seek_keeps_the_pace,
      {test_flushing_seek_of_a_live_presentation_is_one_discontinuity, 3},
      test_flushing_seek_of_a_demuxer_without_queues,
      test_seeks_in_a_row_come_to_an_end,
      test_seek_while_paused_plays_on,
      test_flushing_seek_of_vod_is_one_discontinuity,
  };
  return run_tests("originsink interruptions", tests, 180);
}
