// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/media: configuration records, key frames and durations read from bitstreams, good and hostile ones.
#include <string>

#include "origin/base/text.hpp"
#include "origin/media/bitstream.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/media/vp9.hpp"
#include "origin/packager/cmaf.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using namespace origin::media;
using tests::complete;
using tests::format_of;
using tests::from_bits;
using tests::from_hex;
using tests::kStreamStarts;
using tests::StreamStart;

namespace {

Result<Format> complete_with(Codec codec, const Bytes& out_of_band, const Bytes& sample) {
  return complete_format(format_of(codec), out_of_band, sample.span());
}

std::string hex(const Bytes& bytes) {
  return to_hex(bytes.span());
}

// ck_assert_str_eq would keep pointers into strings that are gone.
void assert_equal(const std::string& actual, const std::string& expected) {
  ck_assert_str_eq(actual.c_str(), expected.c_str());
}

void assert_config(Codec codec, const Bytes& out_of_band, const Bytes& sample, const std::string& expected) {
  const Result<Format> format = complete_with(codec, out_of_band, sample);
  ck_assert_msg(format.ok(), "%s", format.ok() ? "" : format.error().message.c_str());
  assert_equal(hex(format->config), expected);
}

}  // namespace

START_TEST(test_real_streams_are_completed) {
  const StreamStart& start = kStreamStarts[_i];
  const Result<Format> format = complete(start);
  ck_assert_msg(format.ok(), "%s: %s", start.name, format.ok() ? "" : format.error().message.c_str());
  ck_assert_uint_eq(format->video.width, start.width);
  ck_assert_uint_eq(format->video.height, start.height);
  ck_assert_uint_eq(format->audio.sample_rate, start.sample_rate);
  ck_assert_uint_eq(format->audio.channels, start.channels);
}
END_TEST

START_TEST(test_key_frames_are_read_from_the_bitstream) {
  const StreamStart& start = kStreamStarts[_i];
  const Result<Format> format = complete(start);
  // One of them begins with a CRA picture.
  ck_assert(access_of(*format, from_hex(start.first_sample).span()) >= Access::kClean);
  if (!start.other_sample.empty())
    ck_assert(access_of(*format, from_hex(start.other_sample).span()) == Access::kNone);
}
END_TEST

START_TEST(test_audio_frames_tell_their_duration) {
  const StreamStart& start = kStreamStarts[_i];
  const Result<Format> format = complete(start);
  ck_assert_uint_eq(audio_frame_samples(*format, from_hex(start.first_sample).span()), start.frame_samples);
}
END_TEST

START_TEST(test_callers_picture_wins_over_the_bitstream) {
  for (const StreamStart& start : kStreamStarts) {
    if (kind_of(start.codec) != Kind::kVideo) continue;
    Format format = format_of(start.codec);
    format.video.width = 1280;
    format.video.height = 720;
    format.video.colour = Colour{9, 18, 9, true};
    const Result<Format> completed =
        complete_format(format, from_hex(start.out_of_band), from_hex(start.first_sample).span());
    ck_assert(completed.ok());
    ck_assert(completed->video == format.video);
  }
}
END_TEST

START_TEST(test_colour_comes_from_the_parameter_sets) {
  const auto colour_of = [](size_t index) { return complete(kStreamStarts[index])->video.colour; };
  ck_assert(colour_of(0) == (Colour{6, 6, 6, false}));
  ck_assert(!colour_of(1));
  ck_assert(colour_of(2) == (Colour{6, 6, 6, false}));
  ck_assert(colour_of(3) == (Colour{9, 16, 9, false}));
  ck_assert(!colour_of(4));
  ck_assert(colour_of(5) == (Colour{9, 16, 9, false}));
  ck_assert(colour_of(7) == (Colour{2, 2, 6, false}));
}
END_TEST

START_TEST(test_records_that_others_wrote_are_reproduced) {
  const StreamStart& hdr = kStreamStarts[5];
  assert_config(Codec::kAv1, {}, from_hex(hdr.first_sample), std::string(hdr.out_of_band));
  // The record alone is enough where the first sample has no sequence header.
  assert_config(Codec::kAv1, from_hex(hdr.out_of_band), from_hex("32043000afac"),
                std::string(hdr.out_of_band));
}
END_TEST

START_TEST(test_h264_reads_the_length_size_from_its_record) {
  std::string record(kStreamStarts[0].out_of_band);
  record.replace(8, 2, "fd");  // two bytes
  const Format format = format_of(Codec::kH264, from_hex(record));
  const Bytes sample = from_hex("0002091000046588ffff");
  ck_assert(access_of(format, sample.span()) == Access::kSync);
  ck_assert(access_of(*complete(kStreamStarts[0]), sample.span()) == Access::kNone);
}
END_TEST

// SPS, PPS, SEI messages, and an I slice of type 1.
std::string with_messages(const std::string& messages) {
  char length[9];
  std::snprintf(length, sizeof length, "%08x", static_cast<unsigned>(1 + messages.size() / 2));
  return "0000000467640014"
         "0000000368ebec" +
         (length + ("06" + messages)) + "000000044188ffff";
}

START_TEST(test_h264_recovery_points_tell_open_groups_from_intra_refresh) {
  const Format format = *complete(kStreamStarts[0]);
  const auto access = [&](const std::string& messages) {
    return access_of(format, from_hex(with_messages(messages)).span());
  };
  ck_assert(access("06018480") == Access::kRecovery);   // recovery_frame_cnt 0
  ck_assert(access("06023d0480") == Access::kGradual);  // 14
  ck_assert(access("010200d0"
                   "06018480") == Access::kRecovery);  // behind a picture timing message
  ck_assert(access("05050000030003aa"
                   "06018480") == Access::kRecovery);                                     // escaped: 00 00 03
  ck_assert(access("05ff01" + std::string(512, 'a') + "06018480") == Access::kRecovery);  // 256 bytes long
  ck_assert(access("0106840000000000"
                   "80") == Access::kNone);          // only looks like one
  ck_assert(access("0609848080") == Access::kNone);  // longer than what is there
  ck_assert(access("06010080") == Access::kNone);    // no number
  ck_assert(access("") == Access::kNone);
  // An IDR picture is one, whatever is said beside it.
  ck_assert(access_of(format, from_hex("0000000506060184800000000465888400").span()) == Access::kSync);
}
END_TEST

START_TEST(test_h265_access_points_follow_from_the_type) {
  const Format format = *complete(kStreamStarts[2]);
  for (unsigned type = 0; type < 32; ++type) {
    const std::vector<uint8_t> sample{0, 0, 0, 3, static_cast<uint8_t>(type << 1), 1, 0xaf};
    Access wanted = Access::kNone;
    if (type == 8 || type == 9) wanted = Access::kSkipped;  // RASL
    if (type >= 16 && type <= 23) wanted = Access::kClean;  // BLA_W_LP, CRA, and reserved ones
    if (type >= 17 && type <= 20) wanted = Access::kSync;   // BLA without RASL, IDR
    ck_assert_msg(access_of(format, sample) == wanted, "type %u", type);
  }
}
END_TEST

START_TEST(test_h265_recovery_points_may_lie_in_the_past) {
  const Format format = *complete(kStreamStarts[2]);
  const auto access = [&](const std::string& message) {
    return access_of(format, from_hex("000000064e01" + message + "80" + "000000040201d0af").span());
  };
  ck_assert(access("0601c0") == Access::kRecovery);  // recovery_poc_cnt 0
  ck_assert(access("060170") == Access::kRecovery);  // -1
  ck_assert(access("060150") == Access::kGradual);   // 1
}
END_TEST

START_TEST(test_captions_are_found_beside_the_pictures) {
  // One caption of ATSC A/53: country and provider codes, "GA94", cc_data, two bytes of CEA-608.
  const std::string captions = "040eb500314741393403c1fffc9420ff";
  const Format avc = *complete(kStreamStarts[0]), hevc = *complete(kStreamStarts[2]);
  const auto in_avc = [&](const std::string& messages) {
    return has_captions(avc, from_hex(with_messages(messages + "80")).span());
  };
  ck_assert(in_avc(captions));
  ck_assert(in_avc("060184" + captions));  // behind another message
  ck_assert(!in_avc("060184"));
  ck_assert(!in_avc("0408b500314741393406"));  // bar data
  ck_assert(!in_avc("0408b50031474139"));      // longer than what is there
  ck_assert(has_captions(hevc, from_hex("000000134e01" + captions + "80" + "000000040201d0af").span()));
  ck_assert(!has_captions(hevc, from_hex("000000040201d0af").span()));
  ck_assert(!has_captions(*complete(kStreamStarts[4]), from_hex(captions).span()));
}
END_TEST

START_TEST(test_h265_arrays_are_marked_complete) {
  const Format format = *complete(kStreamStarts[2]);
  ck_assert_uint_eq(format.config.data()[23], 0xa0);
  ck_assert_uint_eq(format.config.size(), kStreamStarts[2].out_of_band.size() / 2);
}
END_TEST

START_TEST(test_av1_temporal_delimiters_are_not_stored) {
  const Format format = format_of(Codec::kAv1);
  const Bytes sample = from_hex(
      "1200"
      "32021020");
  const Bytes stored = storable(format, sample);
  assert_equal(hex(stored), "32021020");
  ck_assert_ptr_eq(stored.data(), sample.data() + 2);  // no copy
  const Bytes plain = from_hex("32021020");
  ck_assert_ptr_eq(storable(format, plain).data(), plain.data());
  assert_equal(hex(storable(format, from_hex("1200"
                                             "32021020"
                                             "1200"
                                             "3202ffff"
                                             "1200"))),
               "32021020"
               "3202ffff");
  ck_assert_uint_eq(storable(format, from_hex("12001200")).size(), 0);
  // With an extension byte, and an OBU without a size at the end.
  assert_equal(hex(storable(format, from_hex("160800"
                                             "30aabb"))),
               "30aabb");
}
END_TEST

START_TEST(test_av1_key_frame_needs_sequence_header_and_show) {
  const Format format = format_of(Codec::kAv1);
  const std::string sequence = "0a0b00000003b4ff7e06d7c802";
  ck_assert(access_of(format, from_hex(sequence + "320210aa").span()) == Access::kSync);
  ck_assert(access_of(format, from_hex(sequence + "1a0110" + "2201aa").span()) == Access::kSync);
  ck_assert(access_of(format, from_hex("320210aa").span()) == Access::kNone);
  ck_assert(access_of(format, from_hex(sequence + "320200aa").span()) == Access::kNone);  // not shown
  ck_assert(access_of(format, from_hex(sequence + "320280aa").span()) ==
            Access::kNone);  // show_existing_frame
  ck_assert(access_of(format, from_hex(sequence + "320250aa").span()) == Access::kNone);  // intra only
  ck_assert(access_of(format, from_hex(sequence).span()) == Access::kNone);
}
END_TEST

START_TEST(test_vp9_superframe_counts_by_its_first_frame) {
  const Format format = format_of(Codec::kVp9);
  const std::string key = "804983422013f00ef60638";    // hidden key frame, 11 bytes
  const std::string inter = "860040";                  // shown, 3 bytes
  const std::string index_key_first = "c90b000300c9";  // 2 frames, 2 bytes a size
  const std::string index_key_last = "c903000b00c9";
  ck_assert(access_of(format, from_hex(key + inter + index_key_first).span()) == Access::kSync);
  ck_assert(access_of(format, from_hex(inter + key + index_key_last).span()) == Access::kNone);
  ck_assert(access_of(format, from_hex("c1c1").span()) == Access::kNone);
  ck_assert(access_of(format, from_hex("8a49834220").span()) == Access::kNone);  // show_existing_frame
  const Result<Format> completed = complete_with(Codec::kVp9, {}, from_hex(key + inter + index_key_first));
  ck_assert(completed.ok());
  ck_assert_uint_eq(completed->video.width, 320);
}
END_TEST

START_TEST(test_vp9_level_follows_size_and_rate) {
  ck_assert_uint_eq(vp9_level(256, 144, {15, 1}), 10);
  ck_assert_uint_eq(vp9_level(640, 480, {30, 1}), 30);
  ck_assert_uint_eq(vp9_level(1280, 720, {30, 1}), 31);
  ck_assert_uint_eq(vp9_level(1920, 1080, {30'000, 1001}), 40);
  ck_assert_uint_eq(vp9_level(1920, 1080, {60, 1}), 41);
  ck_assert_uint_eq(vp9_level(3840, 2160, {30, 1}), 50);
  ck_assert_uint_eq(vp9_level(3840, 2160, {60, 1}), 51);
  ck_assert_uint_eq(vp9_level(3840, 2160, {0, 1}), 50);
  ck_assert_uint_eq(vp9_level(7680, 4320, {60, 1}), 61);
  ck_assert_uint_eq(vp9_level(65535, 65535, {4'000'000'000, 1}), 62);
}
END_TEST

START_TEST(test_aac_signalling_of_sbr_and_ps) {
  struct Case {
    Bytes config;
    uint32_t sample_rate, channels, frame_length;
    const char* codecs;
  };
  const Case cases[] = {
      {from_hex("1190"), 48'000, 2, 1024, "mp4a.40.2"},
      {from_hex("1194"), 48'000, 2, 960, "mp4a.40.2"},
      {from_hex("11b0"), 48'000, 6, 1024, "mp4a.40.2"},
      {from_hex("11b8"), 48'000, 8, 1024, "mp4a.40.2"},
      {from_hex("eb098800"), 48'000, 2, 2048, "mp4a.40.29"},
      {from_hex("131056e598"), 48'000, 2, 2048, "mp4a.40.5"},
      {from_hex("130856e59d4880"), 48'000, 2, 2048, "mp4a.40.29"},
      {from_bits("00101 0011 0010 0011 00010 000"), 48'000, 2, 1024, "mp4a.40.5"},  // downsampled SBR
      {from_bits("00010 1111 000000001010110001000100 0001 000"), 44'100, 1, 1024, "mp4a.40.2"},
      {from_bits("11111 000111 0011 0010 1 0000000"), 48'000, 2, 480, "mp4a.40.39"},
      // Channels in a program_config_element: C, L/R, Ls/Rs, LFE.
      {from_bits(
           "00010 0011 0000 000 0000 01 0011 0010 0000 0001 01 000 0000 0 0 0 0 0000 1 0000 1 0001 0000"),
       48'000, 6, 1024, "mp4a.40.2"},
  };
  for (const Case& c : cases) {
    const Result<Format> format = complete_with(Codec::kAac, c.config, {});
    ck_assert_msg(format.ok(), "%s", hex(c.config).c_str());
    ck_assert_uint_eq(format->audio.sample_rate, c.sample_rate);
    ck_assert_uint_eq(format->audio.channels, c.channels);
    ck_assert_uint_eq(audio_frame_samples(*format, {}), c.frame_length);
    assert_equal(*packager::codecs_string(*format), c.codecs);
  }
  for (const char* bad : {"", "11", "1690", "1180", "ffff", "4190"}) {
    ck_assert_msg(!complete_with(Codec::kAac, from_hex(bad), {}).ok(), "%s", bad);
  }
}
END_TEST

START_TEST(test_opus_header_becomes_big_endian) {
  // Stereo, 312 samples of pre-skip, 44100 Hz input, gain -256.
  assert_config(Codec::kOpus,
                from_hex("4f7075734865616401023801"
                         "44ac0000"
                         "00ff"
                         "00"),
                from_hex("fc"), "000201380000ac44ff0000");
  // Family 1: six channels in four streams.
  assert_config(Codec::kOpus,
                from_hex("4f7075734865616401063801"
                         "80bb0000"
                         "0000"
                         "01"
                         "0402000401020305"),
                from_hex("fc"),
                "000601380000bb8000000104020004010203"
                "05");
  ck_assert(!complete_with(Codec::kOpus, from_hex("4f70757348656164010638010000000000000104"), {}).ok());
  Format surround = format_of(Codec::kOpus);
  surround.audio.channels = 6;
  ck_assert(!complete_format(surround, {}, from_hex("fc").span()).ok());
}
END_TEST

START_TEST(test_opus_packets_tell_their_duration) {
  const Format format = format_of(Codec::kOpus);
  const auto samples = [&](const char* packet) {
    return audio_frame_samples(format, from_hex(packet).span());
  };
  ck_assert_uint_eq(samples("00"), 480);     // SILK 10 ms
  ck_assert_uint_eq(samples("18"), 2880);    // SILK 60 ms
  ck_assert_uint_eq(samples("68"), 960);     // hybrid 20 ms
  ck_assert_uint_eq(samples("80"), 120);     // CELT 2.5 ms
  ck_assert_uint_eq(samples("f9"), 1920);    // 2 × 20 ms
  ck_assert_uint_eq(samples("fb03"), 2880);  // 3 × 20 ms
  ck_assert_uint_eq(samples("fb07"), 0);     // 140 ms: not allowed
  ck_assert_uint_eq(samples("fb"), 0);
  ck_assert_uint_eq(samples(""), 0);
}
END_TEST

START_TEST(test_flac_headers_in_all_their_forms) {
  const std::string info = "120012000000000000000ac44070" + std::string(40, '0');
  const std::string expected = "80000022" + info;
  const std::string tags = "84000004aabbccdd";
  for (const std::string& header : {info, "00000022" + info + tags,
                                    "664c6143"
                                    "00000022" +
                                        info + tags,
                                    "664c6143"
                                    "80000022" +
                                        info,
                                    "7f464c414301000001"
                                    "664c6143"
                                    "00000022" +
                                        info + tags}) {
    assert_config(Codec::kFlac, from_hex(header), {}, expected);
  }
  ck_assert(!complete_with(Codec::kFlac,
                           from_hex("664c6143"
                                    "84000004aabbccdd"),
                           {})
                 .ok());
  ck_assert(!complete_with(Codec::kFlac, {}, {}).ok());
}
END_TEST

START_TEST(test_flac_frames_tell_their_block_size) {
  const Format format = format_of(Codec::kFlac);
  const auto samples = [&](const char* frame) { return audio_frame_samples(format, from_hex(frame).span()); };
  ck_assert_uint_eq(samples("fff8190200"), 192);
  ck_assert_uint_eq(samples("fff8c90200"), 4096);
  ck_assert_uint_eq(samples("fff86902003f"), 64);
  ck_assert_uint_eq(samples("fff87902ffff"), 0);  // no such coded number
  ck_assert_uint_eq(samples("fff87902c28007ff"), 2048);
  ck_assert_uint_eq(samples("fff8790200"), 0);
  ck_assert_uint_eq(samples("0000"), 0);
}
END_TEST

START_TEST(test_ac3_records) {
  assert_config(Codec::kAc3, {}, from_hex(kStreamStarts[14].first_sample), "103de0");
  assert_config(Codec::kEac3, {}, from_hex(kStreamStarts[15].first_sample), "0df8600f00");
  ck_assert(!complete_with(Codec::kAc3, {}, from_hex(kStreamStarts[15].first_sample)).ok());
  ck_assert(!complete_with(Codec::kEac3, {}, from_hex(kStreamStarts[14].first_sample)).ok());
}
END_TEST

START_TEST(test_eac3_with_dependent_substreams) {
  // 5.1, and a substream that depends on it with the rear pair Lrs/Rrs: 7.1. Frames of 16 bytes.
  const auto frame = [](std::string_view bits) {
    std::string text = hex(from_bits(bits));
    text.resize(32, '0');
    return text;
  };
  const std::string core = frame("0000101101110111 00 000 00000000111 00 11 111 1 10000 11111 0");
  const std::string rear =
      frame("0000101101110111 01 000 00000000111 00 11 010 0 10000 11111 0 1 0001101000000000");
  const Result<Format> format = complete_with(Codec::kEac3, {}, from_hex(core + rear));
  ck_assert(format.ok());
  ck_assert_uint_eq(format->audio.channels, 8);
  ck_assert_uint_eq(format->audio.sample_rate, 48'000);
  assert_equal(hex(format->config),
               "0040"
               "200f0202");
  ck_assert_uint_eq(audio_frame_samples(*format, from_hex(core + rear).span()), 1536);
  // Two frames of the same substream in one sample are two durations and one substream.
  const Result<Format> twice = complete_with(Codec::kEac3, {}, from_hex(core + rear + core + rear));
  ck_assert(twice->config == format->config);
  ck_assert_uint_eq(audio_frame_samples(*twice, from_hex(core + rear + core + rear).span()), 3072);
  // A dependent substream alone belongs to nobody.
  ck_assert(!complete_with(Codec::kEac3, {}, from_hex(rear)).ok());
}
END_TEST

START_TEST(test_missing_configuration_is_an_error_that_says_so) {
  for (const Codec codec : {Codec::kH264, Codec::kH265, Codec::kAac, Codec::kFlac}) {
    const Result<Format> format = complete_with(codec, {}, from_hex("00000001"));
    ck_assert(!format.ok());
    ck_assert(format.error().code == ErrorCode::kInvalid);
    ck_assert(format.error().message.starts_with(std::string(name_of(codec)) + ": the caps have no "));
  }
  const Result<Format> wrong = complete_with(Codec::kAac, from_hex("1200"), from_hex("00000001"));
  ck_assert(!wrong.ok());
  ck_assert(wrong.error().message.find("1200, which is no valid codec_data") != std::string::npos);
}
END_TEST

int main() {
  constexpr int kCount = std::size(kStreamStarts);
  const Test tests[] = {
      {test_real_streams_are_completed, kCount},
      {test_key_frames_are_read_from_the_bitstream, kCount},
      {test_audio_frames_tell_their_duration, kCount},
      test_callers_picture_wins_over_the_bitstream,
      test_colour_comes_from_the_parameter_sets,
      test_records_that_others_wrote_are_reproduced,
      test_h264_reads_the_length_size_from_its_record,
      test_h264_recovery_points_tell_open_groups_from_intra_refresh,
      test_h265_access_points_follow_from_the_type,
      test_h265_recovery_points_may_lie_in_the_past,
      test_captions_are_found_beside_the_pictures,
      test_h265_arrays_are_marked_complete,
      test_av1_temporal_delimiters_are_not_stored,
      test_av1_key_frame_needs_sequence_header_and_show,
      test_vp9_superframe_counts_by_its_first_frame,
      test_vp9_level_follows_size_and_rate,
      test_aac_signalling_of_sbr_and_ps,
      test_opus_header_becomes_big_endian,
      test_opus_packets_tell_their_duration,
      test_flac_headers_in_all_their_forms,
      test_flac_frames_tell_their_block_size,
      test_ac3_records,
      test_eac3_with_dependent_substreams,
      test_missing_configuration_is_an_error_that_says_so,
  };
  return run_tests("bitstream", tests);
}
