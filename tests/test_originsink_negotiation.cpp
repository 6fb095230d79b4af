// SPDX-License-Identifier: LGPL-2.1-or-later
// What originsink agrees on with real encoders and demuxers, and how it is linked.
#include <functional>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::Pipeline;

namespace {

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

struct VideoEncoder {
  const char* launch;
  const char* format;   // of what goes in
  const char* profile;  // of what comes out; null: not in the caps
};

const VideoEncoder kVideoEncoders[] = {
    {"x264enc name=e", "I420", "high"},
    {"x264enc tune=zerolatency name=e", "I420", "high"},
    {"x265enc speed-preset=ultrafast name=e", "I420", "main"},
    {"vp9enc deadline=1 cpu-used=8 name=e", "I420", "0"},
    {"av1enc cpu-used=10 usage-profile=realtime name=e", "I420", nullptr},
    {"openh264enc name=e", "I420", "constrained-baseline"},
};

const char* const kAudioEncoders[] = {"avenc_aac", "voaacenc",  "opusenc",
                                      "flacenc",   "avenc_ac3", "avenc_eac3"};

std::string pad_caps(const Pipeline& pipeline, const char* name) {
  GstPad* pad = gst_element_get_static_pad(pipeline.sink(), name);
  ck_assert_msg(pad, "no pad %s", name);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  gchar* text = gst_caps_to_string(caps);
  const std::string result = text;
  g_free(text);
  gst_caps_unref(caps);
  gst_object_unref(pad);
  return result;
}

}  // namespace

START_TEST(test_video_encoder_makes_what_all_players_decode) {
  const VideoEncoder& encoder = kVideoEncoders[_i];
  Pipeline pipeline(std::string("videotestsrc num-buffers=40 ! ") + encoder.launch +
                    " ! originsink name=o playlist-type=event");
  ck_assert_msg(pipeline.run(), "%s: %s", encoder.launch, pipeline.error().c_str());
  const std::string raw = pipeline.sink_caps("e");
  ck_assert_msg(contains(raw, (std::string("format=(string)") + encoder.format).c_str()), "%s", raw.c_str());
  const std::string coded = pad_caps(pipeline, "video_0");
  if (encoder.profile) {
    const std::string field = std::string("profile=(string)") + encoder.profile + ",";
    ck_assert_msg(contains(coded, field.c_str()), "%s", coded.c_str());
  }
  ck_assert_uint_ge(pipeline.segments("video_0").size(), 1);
}
END_TEST

START_TEST(test_format_stays_playable_behind_a_capsfilter) {
  const char* const encoder = _i == 0 ? "x264enc" : "x265enc speed-preset=ultrafast";
  Pipeline pipeline(std::string("videotestsrc num-buffers=10 ! video/x-raw,width=160,height=120 ! ") +
                    encoder + " name=e ! originsink name=o playlist-type=event");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert(contains(pipeline.sink_caps("e"), "format=(string)I420"));
}
END_TEST

START_TEST(test_chroma_that_players_do_not_show_is_warned_of) {
  static const char* const kEncoders[][2] = {
      {"vp9enc deadline=1 cpu-used=8", "VP9 with 4:4:4 chroma (profile 3)"},
      {"av1enc cpu-used=10 usage-profile=realtime", "AV1 with 4:4:4 chroma (profile high)"},
      {"x264enc ! video/x-h264,profile=high-4:2:2", "H.264 with 4:2:2 chroma (profile high-4:2:2)"}};
  const std::string source = "videotestsrc num-buffers=10 ! video/x-raw,width=160,height=120";
  const std::string rest = std::string(" ! ") + kEncoders[_i][0] + " ! o. ";
  Pipeline pipeline("originsink name=o playlist-type=event " + source + rest + source + rest);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_eq(pipeline.warnings().size(), 2);
  for (const std::string& warning : pipeline.warnings()) {
    ck_assert_msg(contains(warning, kEncoders[_i][1]), "%s", warning.c_str());
    ck_assert_msg(contains(warning, "video/x-raw,format=I420"), "%s", warning.c_str());
  }
}
END_TEST

// As h264parse leaves a raw stream from a file.
START_TEST(test_frames_without_presentation_times_are_warned_of) {
  static const char* const kProfiles[] = {"baseline", "main"};
  Pipeline pipeline(std::string("videotestsrc num-buffers=60 ! video/x-raw,width=160,height=120 ! x264enc "
                                "name=e ! video/x-h264,profile=") +
                    kProfiles[_i] + " ! originsink name=o playlist-type=event");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("e"), "src");
  const auto forget = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
  };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, forget, nullptr, nullptr);
  gst_object_unref(pad);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_ge(pipeline.segments("video_0").size(), 1);
  const std::vector<std::string> warnings = pipeline.warnings();
  ck_assert_uint_eq(warnings.size(), _i);
  for (const std::string& warning : warnings) {
    ck_assert_msg(contains(warning, "H.264 comes without presentation times"), "%s", warning.c_str());
  }
}
END_TEST

START_TEST(test_ten_bit_is_taken_where_it_is_asked_for) {
  Pipeline pipeline(
      "videotestsrc num-buffers=10 ! video/x-raw,format=I420_10LE ! x265enc speed-preset=ultrafast ! "
      "video/x-h265,profile=main-10 ! originsink name=o playlist-type=event");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_eq(pipeline.segments("video_0").size(), 1);
  ck_assert(pipeline.warnings().empty());
}
END_TEST

START_TEST(test_audio_encoder_is_taken_as_it_is) {
  Pipeline pipeline(std::string("audiotestsrc num-buffers=50 ! audioconvert ! audioresample ! ") +
                    kAudioEncoders[_i] + " ! originsink name=o playlist-type=event");
  ck_assert_msg(pipeline.run(), "%s: %s", kAudioEncoders[_i], pipeline.error().c_str());
  ck_assert_uint_eq(pipeline.segments("audio_0").size(), 1);
  ck_assert(pipeline.warnings().empty());
}
END_TEST

START_TEST(test_kind_follows_caps_behind_a_queue) {
  Pipeline pipeline(
      "originsink name=o playlist-type=event "
      "audiotestsrc num-buffers=50 ! avenc_aac ! queue ! o. "
      "videotestsrc num-buffers=30 ! x264enc ! queue ! o.");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_ge(pipeline.segments("audio_0").size(), 1);
  ck_assert_uint_ge(pipeline.segments("video_0").size(), 1);
}
END_TEST

START_TEST(test_each_pad_takes_each_kind) {
  Pipeline pipeline(
      "originsink name=o playlist-type=event "
      "audiotestsrc num-buffers=50 ! avenc_aac ! o.video_7 "
      "videotestsrc num-buffers=30 ! x264enc ! o.audio_7");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_ge(pipeline.segments("audio_0").size(), 1);
  ck_assert_uint_ge(pipeline.segments("video_0").size(), 1);
}
END_TEST

START_TEST(test_delayed_links_of_a_demuxer) {
  const tests::Film film(60, 90);
  Pipeline pipeline("filesrc location=" + film.path() +
                    " ! qtdemux name=d originsink name=o playlist-type=vod d. ! o. d. ! o.");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_ge(pipeline.segments("video_0").size(), 1);
  ck_assert_uint_ge(pipeline.segments("audio_0").size(), 1);
}
END_TEST

START_TEST(test_codec_outside_the_list_is_refused) {
  Pipeline pipeline("originsink name=o fakesrc ! fakesink");
  GstPad* pad = gst_element_request_pad_simple(pipeline.sink(), "audio_%u");
  const auto accepts = [pad](const char* text) {
    GstCaps* caps = gst_caps_from_string(text);
    const bool accepted = gst_pad_query_accept_caps(pad, caps);
    gst_caps_unref(caps);
    return accepted;
  };
  ck_assert(!accepts("audio/mpeg, mpegversion=1, layer=3, rate=44100, channels=2"));
  // aacparse cannot take frames out of it.
  ck_assert(!accepts("audio/mpeg, mpegversion=4, stream-format=loas, rate=44100, channels=2"));
  ck_assert(!accepts("video/x-raw, format=I420, width=16, height=16"));
  ck_assert(accepts("audio/mpeg, mpegversion=4, stream-format=adts, rate=44100, channels=2"));
  ck_assert(accepts("video/x-h264, stream-format=byte-stream, alignment=nal"));
  gst_element_release_request_pad(pipeline.sink(), pad);
  gst_object_unref(pad);
}
END_TEST

START_TEST(test_another_codec_on_a_pad_follows_on) {
  Pipeline pipeline(
      "concat name=c ! originsink name=o playlist-type=event "
      "videotestsrc num-buffers=30 ! x264enc ! c. "
      "videotestsrc num-buffers=30 ! vp9enc deadline=1 cpu-used=8 ! c.");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const auto segments = pipeline.segments("video_0");
  ck_assert_uint_eq(segments.size(), 2);
  ck_assert_int_lt(segments[0].running_time, segments[1].running_time);
}
END_TEST

namespace {

struct NewFormat {
  const char* encoder;
  const char* sample_entry;
  const char *before, *after;  // caps, and channels and rate as the sample entry has them
  int channels[2], rates[2];
};

const NewFormat kNewFormats[] = {
    {"avenc_aac", "mp4a", "rate=48000,channels=1", "rate=44100,channels=2", {1, 2}, {48000, 44100}},
    {"opusenc", "Opus", "rate=48000,channels=1", "rate=48000,channels=2", {1, 2}, {48000, 48000}},
    {"opusenc",
     "Opus",
     "rate=48000,channels=2",
     "rate=48000,channels=6,channel-mask=(bitmask)0x3f",
     {2, 6},
     {48000, 48000}},
    {"flacenc", "fLaC", "rate=48000,channels=1", "rate=48000,channels=2", {1, 2}, {48000, 48000}},
    {"flacenc", "fLaC", "rate=48000,channels=2", "rate=44100,channels=1", {2, 1}, {48000, 44100}},
    {"avenc_ac3", "ac-3", "rate=48000,channels=1", "rate=44100,channels=2", {1, 2}, {48000, 44100}},
    {"avenc_eac3", "ec-3", "rate=44100,channels=1", "rate=48000,channels=2", {1, 2}, {44100, 48000}},
};

const char* const kNewSizes[] = {"x264enc", "x265enc speed-preset=ultrafast", "vp9enc deadline=1 cpu-used=8",
                                 "av1enc cpu-used=10 usage-profile=realtime"};

// Of two clips that follow on each other on one pad; all ends with the pipeline.
void play_both(const std::string& first, const std::string& second,
               const std::function<void(const Pipeline&, const tests::MediaPlaylist&)>& look) {
  Pipeline pipeline("concat name=c ! originsink name=o playlist-type=event " + first + " ! c.sink_0 " +
                    second + " ! c.sink_1");
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  const std::string track = contains(first, "audio") ? "audio_0/" : "video_0/";
  const tests::MediaPlaylist playlist = tests::parse_media_playlist(pipeline.fetch(track + "index.m3u8"));
  ck_assert_int_eq(tests::discontinuities_of(playlist), 1);
  ck_assert(playlist.segments.front().map_uri != playlist.segments.back().map_uri);
  look(pipeline, playlist);
}

int big_endian(const std::string& bytes, size_t at) {
  return static_cast<uint8_t>(bytes.at(at)) << 8 | static_cast<uint8_t>(bytes.at(at + 1));
}

}  // namespace

START_TEST(test_new_audio_format_is_said_behind_a_discontinuity) {
  const NewFormat& row = kNewFormats[_i];
  const auto clip = [&row](const char* caps) {
    return std::string("audiotestsrc num-buffers=60 ! audio/x-raw,") + caps + " ! " + row.encoder;
  };
  play_both(clip(row.before), clip(row.after), [&row](const Pipeline& pipeline, const auto& playlist) {
    const std::string maps[] = {playlist.segments.front().map_uri, playlist.segments.back().map_uri};
    for (size_t i = 0; i < 2; ++i) {
      const std::string init = pipeline.fetch("audio_0/" + maps[i]);
      const size_t entry = init.find(row.sample_entry, init.find("stsd")) + 4;
      ck_assert_int_eq(big_endian(init, entry + 16), row.channels[i]);
      ck_assert_int_eq(big_endian(init, entry + 24), row.rates[i]);
    }
  });
}
END_TEST

START_TEST(test_new_video_format_is_said_behind_a_discontinuity) {
  const auto clip = [_i](const char* size) {
    return std::string("videotestsrc num-buffers=30 ! video/x-raw,format=I420,") + size + " ! " +
           kNewSizes[_i];
  };
  play_both(clip("width=160,height=120"), clip("width=192,height=108"),
            [](const Pipeline&, const auto& playlist) { tests::check_media_playlist(playlist); });
}
END_TEST

// A source that is switched away from before its parameter sets came.
START_TEST(test_what_a_parser_cannot_make_sense_of_does_not_end_the_pipeline) {
  Pipeline pipeline(
      "concat name=c ! originsink name=o playlist-type=event "
      "videotestsrc num-buffers=30 ! x264enc key-int-max=100 name=e ! video/x-h264,stream-format=byte-stream "
      "! c. "
      "videotestsrc num-buffers=30 ! vp9enc deadline=1 cpu-used=8 ! c.");
  GstPad* pad = gst_element_get_static_pad(pipeline.element("e"), "src");
  const auto drop_keyframes = [](GstPad*, GstPadProbeInfo* info, gpointer) {
    const GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    return GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  };
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, drop_keyframes, nullptr, nullptr);
  gst_object_unref(pad);
  ck_assert_msg(pipeline.run(), "%s", pipeline.error().c_str());
  ck_assert_uint_eq(pipeline.segments("video_0").size(), 1);
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      {test_video_encoder_makes_what_all_players_decode, G_N_ELEMENTS(kVideoEncoders)},
      {test_format_stays_playable_behind_a_capsfilter, 2},
      {test_chroma_that_players_do_not_show_is_warned_of, 3},
      {test_frames_without_presentation_times_are_warned_of, 2},
      test_ten_bit_is_taken_where_it_is_asked_for,
      {test_audio_encoder_is_taken_as_it_is, G_N_ELEMENTS(kAudioEncoders)},
      test_kind_follows_caps_behind_a_queue,
      test_each_pad_takes_each_kind,
      test_delayed_links_of_a_demuxer,
      test_codec_outside_the_list_is_refused,
      {test_new_audio_format_is_said_behind_a_discontinuity, G_N_ELEMENTS(kNewFormats)},
      {test_new_video_format_is_said_behind_a_discontinuity, G_N_ELEMENTS(kNewSizes)},
      test_another_codec_on_a_pad_follows_on,
      test_what_a_parser_cannot_make_sense_of_does_not_end_the_pipeline,
  };
  return run_tests("originsink negotiation", tests, 180);
}
