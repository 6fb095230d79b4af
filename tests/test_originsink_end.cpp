// SPDX-License-Identifier: LGPL-2.1-or-later
// When a presentation is over, and when originsink says so. The system clock is turned by hand: nothing here
// waits.
#include <gst/check/gsttestclock.h>
#include <origin/api/origin.h>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::Pipeline;

namespace {

constexpr char kShortVideo[] = "videotestsrc num-buffers=30 ! x264enc tune=zerolatency ! o. ";
constexpr char kShortAudio[] = "audiotestsrc num-buffers=40 ! avenc_aac ! o. ";

// In place of the machine's clock, as long as it lives.
class HandClock {
 public:
  HandClock() : clock_(GST_TEST_CLOCK(gst_test_clock_new())) {
    gst_system_clock_set_default(GST_CLOCK(clock_));
  }
  ~HandClock() {
    gst_system_clock_set_default(nullptr);
    gst_object_unref(clock_);
  }
  // Until something waits for a time; returns that time.
  GstClockTime wait_for_waiter() {
    GstClockID id = nullptr;
    gst_test_clock_wait_for_next_pending_id(clock_, &id);
    const GstClockTime time = gst_clock_id_get_time(id);
    gst_clock_id_unref(id);
    return time;
  }
  void turn_to_waiter() { gst_test_clock_crank(clock_); }
  bool has_waiter() { return gst_test_clock_peek_id_count(clock_) > 0; }

 private:
  GstTestClock* clock_;
};

}  // namespace

START_TEST(test_end_of_all_pads_ends_the_presentation) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o playlist-type=event ") + kShortVideo + kShortAudio);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert(pipeline.media_playlist("video_0").ended);
  ck_assert(pipeline.media_playlist("audio_0").ended);
  ck_assert(!clock.has_waiter());
}
END_TEST

START_TEST(test_pad_that_ends_without_data_holds_nothing_up) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o playlist-type=event ") + kShortVideo +
                    "audiotestsrc num-buffers=0 ! avenc_aac ! o.");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert(pipeline.media_playlist("video_0").ended);
}
END_TEST

START_TEST(test_pad_without_data_holds_up_the_end_for_its_timeout) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o playlist-type=event idle-pad-timeout=7000000000 ") +
                    kShortVideo);
  GstPad* idle = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  ck_assert_uint_eq(clock.wait_for_waiter(), 7 * GST_SECOND);
  ck_assert(!pipeline.saw_end());
  clock.turn_to_waiter();
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
  ck_assert(pipeline.media_playlist("video_0").ended);
  gst_element_release_request_pad(pipeline.sink(), idle);
  gst_object_unref(idle);
}
END_TEST

START_TEST(test_pad_without_data_is_waited_for_from_the_first_data_on) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o sync=true idle-pad-timeout=7000000000 ") + kShortVideo);
  GstPad* idle = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  GstClockTime waiter = clock.wait_for_waiter();
  for (; waiter < GST_SECOND; waiter = clock.wait_for_waiter()) clock.turn_to_waiter();  // the frames
  ck_assert_uint_eq(waiter, 7 * GST_SECOND);
  clock.turn_to_waiter();
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
  gst_element_release_request_pad(pipeline.sink(), idle);
  gst_object_unref(idle);
}
END_TEST

START_TEST(test_linger_serves_the_ended_presentation_before_eos) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o playlist-type=event linger=3000000000 ") + kShortVideo);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  ck_assert_uint_eq(clock.wait_for_waiter(), 3 * GST_SECOND);
  ck_assert(pipeline.media_playlist("video_0").ended);
  ck_assert(!pipeline.saw_end());
  clock.turn_to_waiter();
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
}
END_TEST

START_TEST(test_released_pad_counts_as_ended) {
  HandClock clock;
  Pipeline pipeline(std::string("originsink name=o playlist-type=event ") + kShortVideo);
  GstPad* idle = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  clock.wait_for_waiter();  // for the idle pad
  gst_element_release_request_pad(pipeline.sink(), idle);
  gst_object_unref(idle);
  ck_assert_msg(pipeline.wait_for_end(), "%s", pipeline.error().c_str());
}
END_TEST

START_TEST(test_pad_can_be_released_while_data_flows) {
  Pipeline pipeline(
      "originsink name=o playlist-type=event segment-duration=200000000 part-duration=100000000 "
      "videotestsrc is-live=true ! x264enc tune=zerolatency ! o.video_0 "
      "audiotestsrc num-buffers=40 ! avenc_aac ! o.audio_0");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 2);
  GstPad* pad = gst_element_get_static_pad(pipeline.sink(), "video_0");
  gst_element_release_request_pad(pipeline.sink(), pad);
  gst_object_unref(pad);
  ck_assert_ptr_null(gst_element_get_static_pad(pipeline.sink(), "video_0"));
  ck_assert(pipeline.media_playlist("video_0").segments.size() >= 2);
}
END_TEST

START_TEST(test_released_pad_is_not_offered_any_more) {
  Pipeline pipeline(
      "originsink name=o segment-duration=500000000 part-duration=100000000 audio_0::default=true "
      "audiotestsrc is-live=true ! avenc_aac ! o.audio_0 audiotestsrc is-live=true ! avenc_aac ! o.audio_1 "
      "videotestsrc is-live=true ! x264enc tune=zerolatency ! o.video_0");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  for (const char* track : {"audio_0", "audio_1", "video_0"}) pipeline.wait_for_segments(track, 2);
  const auto offered = [&pipeline] {
    return tests::parse_multivariant_playlist(pipeline.fetch("index.m3u8")).media;
  };
  ck_assert_uint_eq(offered().size(), 2);
  GstPad* pad = gst_element_get_static_pad(pipeline.sink(), "audio_0");
  gst_element_release_request_pad(pipeline.sink(), pad);
  gst_object_unref(pad);
  auto left = offered();
  ck_assert_uint_eq(left.size(), 1);
  ck_assert_str_eq(left[0]["URI"].c_str(), "audio_1/index.m3u8");
  ck_assert_str_eq(left[0]["DEFAULT"].c_str(), "YES");
}
END_TEST

START_TEST(test_pipeline_that_stops_does_not_end_the_presentation) {
  OriginServer* server = origin_server_new();
  ck_assert(origin_server_listen(server, "127.0.0.1", 0, nullptr));
  const auto port = static_cast<uint16_t>(origin_server_get_port(server));
  {
    Pipeline pipeline(
        "originsink name=o segment-duration=200000000 part-duration=100000000 "
        "videotestsrc is-live=true ! x264enc tune=zerolatency ! o.");
    g_object_set(pipeline.sink(), "origin", server, nullptr);
    ck_assert(pipeline.set_state(GST_STATE_PLAYING));
    pipeline.wait_for_segments("video_0", 3);
  }
  const auto reply = origin::tests::HttpClient(port).get("/live/video_0/index.m3u8");
  ck_assert_int_eq(reply.status, 200);
  ck_assert(!tests::parse_media_playlist(reply.body).ended);
  g_object_unref(server);
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      test_end_of_all_pads_ends_the_presentation,
      test_pad_that_ends_without_data_holds_nothing_up,
      test_pad_without_data_holds_up_the_end_for_its_timeout,
      test_pad_without_data_is_waited_for_from_the_first_data_on,
      test_linger_serves_the_ended_presentation_before_eos,
      test_released_pad_counts_as_ended,
      test_pad_can_be_released_while_data_flows,
      test_released_pad_is_not_offered_any_more,
      test_pipeline_that_stops_does_not_end_the_presentation,
  };
  return run_tests("originsink end", tests, 180);
}
