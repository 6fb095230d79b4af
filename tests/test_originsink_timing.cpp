// SPDX-License-Identifier: LGPL-2.1-or-later
// The UTC grid, keyframe requests, and pacing by the clock, on real pipelines.
#include <gst/check/gsttestclock.h>
#include <gst/video/video.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::discontinuities_of;
using tests::off_grid;
using tests::Pipeline;

namespace {

constexpr int64_t kTick = GST_SECOND / 10000;  // more than any track's rounding

// Running times of the keyframes that an element puts out.
class Keyframes {
 public:
  explicit Keyframes(GstElement* encoder) {
    GstPad* pad = gst_element_get_static_pad(encoder, "src");
    // The pad's thread may be within the probe when this object goes: what it writes to has an owner of its
    // own.
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, new std::shared_ptr<Times>(times_),
                      [](gpointer times) { delete static_cast<std::shared_ptr<Times>*>(times); });
    gst_object_unref(pad);
  }
  bool at(int64_t time) {
    const std::lock_guard lock(times_->mutex);
    return std::any_of(times_->keyframes.begin(), times_->keyframes.end(),
                       [time](int64_t keyframe) { return std::abs(keyframe - time) < kTick; });
  }

 private:
  struct Times {
    std::mutex mutex;
    std::vector<int64_t> keyframes;
  };

  static GstPadProbeReturn on_buffer(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) return GST_PAD_PROBE_OK;
    GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    const GstClockTime time = gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    gst_event_unref(event);
    Times& times = **static_cast<std::shared_ptr<Times>*>(data);
    const std::lock_guard lock(times.mutex);
    times.keyframes.push_back(static_cast<int64_t>(time));
    return GST_PAD_PROBE_OK;
  }

  const std::shared_ptr<Times> times_ = std::make_shared<Times>();
};

// A source pad in place of an encoder, which notes what it is asked for.
class Upstream {
 public:
  Upstream(GstElement* sink, bool accepts) : pad_(gst_pad_new("src", GST_PAD_SRC)), accepts_(accepts) {
    g_object_set_data(G_OBJECT(pad_), "upstream", this);
    gst_pad_set_event_function(
        pad_, [](GstPad* pad, GstObject*, GstEvent* event) -> gboolean { return of(pad)->take(event); });
    gst_pad_set_query_function(pad_, [](GstPad* pad, GstObject* parent, GstQuery* query) -> gboolean {
      if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
      gst_query_set_latency(query, TRUE, kLatency, GST_CLOCK_TIME_NONE);
      return TRUE;
    });
    GstPad* peer = gst_element_request_pad_simple(sink, "video_%u");
    ck_assert_int_eq(gst_pad_link(pad_, peer), GST_PAD_LINK_OK);
    gst_object_unref(peer);
    gst_pad_set_active(pad_, TRUE);
  }
  ~Upstream() {
    gst_pad_set_active(pad_, FALSE);
    gst_object_unref(pad_);
  }
  void begin() {
    gst_pad_push_event(pad_, gst_event_new_stream_start("test"));
    GstCaps* caps =
        gst_caps_from_string("video/x-vp9, profile=(string)0, width=16, height=16, framerate=25/1");
    gst_pad_push_event(pad_, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(pad_, gst_event_new_segment(&segment));
  }
  const std::vector<GstClockTime>& requests() const { return requests_; }

  static constexpr GstClockTime kLatency = 3 * GST_SECOND;

 private:
  static Upstream* of(GstPad* pad) {
    return static_cast<Upstream*>(g_object_get_data(G_OBJECT(pad), "upstream"));
  }
  gboolean take(GstEvent* event) {
    GstClockTime time = GST_CLOCK_TIME_NONE;
    if (gst_video_event_parse_upstream_force_key_unit(event, &time, nullptr, nullptr))
      requests_.push_back(time);
    gst_event_unref(event);
    return accepts_;
  }

  GstPad* const pad_;
  const bool accepts_;
  std::vector<GstClockTime> requests_;
};

// Changes what an element puts out, buffer by buffer.
using Change = GstPadProbeReturn (*)(GstPad*, GstPadProbeInfo*, gpointer);

void change_output(GstElement* element, Change change) {
  GstPad* pad = gst_element_get_static_pad(element, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, change, nullptr, nullptr);
  gst_object_unref(pad);
}

GstPadProbeReturn strip_decode_time(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

constexpr GstClockTime kGapStart = 2500 * GST_MSECOND, kGapEnd = 3500 * GST_MSECOND;

// The first frames as well: a gap may come before any data.
GstPadProbeReturn leave_gaps(GstPad* pad, GstPadProbeInfo* info, gpointer) {
  const GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  const GstClockTime time = GST_BUFFER_PTS(buffer);
  if (time >= GST_SECOND / 2 && (time < kGapStart || time >= kGapEnd)) return GST_PAD_PROBE_OK;
  gst_pad_push_event(pad, gst_event_new_gap(time, GST_BUFFER_DURATION(buffer)));
  return GST_PAD_PROBE_DROP;
}

}  // namespace

START_TEST(test_encoder_with_look_ahead_lands_on_the_grid) {
  static const char* const kEncoders[] = {"x264enc name=e", "x264enc tune=zerolatency name=e",
                                          "x265enc speed-preset=ultrafast name=e"};
  const bool live = _i % 2 == 1;
  const bool offset = _i >= 4;
  Pipeline pipeline(std::string("videotestsrc num-buffers=330 is-live=") + (live ? "true" : "false") +
                    (offset ? " ! video/x-raw,width=160,height=120" : "") + " ! " + kEncoders[_i / 2] +
                    " ! originsink name=o segment-duration=1000000000 part-duration=250000000 linger=-1");
  Keyframes keyframes(pipeline.element("e"));
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 8);
  const auto segments = pipeline.segments("video_0");
  for (size_t i = 0; i < 5; ++i) {
    ck_assert_uint_eq(segments[i].sequence, segments[0].sequence + i);
    ck_assert_msg(keyframes.at(segments[i].running_time),
                  "segment %u begins at %" G_GINT64_FORMAT " ns without a keyframe", static_cast<unsigned>(i),
                  static_cast<gint64>(segments[i].running_time));
    // At 30 frames/s every boundary has a frame within 33 ms. What is not live begins between two.
    if (live)
      ck_assert_int_le(std::abs(static_cast<int64_t>(segments[i].duration) - int64_t{GST_SECOND}),
                       34 * GST_MSECOND);
  }
  const tests::MediaPlaylist playlist = pipeline.media_playlist("video_0");
  ck_assert_int_eq(playlist.target_duration, 1);
  for (const tests::ListedSegment& segment : playlist.segments) {
    ck_assert(segment.date);
    const bool in_its_slot = *segment.date + 0.034 > static_cast<double>(segment.sequence);
    ck_assert(in_its_slot || !live);
    if (in_its_slot) ck_assert_double_lt(off_grid(*segment.date, 1.0), 0.034);
    ck_assert_int_eq(segment.discontinuities, 0);
  }
  ck_assert_double_gt(*playlist.segments.back().date + 0.034,
                      static_cast<double>(playlist.segments.back().sequence));
  ck_assert(pipeline.warnings().empty());
}
END_TEST

// Of the encoder, of what is behind it, and of the sink. GStreamer heeds one that changes while data flows
// only on source pads.
START_TEST(test_offsets_of_pads_keep_keyframes_on_the_grid) {
  static const char* const kPads[][2] = {{"e", "src"}, {"i", "sink"}, {"i", "src"}, {"o", "video_0"}};
  constexpr gint64 kOffset = 130 * GST_MSECOND;
  Pipeline pipeline(
      "videotestsrc is-live=true ! video/x-raw,framerate=30/1,width=160,height=120 ! "
      "x264enc tune=zerolatency name=e ! identity name=i ! originsink name=o segment-duration=500000000 "
      "part-duration=100000000");
  GstPad* pad = gst_element_get_static_pad(pipeline.element(kPads[_i][0]), kPads[_i][1]);
  gst_pad_set_offset(pad, kOffset);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 4);
  if (GST_PAD_IS_SRC(pad)) gst_pad_set_offset(pad, 2 * kOffset);
  gst_object_unref(pad);
  pipeline.wait_for_segments("video_0", 8);
  const tests::MediaPlaylist playlist = pipeline.media_playlist("video_0");
  size_t off = 0;
  for (size_t i = 1; i < playlist.segments.size(); ++i) {
    if (off_grid(*playlist.segments[i].date, 0.5) > 0.034) ++off;
  }
  // At most that in which the offset changed.
  ck_assert_uint_le(off, 1);
  ck_assert(pipeline.warnings().empty());
}
END_TEST

// Of a pad that begins between two keyframes, or goes on so behind a hole.
START_TEST(test_missing_keyframe_is_asked_for_at_once) {
  constexpr GstClockTime kFrame = GST_SECOND / 30;
  Pipeline pipeline(
      "videotestsrc num-buffers=240 ! video/x-raw,framerate=30/1,width=160,height=120 ! "
      "x264enc tune=zerolatency key-int-max=1000 name=e ! "
      "originsink name=o playlist-type=event sync=false segment-duration=4000000000 part-duration=0");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("e"), "src");
  const auto drop_first = [](GstPad*, GstPadProbeInfo*, gpointer left) {
    auto* frames = static_cast<int*>(left);
    return *frames > 0 && (*frames)-- > 0 ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
  };
  int left = 10;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, drop_first, &left, nullptr);
  gst_object_unref(pad);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto segments = pipeline.segments("video_0");
  ck_assert_uint_eq(segments.size(), 2);
  ck_assert_int_ge(segments[0].running_time, 10 * kFrame);
  ck_assert_int_lt(segments[0].running_time, 15 * kFrame);
}
END_TEST

START_TEST(test_requests_reach_beyond_latency_and_two_segments) {
  Pipeline pipeline("originsink name=o segment-duration=1000000000 fakesrc is-live=true ! fakesink");
  Upstream upstream(pipeline.sink(), true);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  upstream.begin();
  auto requests = upstream.requests();
  ck_assert(!requests.empty());
  std::sort(requests.begin(), requests.end());
  requests.erase(std::unique(requests.begin(), requests.end()), requests.end());
  ck_assert_uint_ge(requests.back(), Upstream::kLatency + 2 * GST_SECOND);
}
END_TEST

START_TEST(test_no_requests_where_they_are_refused_or_switched_off) {
  const bool send = _i == 0;
  Pipeline pipeline(std::string("originsink name=o fakesrc is-live=true ! fakesink"));
  g_object_set(pipeline.sink(), "send-keyframe-requests", send, nullptr);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  Upstream upstream(pipeline.sink(), false);
  const size_t before = upstream.requests().size();
  upstream.begin();
  ck_assert_uint_eq(upstream.requests().size() - before, send ? 1 : 0);
}
END_TEST

START_TEST(test_non_live_source_of_a_live_presentation_is_paced) {
  GstTestClock* clock = GST_TEST_CLOCK(gst_test_clock_new());
  Pipeline pipeline("videotestsrc num-buffers=30 ! x264enc tune=zerolatency ! originsink name=o");
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), GST_CLOCK(clock));
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  GstClockTime last = 0;
  for (int wait = 0; wait < 25; ++wait) {
    GstClockID id = nullptr;
    gst_test_clock_wait_for_next_pending_id(clock, &id);
    const GstClockTime due = gst_clock_id_get_time(id);
    gst_clock_id_unref(id);
    // The first frames are due at once.
    if (wait > 0) ck_assert_int_le(std::abs(GST_CLOCK_DIFF(last + GST_SECOND / 30, due)), kTick);
    last = due;
    ck_assert(!pipeline.saw_end());
    gst_test_clock_crank(clock);
  }
  while (!pipeline.saw_end()) {
    if (gst_test_clock_peek_id_count(clock) > 0) gst_test_clock_crank(clock);
    g_usleep(1000);
  }
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
  gst_object_unref(clock);
}
END_TEST

START_TEST(test_source_runs_ahead_of_the_clock) {
  static const char* const kOptions[] = {"playlist-type=vod", "playlist-type=event", "sync=false"};
  GstTestClock* clock = GST_TEST_CLOCK(gst_test_clock_new());
  Pipeline pipeline(
      std::string("videotestsrc num-buffers=90 ! x264enc tune=zerolatency ! originsink name=o ") +
      kOptions[_i]);
  gst_pipeline_use_clock(GST_PIPELINE(pipeline.get()), GST_CLOCK(clock));
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  gst_object_unref(clock);
}
END_TEST

START_TEST(test_vod_and_unpaced_event_start_at_zero) {
  Pipeline pipeline(std::string("videotestsrc num-buffers=150 ! x264enc ! originsink name=o playlist-type=") +
                    (_i == 0 ? "vod" : "event"));
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto segments = pipeline.segments("video_0");
  ck_assert_uint_eq(segments.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    ck_assert_uint_eq(segments[i].sequence, i);
    ck_assert_int_le(std::abs(segments[i].running_time - static_cast<int64_t>(i) * 2 * GST_SECOND), kTick);
  }
}
END_TEST

START_TEST(test_reordered_frames_without_decode_times_get_them) {
  Pipeline pipeline(
      "videotestsrc num-buffers=150 ! video/x-raw,framerate=30/1 ! x264enc bframes=2 b-adapt=false ! "
      "identity name=i ! originsink name=o playlist-type=vod");
  change_output(pipeline.element("i"), strip_decode_time);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto segments = pipeline.segments("video_0");
  ck_assert_uint_eq(segments.size(), 3);
  for (size_t i = 0; i < 3; ++i) {
    ck_assert_int_le(std::abs(segments[i].running_time - static_cast<int64_t>(i) * 2 * GST_SECOND), kTick);
  }
  const tests::MediaPlaylist playlist = pipeline.media_playlist("video_0");
  ck_assert_double_lt(std::abs(playlist.duration() - 5.0), 0.01);
  ck_assert_int_eq(discontinuities_of(playlist), 0);
}
END_TEST

START_TEST(test_gaps_do_not_hold_up_the_stream) {
  Pipeline pipeline(
      "originsink name=o playlist-type=vod videotestsrc num-buffers=180 ! video/x-raw,framerate=30/1 ! "
      "x264enc ! o.video_0 audiotestsrc num-buffers=282 ! audio/x-raw,rate=48000 ! avenc_aac ! "
      "identity name=i ! o.audio_0");
  change_output(pipeline.element("i"), leave_gaps);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto segments = pipeline.segments("audio_0");
  ck_assert(!segments.empty());
  const auto& last = segments.back();
  ck_assert_int_gt(last.running_time + static_cast<int64_t>(last.duration), 5900 * GST_MSECOND);
  ck_assert_double_lt(std::abs(pipeline.media_playlist("video_0").duration() - 6.0), 0.01);
  tests::check_media_playlist(pipeline.media_playlist("audio_0"));
}
END_TEST

START_TEST(test_latency_query_is_answered_before_any_data) {
  Pipeline pipeline("originsink name=o fakesrc is-live=true ! fakesink");
  Upstream upstream(pipeline.sink(), true);
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  GstQuery* query = gst_query_new_latency();
  ck_assert(gst_element_query(pipeline.sink(), query));
  gboolean live = FALSE;
  GstClockTime minimum = 0;
  gst_query_parse_latency(query, &live, &minimum, nullptr);
  gst_query_unref(query);
  ck_assert(live);
  ck_assert_uint_eq(minimum, Upstream::kLatency);
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      {test_encoder_with_look_ahead_lands_on_the_grid, 6},
      {test_offsets_of_pads_keep_keyframes_on_the_grid, 4},
      test_missing_keyframe_is_asked_for_at_once,
      test_requests_reach_beyond_latency_and_two_segments,
      {test_no_requests_where_they_are_refused_or_switched_off, 2},
      test_non_live_source_of_a_live_presentation_is_paced,
      {test_source_runs_ahead_of_the_clock, 3},
      {test_vod_and_unpaced_event_start_at_zero, 2},
      test_reordered_frames_without_decode_times_get_them,
      test_gaps_do_not_hold_up_the_stream,
      test_latency_query_is_answered_before_any_data,
  };
  return run_tests("originsink timing", tests, 180);
}
