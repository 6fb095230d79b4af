// SPDX-License-Identifier: LGPL-2.1-or-later
// Opening, sharing, errors and their messages, what viewers are told, changes in mid-stream, state changes.
#include <gio/gio.h>
#include <origin/api/origin.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::Pipeline;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr char kLiveVideo[] = "videotestsrc is-live=true ! x264enc tune=zerolatency ! o. ";

size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

START_TEST(test_where_it_listens_is_announced) {
  Pipeline pipeline("originsink name=o presentation=show fakesrc ! fakesink");
  ck_assert_uint_eq(pipeline.port(), 0);
  ck_assert(pipeline.set_state(GST_STATE_READY));
  ck_assert_uint_ne(pipeline.port(), 0);
  ck_assert(pipeline.uris().empty());
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  ck_assert_uint_eq(pipeline.uris().size(), 1);
  const std::string expected = "http://127.0.0.1:" + std::to_string(pipeline.port()) + "/show/";
  ck_assert_str_eq(pipeline.uris()[0].c_str(), expected.c_str());
}
END_TEST

// On the thread that announces, before it does anything else.
static GstBusSyncReply note_status(GstBus*, GstMessage* message, gpointer status) {
  const GstStructure* about = gst_message_get_structure(message);
  if (!about || !gst_structure_has_name(about, "origin-listening")) return GST_BUS_PASS;
  guint port = 0;
  ck_assert(gst_structure_get_uint(about, "port", &port));
  origin::tests::HttpClient client(static_cast<uint16_t>(port));
  *static_cast<int*>(status) = client.get("/api/presentations/show").status;
  return GST_BUS_PASS;
}

START_TEST(test_what_is_announced_is_there) {
  Pipeline pipeline("originsink name=o presentation=show fakesrc ! fakesink");
  int status = 0;
  GstBus* bus = gst_element_get_bus(pipeline.get());
  gst_bus_set_sync_handler(bus, note_status, &status, nullptr);
  gst_object_unref(bus);
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  ck_assert_int_eq(status, 200);
}
END_TEST

struct HeldRequest {
  std::string path;
  std::optional<origin::tests::HttpClient> client;
};

static GstBusSyncReply ask_at_once(GstBus*, GstMessage* message, gpointer held) {
  const GstStructure* about = gst_message_get_structure(message);
  guint port = 0;
  if (about && gst_structure_has_name(about, "origin-listening") &&
      gst_structure_get_uint(about, "port", &port)) {
    auto* request = static_cast<HeldRequest*>(held);
    request->client.emplace(static_cast<uint16_t>(port)).send_request("GET", request->path);
  }
  return GST_BUS_PASS;
}

START_TEST(test_who_asks_first_gets_what_the_pipeline_makes) {
  static const char* const kTypes[] = {"live", "event", "vod"};
  Pipeline pipeline(std::string("videotestsrc num-buffers=15 ! video/x-raw,width=160,height=120 ! x264enc ! "
                                "originsink name=o playlist-type=") +
                    kTypes[_i % 3]);
  HeldRequest held{_i < 3 ? "/live/index.m3u8" : "/live/video_0/index.m3u8", {}};
  GstBus* bus = gst_element_get_bus(pipeline.get());
  gst_bus_set_sync_handler(bus, ask_at_once, &held, nullptr);
  gst_object_unref(bus);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_int_eq(held.client->read_reply().status, 200);
}
END_TEST

START_TEST(test_pad_without_data_has_a_track_that_waits) {
  Pipeline pipeline(
      "originsink name=o playlist-type=event linger=-1 idle-pad-timeout=1000000 videotestsrc num-buffers=60 "
      "! x264enc ! o.");
  GstPad* early = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  GstPad* late = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  origin::tests::HttpClient client(static_cast<uint16_t>(pipeline.port()));
  const std::string before = client.get("/api/presentations/live").body;
  for (const char* name : {"audio_0", "audio_1"}) {
    ck_assert_msg(contains(before, name), "%s", before.c_str());
  }
  ck_assert_msg(contains(before, "\"waiting\""), "%s", before.c_str());
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  // Held until it is clear that nothing will come.
  ck_assert_int_eq(client.get("/live/audio_0/index.m3u8").status, 404);
  ck_assert_int_eq(client.get("/live/audio_1/index.m3u8").status, 404);
  ck_assert_int_eq(client.get("/live/video_0/index.m3u8").status, 200);
  ck_assert_int_eq(client.get("/live/index.m3u8").status, 200);
  ck_assert(!contains(client.get("/api/presentations/live").body, "audio_"));
  for (GstPad* pad : {early, late}) {
    gst_element_release_request_pad(pipeline.sink(), pad);
    gst_object_unref(pad);
  }
}
END_TEST

START_TEST(test_released_pad_without_data_leaves_no_track) {
  Pipeline pipeline("originsink name=o playlist-type=event fakesrc ! fakesink");
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  GstPad* pad = gst_element_request_pad_simple(pipeline.sink(), "video_%u");
  origin::tests::HttpClient client(static_cast<uint16_t>(pipeline.port()));
  ck_assert(contains(client.get("/api/presentations/live").body, "video_0"));
  gst_element_release_request_pad(pipeline.sink(), pad);
  gst_object_unref(pad);
  ck_assert(!contains(client.get("/api/presentations/live").body, "video_0"));
  ck_assert_int_eq(client.get("/live/video_0/index.m3u8").status, 404);
}
END_TEST

START_TEST(test_all_interfaces_are_announced_as_an_address_that_opens) {
  static const char* const kHosts[][2] = {{"0.0.0.0", "http://127.0.0.1:"}, {"::", "http://[::1]:"}};
  Pipeline pipeline(std::string("originsink name=o host=") + kHosts[_i][0] + " fakesrc ! fakesink");
  const bool listens = pipeline.set_state(GST_STATE_PAUSED);
  if (_i == 1 && !listens) return;  // a machine without IPv6
  ck_assert_msg(listens, "%s", pipeline.error().c_str());
  ck_assert_uint_eq(pipeline.uris().size(), 1);
  const std::string expected = kHosts[_i][1] + std::to_string(pipeline.port()) + "/live/";
  ck_assert_str_eq(pipeline.uris()[0].c_str(), expected.c_str());
}
END_TEST

START_TEST(test_host_that_cannot_be_is_an_error_about_the_host) {
  // A name that does not resolve, and an address of no machine (RFC 5737).
  static const char* const kHosts[] = {"example.invalid", "192.0.2.1"};
  Pipeline pipeline(std::string("originsink name=o host=") + kHosts[_i] + " fakesrc ! fakesink");
  ck_assert(!pipeline.set_state(GST_STATE_READY));
  ck_assert_msg(contains(pipeline.error(), kHosts[_i]), "%s", pipeline.error().c_str());
  ck_assert_msg(contains(pipeline.error(), _i == 0 ? "localhost" : "host to"), "%s",
                pipeline.error().c_str());
  ck_assert_msg(!contains(pipeline.error(), "port=0 for"), "%s", pipeline.error().c_str());
}
END_TEST

START_TEST(test_short_segments_need_no_part_duration) {
  Pipeline pipeline("originsink name=o segment-duration=200000000 fakesrc ! fakesink");
  ck_assert_msg(pipeline.set_state(GST_STATE_PAUSED), "%s", pipeline.error().c_str());
  guint64 part_duration = 0;
  g_object_get(pipeline.sink(), "part-duration", &part_duration, nullptr);
  ck_assert_uint_eq(part_duration, 200 * GST_MSECOND);
}
END_TEST

START_TEST(test_name_in_use_is_an_error_that_says_so) {
  OriginServer* server = origin_server_new();
  Pipeline first(std::string("originsink name=o presentation=show ") + kLiveVideo);
  Pipeline second(std::string("originsink name=o presentation=show ") + kLiveVideo);
  Pipeline third(std::string("originsink name=o presentation=other ") + kLiveVideo);
  for (const Pipeline* pipeline : {&first, &second, &third}) {
    g_object_set(pipeline->sink(), "origin", server, nullptr);
  }
  ck_assert(first.set_state(GST_STATE_PLAYING));
  ck_assert(!second.set_state(GST_STATE_PLAYING));
  ck_assert_msg(contains(second.error(), "show"), "%s", second.error().c_str());
  ck_assert(third.set_state(GST_STATE_PLAYING));
  g_object_unref(server);
}
END_TEST

START_TEST(test_port_in_use_is_an_error_that_says_so) {
  GSocketListener* other = g_socket_listener_new();
  GSocketAddress* wanted = g_inet_socket_address_new_from_string("127.0.0.1", 0);
  GSocketAddress* bound = nullptr;
  ck_assert(g_socket_listener_add_address(other, wanted, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr,
                                          &bound, nullptr));
  const std::string port = std::to_string(g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)));
  Pipeline pipeline("originsink name=o fakesrc ! fakesink");
  g_object_set(pipeline.sink(), "port", g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)),
               nullptr);
  ck_assert(!pipeline.set_state(GST_STATE_READY));
  ck_assert_msg(contains(pipeline.error(), "port=" + port), "%s", pipeline.error().c_str());
  ck_assert(contains(pipeline.error(), "port=0"));
  g_object_unref(bound);
  g_object_unref(wanted);
  g_object_unref(other);
}
END_TEST

START_TEST(test_value_that_cannot_be_is_named) {
  static const char* const kValues[][2] = {{"part-duration=3000000000", "part-duration"},
                                           {"segment-duration=5", "segment-duration of 5 ns"},
                                           {"part-duration=1", "part-duration of 1 ns"},
                                           {"window=1", "window of 1 ns"},
                                           {"window=1500000000", "at least 2000 ms"},
                                           {"retention=3600", "retention of 3600 ns"},
                                           {"linger=10", "linger of 10 ns"},
                                           {"idle-pad-timeout=5", "idle-pad-timeout of 5 ns"},
                                           {"target-duration=1", "target-duration"},
                                           {"presentation=api", "api"},
                                           {"presentation=a/b", "a/b"}};
  Pipeline pipeline(std::string("originsink name=o ") + kValues[_i][0] + " fakesrc ! fakesink");
  ck_assert(!pipeline.set_state(GST_STATE_PAUSED));
  ck_assert_msg(contains(pipeline.error(), kValues[_i][1]), "%s", pipeline.error().c_str());
  ck_assert(pipeline.uris().empty());
}
END_TEST

// Codes of three letters are listed as the shortest ones of their languages.
START_TEST(test_tags_and_pad_properties_describe_renditions) {
  Pipeline pipeline(
      "originsink name=o playlist-type=event audio_1::language=fra-CA audio_1::label=Commentaire "
      "videotestsrc num-buffers=60 ! x264enc ! o. "
      "audiotestsrc num-buffers=90 ! avenc_aac ! taginject tags=\"language-code=eng,title=Main\" ! o.audio_0 "
      "audiotestsrc num-buffers=90 ! avenc_aac ! taginject tags=\"language-code=de,title=Other\" ! "
      "o.audio_1");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto playlist = tests::parse_multivariant_playlist(pipeline.fetch("index.m3u8"));
  const auto has = [&playlist](const char* language, const char* name) {
    return std::any_of(playlist.media.begin(), playlist.media.end(), [=](tests::Attributes media) {
      return media["LANGUAGE"] == language && media["NAME"] == name;
    });
  };
  ck_assert_uint_eq(playlist.media.size(), 2);
  ck_assert(has("en", "Main"));
  ck_assert(has("fr-CA", "Commentaire"));
}
END_TEST

START_TEST(test_new_resolution_is_a_discontinuity_not_an_error) {
  Pipeline pipeline(
      "originsink name=o segment-duration=500000000 part-duration=100000000 "
      "videotestsrc is-live=true ! capsfilter name=f caps=video/x-raw,width=160,height=120 ! "
      "x264enc tune=zerolatency ! o.");
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 2);
  GstCaps* caps = gst_caps_from_string("video/x-raw,width=320,height=240");
  g_object_set(pipeline.element("f"), "caps", caps, nullptr);
  gst_caps_unref(caps);
  pipeline.wait_for_segments("video_0", pipeline.segments("video_0").size() + 4);
  const tests::MediaPlaylist playlist = pipeline.media_playlist("video_0");
  const tests::ListedSegment& newest = playlist.segments.back();
  ck_assert(playlist.segments.front().map_uri != newest.map_uri);
  ck_assert_uint_eq(newest.discontinuity_sequence, playlist.discontinuity_sequence + 1);
}
END_TEST

START_TEST(test_state_changes_leave_nothing_behind) {
  Pipeline pipeline(std::string("originsink name=o ") + kLiveVideo +
                    "audiotestsrc is-live=true ! avenc_aac ! o.");
  size_t descriptors = 0;
  for (int round = 0; round < 50; ++round) {
    ck_assert_msg(pipeline.set_state(GST_STATE_PLAYING), "%s", pipeline.error().c_str());
    // At every stage of the start: before data, while elements are plugged, and with data.
    g_usleep(static_cast<gulong>(round % 10) * 4000);
    ck_assert(pipeline.set_state(GST_STATE_NULL));
    ck_assert_int_eq(GST_BIN(pipeline.sink())->numchildren, 0);
    if (round == 5) descriptors = open_descriptors();
  }
  ck_assert_uint_le(open_descriptors(), descriptors + 4);
}
END_TEST

START_TEST(test_second_start_goes_on) {
  Pipeline pipeline(std::string("originsink name=o segment-duration=500000000 part-duration=100000000 ") +
                    kLiveVideo);
  OriginServer* server = origin_server_new();
  g_object_set(pipeline.sink(), "origin", server, nullptr);
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", 2);
  const uint64_t last = pipeline.segments("video_0").back().sequence;
  ck_assert(pipeline.set_state(GST_STATE_READY));
  const size_t before = pipeline.segments("video_0").size();
  ck_assert(pipeline.set_state(GST_STATE_PLAYING));
  pipeline.wait_for_segments("video_0", before + 2);
  const auto segments = pipeline.segments("video_0");
  ck_assert_uint_gt(segments[before].sequence, last);
  g_object_unref(server);
}
END_TEST

START_TEST(test_segment_in_bytes_is_refused_with_advice) {
  Pipeline pipeline("originsink name=o fakesrc ! fakesink");
  GstPad* source = gst_pad_new("src", GST_PAD_SRC);
  GstPad* pad = gst_element_request_pad_simple(pipeline.sink(), "video_%u");
  ck_assert_int_eq(gst_pad_link(source, pad), GST_PAD_LINK_OK);
  gst_pad_set_active(source, TRUE);
  ck_assert(pipeline.set_state(GST_STATE_PAUSED));
  gst_pad_push_event(source, gst_event_new_stream_start("test"));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_BYTES);
  gst_pad_push_event(source, gst_event_new_segment(&segment));
  ck_assert(!pipeline.set_state(GST_STATE_PAUSED));
  ck_assert_msg(contains(pipeline.error(), "parser"), "%s", pipeline.error().c_str());
  gst_pad_set_active(source, FALSE);
  gst_object_unref(pad);
  gst_object_unref(source);
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      test_where_it_listens_is_announced,
      test_what_is_announced_is_there,
      {test_who_asks_first_gets_what_the_pipeline_makes, 6},
      test_pad_without_data_has_a_track_that_waits,
      test_released_pad_without_data_leaves_no_track,
      {test_all_interfaces_are_announced_as_an_address_that_opens, 2},
      {test_host_that_cannot_be_is_an_error_about_the_host, 2},
      test_short_segments_need_no_part_duration,
      test_name_in_use_is_an_error_that_says_so,
      test_port_in_use_is_an_error_that_says_so,
      {test_value_that_cannot_be_is_named, 11},
      test_tags_and_pad_properties_describe_renditions,
      test_new_resolution_is_a_discontinuity_not_an_error,
      test_state_changes_leave_nothing_behind,
      test_second_start_goes_on,
      test_segment_in_bytes_is_refused_with_advice,
  };
  return run_tests("originsink life cycle", tests, 180);
}
