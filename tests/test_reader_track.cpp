// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/packager: CMAF headers of our own writer and others', read.
#include <regex>
#include <string>

#include "origin/packager/cmaf.hpp"
#include "origin/packager/reader.hpp"
#include "tests/box_editor.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using media::Codec;
using media::Format;
using packager::CmafTrack;
using packager::read_track;
using tests::append_to_box;
using tests::from_hex;
using tests::kStreamStarts;
using tests::make_box;
using tests::patch_box;
using tests::replace_box;

namespace {

const std::string kMdia = "moov/trak/mdia", kStsd = kMdia + "/minf/stbl/stsd";

Format format_at(size_t index) {
  return *tests::complete(kStreamStarts[index]);
}
Bytes header_at(size_t index) {
  return *packager::write_init_segment(format_at(index));
}
Bytes avc_header() {
  return header_at(0);
}
constexpr size_t kNoColour = 1, kAac = 9, kOpus = 11, kFlac = 13, kEac3 = 15;

CmafTrack read(const Bytes& header) {
  const Result<CmafTrack> track = read_track(header.span());
  ck_assert_msg(track.ok(), "%s", track.ok() ? "" : track.error().message.c_str());
  return *track;
}

// The message with N for places, which depend on what is before.
void refuses(const Bytes& header, ErrorCode code, const char* message) {
  const Result<CmafTrack> track = read_track(header.span());
  ck_assert(!track.ok());
  const std::string said =
      std::regex_replace(track.error().message, std::regex("at byte [0-9]+"), "at byte N");
  ck_assert_str_eq(said.c_str(), message);
  ck_assert_int_eq(static_cast<int>(track.error().code), static_cast<int>(code));
}

void assert_reads_back(const Format& format) {
  const Result<Bytes> header = packager::write_init_segment(format);
  ck_assert(header.ok());
  const CmafTrack track = read(*header);
  ck_assert(track.format == format);
  ck_assert_uint_eq(track.track_id, 1);
  ck_assert_int_eq(track.edit_shift, 0);
}

Bytes edit_list(const char* fields) {
  return make_box("edts", make_box("elst", from_hex(fields)));
}
Bytes with_edits(const char* fields) {
  return append_to_box(avc_header(), "moov/trak", edit_list(fields));
}

}  // namespace

START_TEST(test_what_is_written_is_read_back) {
  assert_reads_back(format_at(static_cast<size_t>(_i)));
}
END_TEST

START_TEST(test_descriptions_are_read_back) {
  Format format = format_at(0);
  format.video.pixel_aspect = {16, 11};
  format.video.colour = media::Colour{9, 18, 9, true};
  format.language = "deu";
  format.timescale = 25'000;
  assert_reads_back(format);
  format.config = from_hex("01640014ffe000");  // parameter sets in the samples: avc3
  assert_reads_back(format);
  format = format_at(2);
  format.config = from_hex("0101600000009000000000003ff000fcfdf8f800000f00");  // hev1
  assert_reads_back(format);
  format.codec = Codec::kFlac;
  format = tests::format_of(Codec::kFlac);
  format =
      *media::complete_format(format, from_hex("120012000000000000000bb80370" + std::string(40, '0')), {});
  format.timescale = 48'000;
  assert_reads_back(format);
}
END_TEST

START_TEST(test_language) {
  Format format = format_at(kAac);
  ck_assert(read(*packager::write_init_segment(format)).language == "");
  format.language = "deu";
  const Bytes header = *packager::write_init_segment(format);
  ck_assert(read(header).language == "deu");
  const Bytes tagged = append_to_box(header, kMdia, make_box("elng", from_hex("0000000064652d415400")));
  ck_assert(read(tagged).language == "de-AT");
  ck_assert(read(tagged).format.language == "deu");
  const Bytes no_tag = append_to_box(header, kMdia, make_box("elng", from_hex("000000000a0a")));
  ck_assert(read(no_tag).language == "deu");
  // QuickTime's code 0 is English there, and nothing in ISO's.
  ck_assert(read(patch_box(header, kMdia + "/mdhd", 20, from_hex("0000"))).format.language == "und");
}
END_TEST

START_TEST(test_defaults_and_times_of_64_bits) {
  Bytes header = patch_box(avc_header(), "moov/mvex/trex", 12, from_hex("0000000a0000000b0000000c"));
  header = replace_box(header, kMdia + "/mdhd",
                       make_box("mdhd", from_hex("01000000"
                                                 "0000000000000000"
                                                 "0000000000000000"
                                                 "00003039"
                                                 "0000000000000000"
                                                 "15c7"
                                                 "0000")));
  const CmafTrack track = read(header);
  ck_assert_uint_eq(track.defaults.duration, 10);
  ck_assert_uint_eq(track.defaults.size, 11);
  ck_assert_uint_eq(track.defaults.flags, 12);
  ck_assert_uint_eq(track.format.timescale, 12'345);
  ck_assert_str_eq(track.language.c_str(), "eng");
}
END_TEST

START_TEST(test_edit_lists_shift) {
  ck_assert_int_eq(read(with_edits("0000000000000000")).edit_shift, 0);
  ck_assert_int_eq(read(with_edits("0000000000000001"
                                   "000000000000040000010000"))
                       .edit_shift,
                   1024);
  ck_assert_int_eq(read(with_edits("0100000000000001"
                                   "000000000000000a000000010000000000010000"))
                       .edit_shift,
                   int64_t{1} << 32);
  // An empty edit of half a second of the movie's time before it.
  const Bytes header = with_edits(
      "0000000000000002"
      "000001f4ffffffff00010000"
      "000000000000000a00010000");
  const uint32_t timescale = read(header).format.timescale;
  ck_assert_int_eq(read(patch_box(header, "moov/mvhd", 12, from_hex("000003e8"))).edit_shift,
                   10 - int64_t{timescale} / 2);
}
END_TEST

START_TEST(test_edits_that_do_more_are_refused) {
  const std::string more =
      " does more than shift the track; understood is one edit at normal speed, and an empty one before it";
  for (const char* fields : {
           "0000000000000001"
           "000000000000040000020000",  // twice as fast
           "0000000000000001"
           "00000000ffffffff00010000",  // nothing but empty
           "0000000000000001"
           "00000000fffffffe00010000",
           "0000000000000002"
           "000000010000000000010000"
           "000000010000000500010000",
           "00000000ffffffff",
       }) {
    refuses(with_edits(fields), ErrorCode::kUnsupported, ("'elst' at byte N" + more).c_str());
  }
  refuses(with_edits("0000000000000001"), ErrorCode::kInvalid,
          "'elst' at byte N is too short for what it should have: 8 bytes");
  refuses(with_edits("0100000000000002"
                     "ffffffffffffffffffffffffffffffff00010000"
                     "0000000000000000000000000000000000010000"),
          ErrorCode::kInvalid,
          "'elst' at byte N has a time of 18446744073709551615 ticks; it may be at most 1152921504606846976");
}
END_TEST

START_TEST(test_aac_of_other_writers) {
  // Lengths in four bytes, as ffmpeg writes them, and an ES_Descriptor with all that is optional.
  const Bytes config = from_hex("120856e500");
  const Bytes esds = make_box("esds", from_hex("00000000"
                                               "038080802c"
                                               "0001"
                                               "e0"
                                               "0007"
                                               "026162"
                                               "0009"
                                               "0480808017"
                                               "4015000000"
                                               "0001f4000001f400"
                                               "0580808005"
                                               "120856e500"
                                               "06808080"
                                               "0102"));
  const CmafTrack track = read(replace_box(header_at(kAac), kStsd + "/mp4a/esds", esds));
  ck_assert(track.format.config == config);
  ck_assert_uint_eq(track.format.audio.sample_rate, 44'100);
  ck_assert_uint_eq(track.format.audio.channels, 1);
}
END_TEST

START_TEST(test_flac_keeps_only_its_stream_info) {
  const Bytes header = header_at(kFlac);
  const Format format = format_at(kFlac);
  Bytes blocks = tests::join({from_hex("00000000"), format.config, from_hex("84000001ff")});
  blocks = Bytes::take(std::vector<uint8_t>(blocks.data(), blocks.data() + blocks.size()));
  ck_assert(read(replace_box(header, kStsd + "/fLaC/dfLa", make_box("dfLa", blocks))).format == format);
}
END_TEST

START_TEST(test_a_sample_rate_that_eac3s_record_cannot_tell) {
  Bytes header = patch_box(header_at(kEac3), kStsd + "/ec-3/dec3", 2, from_hex("e0"));  // fscod 3: halved
  header = patch_box(header, kStsd + "/ec-3", 24, from_hex("5dc00000"));
  ck_assert_uint_eq(read(header).format.audio.sample_rate, 24'000);
}
END_TEST

START_TEST(test_colour_and_aspect_that_say_nothing) {
  Bytes header =
      append_to_box(header_at(kNoColour), kStsd + "/avc1", make_box("colr", from_hex("70726f6600")));
  header = patch_box(header, kStsd + "/avc1/pasp", 0, from_hex("0000000000000005"));
  const CmafTrack track = read(header);
  ck_assert(!track.format.video.colour);
  ck_assert(track.format.video.pixel_aspect == (media::Rational{1, 1}));
  const Bytes other = append_to_box(avc_header(), kStsd + "/avc1",
                                    make_box("colr", from_hex("6e636c78000101000001"
                                                              "00")));
  refuses(other, ErrorCode::kInvalid,
          "'colr' at byte N has code points 1, 256, 1; they must be 0 to 255 (ISO/IEC 23091-2)");
}
END_TEST

START_TEST(test_what_is_not_taken) {
  const Bytes header = avc_header();
  const std::vector<tests::Box> boxes = tests::read_boxes(header.span());
  const auto whole = [&](const std::string& path) {
    return Bytes::copy_of(tests::get_box(boxes, path).whole);
  };
  refuses(append_to_box(header, "moov", whole("moov/trak")), ErrorCode::kUnsupported,
          "'moov' at byte N has 2 tracks; in CMAF each has a header and chunks of its own");
  refuses(append_to_box(header, kStsd, whole(kStsd + "/avc1")), ErrorCode::kUnsupported,
          "'stsd' at byte N has 2 sample entries; a header must have one");
  refuses(patch_box(header, kStsd, 12, from_hex("656e6376")), ErrorCode::kUnsupported,
          "'encv' at byte N is encrypted; a track has to be pushed in the clear");
  refuses(patch_box(header, kStsd, 12, from_hex("73747070")), ErrorCode::kUnsupported,
          "sample entry 'stpp' at byte N is unknown; understood are avc1, avc3, hvc1, hev1, av01, vp09, "
          "mp4a, Opus, "
          "fLaC, ac-3 and ec-3");
  refuses(patch_box(header_at(kAac), kStsd + "/mp4a/esds", 11, from_hex("6b")), ErrorCode::kUnsupported,
          "'esds' has objectTypeIndication 0x6b; only 0x40 (AAC) is understood");
  refuses(patch_box(header_at(7), kStsd + "/vp09/vpcC", 0, from_hex("00")), ErrorCode::kUnsupported,
          "'vpcC' at byte N has version 0; understood is 1");
}
END_TEST

START_TEST(test_errors_tell_the_place) {
  const Bytes header = patch_box(avc_header(), kMdia + "/mdhd", 12, from_hex("00000000"));
  const std::vector<tests::Box> boxes = tests::read_boxes(header.span());
  const std::string place = " at byte " + std::to_string(tests::get_box(boxes, kMdia + "/mdhd").offset) + " ";
  ck_assert(read_track(header.span()).error().message.find(place) != std::string::npos);
}
END_TEST

START_TEST(test_what_is_wrong) {
  const Bytes header = avc_header();
  refuses(replace_box(header, "moov", {}), ErrorCode::kInvalid, "'header' at byte N has no 'moov'");
  refuses(replace_box(header, "moov/trak", {}), ErrorCode::kInvalid, "'moov' at byte N has no 'trak'");
  refuses(replace_box(header, "moov/mvex", {}), ErrorCode::kInvalid,
          "'moov' at byte N has no 'mvex': samples have to be in movie fragments");
  refuses(replace_box(header, "moov/mvex/trex", {}), ErrorCode::kInvalid,
          "'mvex' at byte N has no 'trex' of track 1");
  refuses(patch_box(header, "moov/mvex/trex", 4, from_hex("00000002")), ErrorCode::kInvalid,
          "'mvex' at byte N has no 'trex' of track 1");
  refuses(patch_box(header, kMdia + "/mdhd", 12, from_hex("00000000")), ErrorCode::kInvalid,
          "'mdhd' at byte N has the timescale 0; it must be above 0");
  refuses(patch_box(header, kMdia + "/hdlr", 8, from_hex("736f756e")), ErrorCode::kInvalid,
          "'hdlr' at byte N has handler_type 'soun'; of H.264 it must be 'vide'");
  refuses(replace_box(header, kStsd + "/avc1/avcC", {}), ErrorCode::kInvalid,
          "'avc1' at byte N has no 'avcC'");
  refuses(
      patch_box(header, kStsd + "/avc1/avcC", 0, from_hex("02")), ErrorCode::kInvalid,
      "'avcC' of 'avc1' at byte N is 02640014ffe1001d67640014acd94141fb016a0c0c0d4a00..., which is no valid "
      "configuration of H.264");
  refuses(replace_box(header_at(kOpus), kStsd + "/Opus/dOps", make_box("dOps", {})), ErrorCode::kInvalid,
          "'dOps' of 'Opus' at byte N is empty, which is no valid configuration of Opus");
  Format in_band = format_at(0);
  in_band.config = from_hex("01640014ffe000");
  const Bytes sizeless =
      patch_box(*packager::write_init_segment(in_band), kStsd + "/avc3", 24, from_hex("00000000"));
  refuses(sizeless, ErrorCode::kInvalid, "H.264: width and height must be 1 to 65535, not 0 x 0");
  refuses(replace_box(header, "moov/trak/tkhd", make_box("tkhd", from_hex("00000007"))), ErrorCode::kInvalid,
          "'tkhd' at byte N is too short for what it should have: 4 bytes");
  refuses(patch_box(header, "moov/trak", 0, from_hex("00000007")), ErrorCode::kInvalid,
          "'tkhd' in 'trak' at byte N has a size of 7; it must be 8 to 495");
  refuses(append_to_box(header, "moov", from_hex("000000")), ErrorCode::kInvalid,
          "'moov' at byte N ends with 3 bytes that are too few for a box");
  refuses(replace_box(header_at(kAac), kStsd + "/mp4a/esds", make_box("esds", from_hex("0000000003"))),
          ErrorCode::kInvalid, "'esds' has no DecoderConfigDescriptor (ISO/IEC 14496-1 7.2.6.6)");
  refuses(patch_box(header_at(kAac), kStsd + "/mp4a/esds", 24, from_hex("07")), ErrorCode::kInvalid,
          "'esds' has no AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)");
}
END_TEST

int main() {
  const Test tests[] = {
      {test_what_is_written_is_read_back, std::size(kStreamStarts)},
      test_descriptions_are_read_back,
      test_language,
      test_defaults_and_times_of_64_bits,
      test_edit_lists_shift,
      test_edits_that_do_more_are_refused,
      test_aac_of_other_writers,
      test_flac_keeps_only_its_stream_info,
      test_a_sample_rate_that_eac3s_record_cannot_tell,
      test_colour_and_aspect_that_say_nothing,
      test_what_is_not_taken,
      test_errors_tell_the_place,
      test_what_is_wrong,
  };
  return run_tests("reader_track", tests);
}
