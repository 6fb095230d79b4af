// SPDX-License-Identifier: LGPL-2.1-or-later
// What is damaged on its way costs what cannot be read, and nothing else: not the other tracks, not the
// pipeline, and not what follows.
#include <algorithm>
#include <functional>
#include <random>

#include "tests/check_main.hpp"
#include "tests/test_originsink_support.hpp"

using tests::MediaPlaylist;
using tests::Pipeline;

namespace {

constexpr char kPicture[] =
    "videotestsrc num-buffers=120 ! video/x-raw,framerate=30/1,width=160,height=120 ! ";
constexpr char kSound[] =
    "audiotestsrc num-buffers=188 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! ";
constexpr char kRest[] =
    " ! o. originsink name=o playlist-type=event segment-duration=1000000000 videotestsrc num-buffers=120 ! "
    "video/x-raw,framerate=30/1,width=64,height=48 ! x264enc key-int-max=30 ! o.video_7 ";

struct Stream {
  const char* track;
  const char* source;
  const char* encoder;  // what is damaged leaves an element "e"
};

const Stream kStreams[] = {
    {"video_0", kPicture,
     "x264enc key-int-max=15 ! video/x-h264,stream-format=byte-stream ! identity name=e"},
    {"video_0", kPicture, "x264enc key-int-max=15 ! video/x-h264,stream-format=avc ! identity name=e"},
    {"video_0", kPicture,
     "x265enc speed-preset=ultrafast key-int-max=15 option-string=repeat-headers=1 name=e"},
    {"video_0", kPicture, "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=15 name=e"},
    {"video_0", kPicture, "av1enc cpu-used=10 usage-profile=realtime keyframe-max-dist=15 name=e"},
    {"audio_0", kSound, "avenc_aac name=e"},
    {"audio_0", kSound, "avenc_aac ! aacparse ! audio/mpeg,stream-format=adts ! identity name=e"},
    {"audio_0", kSound, "opusenc name=e"},
    {"audio_0", kSound, "flacenc name=e"},
    {"audio_0", kSound, "avenc_ac3 name=e"},
    {"audio_0", kSound, "avenc_eac3 name=e"},
};

// Changes buffers that come out of the element "e".
class Damage {
 public:
  using Change = std::function<void(int index, std::vector<uint8_t>& bytes)>;
  Damage(const Pipeline& pipeline, Change change) : change_(std::move(change)) {
    GstPad* pad = gst_element_get_static_pad(pipeline.element("e"), "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
    gst_object_unref(pad);
  }

 private:
  static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Damage*>(data);
    GstBuffer* buffer = gst_buffer_make_writable(gst_pad_probe_info_get_buffer(info));
    std::vector<uint8_t> bytes(gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, bytes.data(), bytes.size());
    self->change_(self->next_++, bytes);
    void* copy = g_memdup2(bytes.data(), bytes.size());
    gst_buffer_replace_all_memory(
        buffer, gst_memory_new_wrapped(static_cast<GstMemoryFlags>(0), copy, bytes.size(), 0, bytes.size(),
                                       copy, g_free));
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
  }
  Change change_;
  int next_ = 0;
};

void fill(std::vector<uint8_t>& bytes, std::mt19937& random) {
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
}

// Seconds.
double published(const Pipeline& pipeline, const char* track) {
  double sum = 0;
  for (const tests::SegmentMessage& segment : pipeline.segments(track))
    sum += static_cast<double>(segment.duration) / GST_SECOND;
  return sum;
}

// The track that nothing happened to.
void check_whole(const Pipeline& pipeline) {
  const MediaPlaylist playlist = pipeline.media_playlist("video_7");
  tests::check_media_playlist(playlist);
  ck_assert(playlist.ended);
  ck_assert_double_eq_tol(published(pipeline, "video_7"), 4, 0.001);
}

}  // namespace

// One bit of one of the first frames.
START_TEST(test_flipped_bit_costs_what_it_is_in) {
  const Stream& stream = kStreams[_i];
  std::mt19937 random(static_cast<unsigned>(_i));
  for (int damaged = 0; damaged < 12; ++damaged) {
    Pipeline pipeline(std::string(stream.source) + stream.encoder + kRest);
    size_t at = 0;
    const Damage damage(pipeline, [&](int index, std::vector<uint8_t>& bytes) {
      if (index != damaged || bytes.empty()) return;
      at = random() % std::min<size_t>(bytes.size(), 24);
      bytes[at] ^= static_cast<uint8_t>(1u << random() % 8);
    });
    ck_assert_msg(pipeline.run(), "%s, frame %d, byte %zu: %s", stream.encoder, damaged, at,
                  pipeline.error().c_str());
    check_whole(pipeline);
    const double heard = published(pipeline, stream.track);
    ck_assert_msg(heard > 2.5, "%s, frame %d, byte %zu: %f s", stream.encoder, damaged, at, heard);
  }
}
END_TEST

START_TEST(test_track_of_rubbish_leaves_the_others_alone) {
  const Stream& stream = kStreams[_i];
  std::mt19937 random(static_cast<unsigned>(_i));
  Pipeline pipeline(std::string(stream.source) + stream.encoder + kRest);
  const Damage damage(pipeline, [&](int, std::vector<uint8_t>& bytes) { fill(bytes, random); });
  ck_assert_msg(pipeline.run(), "%s: %s", stream.encoder, pipeline.error().c_str());
  check_whole(pipeline);
  const auto names_the_pad = [&](const std::string& text) {
    return text.find(stream.track) != std::string::npos;
  };
  ck_assert_msg(published(pipeline, stream.track) > 0 ||
                    std::any_of(pipeline.warnings().begin(), pipeline.warnings().end(), names_the_pad),
                "%s: nothing is said", stream.encoder);
}
END_TEST

START_TEST(test_nothing_but_rubbish_is_an_error_at_the_end) {
  std::mt19937 random(1);
  Pipeline pipeline(std::string(kPicture) + "x264enc name=e ! originsink name=o playlist-type=event");
  const Damage damage(pipeline, [&](int, std::vector<uint8_t>& bytes) { fill(bytes, random); });
  ck_assert(!pipeline.run());
  ck_assert_msg(pipeline.error().find("nothing that came could be published; ") != std::string::npos, "%s",
                pipeline.error().c_str());
}
END_TEST

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  const Test tests[] = {
      {test_flipped_bit_costs_what_it_is_in, G_N_ELEMENTS(kStreams)},
      {test_track_of_rubbish_leaves_the_others_alone, G_N_ELEMENTS(kStreams)},
      test_nothing_but_rubbish_is_an_error_at_the_end,
  };
  return run_tests("originsink damage", tests, 300);
}
