// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/packager: init segments, codecs strings and the video range, read back by the tests' own box reader.
#include <string>

#include "origin/packager/cmaf.hpp"
#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using namespace origin::media;
using tests::from_hex;
using tests::get_box;
using tests::kStreamStarts;
using tests::StreamStart;

namespace {

constexpr std::string_view kStsd = "moov/trak/mdia/minf/stbl/stsd";

Format format_at(size_t index) {
  return *tests::complete(kStreamStarts[index]);
}

Bytes init_of(const Format& format) {
  const Result<Bytes> init = packager::write_init_segment(format);
  ck_assert_msg(init.ok(), "%s", init.ok() ? "" : init.error().message.c_str());
  return *init;
}

bool equal(tests::Span a, tests::Span b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// What a box of the only sample entry holds.
bool entry_box_is(const Bytes& init, std::string_view type, std::string_view hex) {
  const std::vector<tests::Box> boxes = tests::read_boxes(init.span());
  return equal(get_box(get_box(boxes, kStsd).children[0].children, type).content, from_hex(hex).span());
}

}  // namespace

START_TEST(test_every_codec_has_its_sample_entry) {
  const StreamStart& start = kStreamStarts[_i];
  const Format format = format_at(static_cast<size_t>(_i));
  const Bytes init = init_of(format);
  const tests::Track track = tests::read_track(init.span());
  ck_assert_str_eq(track.entry.c_str(), start.entry);
  ck_assert_str_eq(track.config_type.c_str(), start.config_type);
  ck_assert_str_eq(track.handler.c_str(), kind_of(start.codec) == Kind::kVideo ? "vide" : "soun");
  ck_assert_uint_eq(track.id, 1);
  ck_assert_uint_eq(track.timescale, format.timescale);
  ck_assert_uint_eq(track.width, start.width);
  ck_assert_uint_eq(track.height, start.height);
  ck_assert_uint_eq(track.channels, start.channels);
  ck_assert_uint_eq(track.sample_rate, start.sample_rate);
}
END_TEST

START_TEST(test_codecs_strings) {
  const Result<std::string> codecs = packager::codecs_string(format_at(static_cast<size_t>(_i)));
  ck_assert(codecs.ok());
  ck_assert_str_eq(codecs->c_str(), kStreamStarts[_i].codecs);
}
END_TEST

START_TEST(test_configuration_is_the_content_of_its_box) {
  // Nothing but the FullBox header (vpcC version 1, dfLa version 0) comes before it; esds has its own test.
  const StreamStart& start = kStreamStarts[_i];
  if (start.codec == Codec::kAac) return;
  const Format format = format_at(static_cast<size_t>(_i));
  const Bytes init = init_of(format);
  tests::Span content = tests::read_track(init.span()).config;
  if (start.codec == Codec::kVp9 || start.codec == Codec::kFlac) {
    const Bytes header = from_hex(start.codec == Codec::kVp9 ? "01000000" : "00000000");
    ck_assert(equal(content.first(4), header.span()));
    content = content.subspan(4);
  }
  ck_assert(equal(content, format.config.span()));
}
END_TEST

START_TEST(test_boxes_that_cmaf_requires_are_there) {
  const Bytes init = init_of(format_at(static_cast<size_t>(_i)));
  const std::vector<tests::Box> boxes = tests::read_boxes(init.span());
  ck_assert_uint_eq(boxes.size(), 2);
  for (const char* path :
       {"ftyp", "moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd", "moov/trak/mdia/hdlr",
        "moov/trak/mdia/minf/dinf/dref/url ", "moov/trak/mdia/minf/stbl/stts",
        "moov/trak/mdia/minf/stbl/stsc", "moov/trak/mdia/minf/stbl/stsz", "moov/trak/mdia/minf/stbl/stco",
        "moov/mvex/trex"}) {
    ck_assert_msg(tests::find_box(boxes, path) != nullptr, "%s", path);
  }
  ck_assert(tests::find_box(boxes, "moov/trak/edts") == nullptr);
  const bool video = kind_of(kStreamStarts[_i].codec) == Kind::kVideo;
  ck_assert(tests::find_box(boxes, video ? "moov/trak/mdia/minf/vmhd" : "moov/trak/mdia/minf/smhd") !=
            nullptr);
}
END_TEST

START_TEST(test_brands) {
  const Bytes avc = init_of(format_at(0)), av1 = init_of(format_at(4));
  const auto brands = [](const Bytes& init) {
    const tests::Span content = tests::read_boxes(init.span())[0].content;
    return std::string(content.begin(), content.end());
  };
  ck_assert(brands(avc) == std::string("iso6\0\0\0\0iso6cmfcdash", 20));
  ck_assert(brands(av1) == std::string("iso6\0\0\0\0iso6cmfcdashav01", 24));
}
END_TEST

START_TEST(test_display_size_comes_from_the_pixel_aspect) {
  Format format = format_at(0);
  format.video.width = 720;
  format.video.height = 576;
  format.video.pixel_aspect = {16, 11};
  const Bytes init = init_of(format);
  const tests::Track track = tests::read_track(init.span());
  ck_assert_uint_eq(track.width, 720);
  ck_assert_double_eq_tol(track.display_width, 720 * 16 / 11.0, 1e-4);
  ck_assert_double_eq(track.display_height, 576);
  ck_assert(entry_box_is(init, "pasp", "000000100000000b"));
  format.video.pixel_aspect = {0, 0};
  ck_assert_double_eq(tests::read_track(init_of(format).span()).display_width, 720);
  ck_assert(entry_box_is(init_of(format), "pasp", "0000000100000001"));
}
END_TEST

START_TEST(test_colour_is_written_where_it_is_known) {
  Format format = format_at(3);
  ck_assert(entry_box_is(init_of(format), "colr",
                         "6e636c78"
                         "0009"
                         "0010"
                         "0009"
                         "00"));
  format.video.colour->full_range = true;
  ck_assert(entry_box_is(init_of(format), "colr",
                         "6e636c78"
                         "0009"
                         "0010"
                         "0009"
                         "80"));
  const Bytes unknown = init_of(format_at(1));
  const std::vector<tests::Box> boxes = tests::read_boxes(unknown.span());
  ck_assert(tests::find_box(get_box(boxes, kStsd).children[0].children, "colr") == nullptr);
}
END_TEST

START_TEST(test_aac_elementary_stream_descriptor) {
  // ES_Descriptor { DecoderConfigDescriptor { 0x40, audio stream, DecoderSpecificInfo }, SLConfigDescriptor {
  // 2 } }
  ck_assert(entry_box_is(init_of(format_at(9)), "esds",
                         "00000000"
                         "031c"
                         "0000"
                         "00"
                         "0414"
                         "40"
                         "15"
                         "000000"
                         "00000000"
                         "00000000"
                         "0505"
                         "120856e500"
                         "060102"));
}
END_TEST

START_TEST(test_flac_tells_its_sample_size_and_halves_high_rates) {
  Format format;
  format.codec = Codec::kFlac;
  const Bytes stream_info =
      from_hex("120012000000000000000bb80370" + std::string(40, '0'));  // 48 kHz, stereo, 24
  format = *complete_format(format, stream_info, {});
  format.timescale = 48'000;
  ck_assert_uint_eq(tests::read_track(init_of(format).span()).sample_size, 24);
  for (const uint32_t rate : {96'000u, 192'000u}) {
    format.audio.sample_rate = rate;
    ck_assert_uint_eq(tests::read_track(init_of(format).span()).sample_rate, 48'000);
  }
}
END_TEST

START_TEST(test_language) {
  Format format = format_at(9);
  const auto language = [&](const char* code) {
    format.language = code;
    return tests::read_track(init_of(format).span()).language;
  };
  ck_assert(language("deu") == "deu");
  ck_assert(language("und") == "und");
  for (const char* bad : {"", "de", "DEU", "deutsch", "d\xc3\xa4"}) ck_assert(language(bad) == "und");
}
END_TEST

START_TEST(test_streams_with_parameter_sets_in_band) {
  Format format = format_at(0);
  format.config = from_hex("01640014ffe000");
  ck_assert(tests::read_track(init_of(format).span()).entry == "avc3");
  ck_assert(*packager::codecs_string(format) == "avc3.640014");
  format = format_at(2);
  format.config = from_hex("0101600000009000000000003ff000fcfdf8f800000f00");
  ck_assert(tests::read_track(init_of(format).span()).entry == "hev1");
  ck_assert(*packager::codecs_string(format) == "hev1.1.6.L63.90");
}
END_TEST

START_TEST(test_codecs_string_details) {
  Format hevc = format_at(2);
  // Profile space B; then high tier with all constraint bytes.
  hevc.config = from_hex("0181600000000000000000003ff000fcfdf8f800000f00");
  ck_assert(*packager::codecs_string(hevc) == "hev1.B1.6.L63");
  hevc.config = from_hex("01212000000090000000000199f000fcfdf8f800000f00");
  ck_assert(*packager::codecs_string(hevc) == "hev1.1.4.H153.90.0.0.0.0.1");
  // BT.709 is what AV1 and VP9 mean when they say nothing; monochrome is not.
  Format av1 = format_at(4);
  av1.video.colour = Colour{1, 1, 1, false};
  ck_assert(*packager::codecs_string(av1) == "av01.0.00M.08");
  av1.video.colour = Colour{1, 1, 1, true};
  ck_assert(*packager::codecs_string(av1) == "av01.0.00M.08.0.110.01.01.01.1");
  av1.config = from_hex("810d1c00");
  av1.video.colour = Colour{1, 1, 1, false};
  ck_assert(*packager::codecs_string(av1) == "av01.0.13M.08.1.110.01.01.01.0");
  Format vp9;
  vp9.codec = Codec::kVp9;
  vp9.video.colour = Colour{9, 16, 9, false};
  vp9.video.frame_rate = {60, 1};
  vp9.video.width = 3840;
  vp9.video.height = 2160;
  const Result<Format> completed = complete_format(vp9, {},
                                                   from_hex("9249834200"
                                                            "eff0"
                                                            "86f0"
                                                            "0000")
                                                       .span());
  ck_assert(completed.ok());
  ck_assert(*packager::codecs_string(*completed) == "vp09.02.51.10.01.09.16.09.00");
}
END_TEST

START_TEST(test_video_range_follows_the_transfer_characteristics) {
  Format format = format_at(0);
  const auto range = [&](uint8_t transfer) {
    format.video.colour = Colour{9, transfer, 9, false};
    return packager::video_range(format);
  };
  ck_assert(range(16) == "PQ");
  ck_assert(range(18) == "HLG");
  ck_assert(range(1) == "SDR");
  ck_assert(range(14) == "SDR");
  format.video.colour.reset();
  ck_assert(packager::video_range(format) == "SDR");
}
END_TEST

START_TEST(test_what_no_sample_entry_can_carry_is_refused) {
  const auto refused = [](const Format& format) {
    const Result<Bytes> init = packager::write_init_segment(format);
    return !init.ok() && init.error().code == ErrorCode::kInvalid && !init.error().message.empty();
  };
  for (size_t i = 0; i < std::size(kStreamStarts); ++i) {
    Format format = format_at(i);
    format.timescale = 0;
    ck_assert(refused(format));
    format = format_at(i);
    format.config = Bytes();
    ck_assert(refused(format));
    ck_assert(!packager::codecs_string(format).ok());
    format = format_at(i);
    if (kind_of(format.codec) == Kind::kVideo) {
      format.video.width = 65'536;
    } else {
      format.audio.channels = 0;
    }
    ck_assert(refused(format));
  }
}
END_TEST

int main() {
  constexpr int kCount = std::size(kStreamStarts);
  const Test tests[] = {
      {test_every_codec_has_its_sample_entry, kCount},
      {test_codecs_strings, kCount},
      {test_configuration_is_the_content_of_its_box, kCount},
      {test_boxes_that_cmaf_requires_are_there, kCount},
      test_brands,
      test_display_size_comes_from_the_pixel_aspect,
      test_colour_is_written_where_it_is_known,
      test_aac_elementary_stream_descriptor,
      test_flac_tells_its_sample_size_and_halves_high_rates,
      test_language,
      test_streams_with_parameter_sets_in_band,
      test_codecs_string_details,
      test_video_range_follows_the_transfer_characteristics,
      test_what_no_sample_entry_can_carry_is_refused,
  };
  return run_tests("packager_init", tests);
}
