// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/packager: samples of chunks, of our own writer and as others may write them.
#include <array>
#include <random>
#include <string>

#include "origin/base/text.hpp"
#include "origin/packager/cmaf.hpp"
#include "origin/packager/reader.hpp"
#include "tests/box_editor.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using media::Access;
using media::Sample;
using packager::CmafChunk;
using packager::CmafTrack;
using packager::read_chunk;
using tests::from_hex;
using tests::make_box;

namespace {

CmafTrack any_track() {
  CmafTrack track;
  track.track_id = 1;
  track.format.timescale = 1000;
  return track;
}

CmafChunk read(const Bytes& chunk, const CmafTrack& track = any_track()) {
  const Result<CmafChunk> read = read_chunk(track, chunk);
  ck_assert_msg(read.ok(), "%s", read.ok() ? "" : read.error().message.c_str());
  return *read;
}

void refuses(const Bytes& chunk, const char* message, ErrorCode code = ErrorCode::kInvalid) {
  const Result<CmafChunk> read = read_chunk(any_track(), chunk);
  ck_assert(!read.ok());
  ck_assert_str_eq(read.error().message.c_str(), message);
  ck_assert_int_eq(static_cast<int>(read.error().code), static_cast<int>(code));
}

constexpr const char* kTfhd = "0002000000000001";
constexpr const char* kTfdt = "0000000000000064";
constexpr std::string_view kPayload = "abcdefghij";

// A moof and its mdat. "......@n" in a trun is the data_offset of byte n of the payload.
Bytes chunk_of(const char* tfhd, const char* tfdt, const std::vector<std::string>& truns) {
  const auto box_size = [](std::string_view content) { return 8 + content.size() / 2; };
  size_t payload_at = 8 + 16 + 8 + box_size(tfhd) + box_size(tfdt) + 8;
  for (const std::string& trun : truns) payload_at += box_size(trun);
  std::vector<Bytes> boxes{make_box("tfhd", from_hex(tfhd)), make_box("tfdt", from_hex(tfdt))};
  for (std::string trun : truns) {
    const size_t offset_at = trun.find("......@");
    if (offset_at != std::string::npos) {
      const size_t offset = payload_at + static_cast<size_t>(hex_value(trun[offset_at + 7]));
      trun.replace(offset_at, 8, "000000" + to_hex(std::array{static_cast<uint8_t>(offset)}));
    }
    boxes.push_back(make_box("trun", from_hex(trun)));
  }
  const Bytes traf = make_box("traf", tests::join(boxes));
  const Bytes moof = make_box("moof", tests::join({make_box("mfhd", from_hex("0000000000000007")), traf}));
  return tests::join({moof, make_box("mdat", Bytes::copy_of(kPayload))});
}

void assert_sample(const Sample& sample, std::string_view data, int64_t pts, int64_t dts, uint32_t duration,
                   bool sync) {
  ck_assert(sample.data.view() == data);
  ck_assert_int_eq(sample.pts, pts);
  ck_assert_int_eq(sample.dts, dts);
  ck_assert_uint_eq(sample.duration, duration);
  ck_assert(sample.access == (sync ? Access::kSync : Access::kNone));
}

std::vector<Sample> random_samples(std::mt19937& random) {
  const auto below = [&](uint32_t limit) { return random() % limit; };
  const bool alike = below(2) == 0, reordered = below(2) == 0;
  std::vector<Sample> samples(1 + below(60));
  int64_t dts = static_cast<int64_t>(random()) << below(20);
  for (Sample& sample : samples) {
    sample.data = Bytes::take(std::string(alike ? 50 : below(300), static_cast<char>(random())));
    sample.dts = dts;
    sample.pts = reordered ? dts + below(20'000) - 10'000 : dts;
    sample.duration = alike ? 1001 : below(10'000);
    sample.access = below(3) == 0 ? Access::kSync : Access::kNone;
    dts += sample.duration;
  }
  return samples;
}

}  // namespace

START_TEST(test_what_is_written_is_read_back) {
  std::mt19937 random(static_cast<unsigned>(_i));
  for (int round = 0; round < 100; ++round) {
    const std::vector<Sample> samples = random_samples(random);
    packager::ChunkHeader header;
    header.sequence_number = static_cast<uint32_t>(random());
    header.starts_segment = random() % 2 == 0;
    if (random() % 2 == 0)
      header.producer_time = UtcTime(1'700'000'000s + std::chrono::nanoseconds(random()));
    const Bytes bytes = packager::write_chunk({}, samples, header);
    const CmafChunk chunk = read(bytes);
    ck_assert_uint_eq(chunk.sequence_number, header.sequence_number);
    ck_assert(chunk.producer_time.has_value() == (header.starts_segment && header.producer_time.has_value()));
    if (chunk.producer_time) {
      ck_assert(chunk.producer_time->utc == *header.producer_time);
      ck_assert_int_eq(chunk.producer_time->media_time, samples[0].pts);
    }
    ck_assert_uint_eq(chunk.samples.size(), samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      const Sample& sample = samples[i];
      assert_sample(chunk.samples[i], sample.data.view(), sample.pts, sample.dts, sample.duration,
                    sample.access == Access::kSync);
    }
  }
}
END_TEST

START_TEST(test_data_are_slices_of_the_chunk) {
  Bytes chunk = chunk_of(kTfhd, kTfdt, {"0000020100000002......@00000000300000004"});
  const uint8_t* end = chunk.data() + chunk.size();
  const std::vector<Sample> samples = read(chunk).samples;
  chunk = Bytes();
  ck_assert_ptr_eq(samples[0].data.data(), end - kPayload.size());
  ck_assert(samples[1].data.view() == "defg");
}
END_TEST

START_TEST(test_defaults_of_track_and_fragment) {
  CmafTrack track = any_track();
  track.defaults = {10, 3, 0x10000};
  const std::string trun = "0000000100000002......@0";
  std::vector<Sample> samples = read(chunk_of(kTfhd, kTfdt, {trun}), track).samples;
  assert_sample(samples[0], "abc", 100, 100, 10, false);
  assert_sample(samples[1], "def", 110, 110, 10, false);
  samples = read(chunk_of("0002003a00000001"
                          "00000001"
                          "00000014"
                          "00000004"
                          "00000000",
                          kTfdt, {trun}),
                 track)
                .samples;
  assert_sample(samples[1], "efgh", 120, 120, 20, true);
}
END_TEST

START_TEST(test_fields_of_a_run) {
  // First sample's flags; duration, size and composition offset of each; version 1: signed.
  const Bytes chunk = chunk_of(
      "0002002000000001"
      "01010000",
      "010000000000000100000000",
      {"01000b0500000002"
       "......@0"
       "02000000"
       "0000000a00000002fffffffb"
       "0000000b0000000300000006"});
  const std::vector<Sample> samples = read(chunk).samples;
  constexpr int64_t kBase = int64_t{1} << 32;
  assert_sample(samples[0], "ab", kBase - 5, kBase, 10, true);
  assert_sample(samples[1], "cde", kBase + 16, kBase + 10, 11, false);
  // Flags of each. Negative offsets in version 0 are wrong, and there are writers of them.
  const std::vector<Sample> each = read(chunk_of(kTfhd, kTfdt,
                                                 {"00000e0100000002"
                                                  "......@0"
                                                  "0000000101010000ffffffff"
                                                  "000000020200000000000001"}))
                                       .samples;
  assert_sample(each[0], "a", 99, 100, 0, false);
  assert_sample(each[1], "bc", 101, 100, 0, true);
}
END_TEST

START_TEST(test_runs_go_on_where_the_one_before_ended) {
  const Bytes chunk = chunk_of(
      "0002000800000001"
      "00000005",
      kTfdt,
      {"0000020100000002......@00000000100000002", "000002000000000100000003", "0000000000000000",
       "0000020100000001......@800000002"});
  const std::vector<Sample> samples = read(chunk).samples;
  ck_assert_uint_eq(samples.size(), 4);
  assert_sample(samples[1], "bc", 105, 105, 5, true);
  assert_sample(samples[2], "def", 110, 110, 5, true);
  assert_sample(samples[3], "ij", 115, 115, 5, true);
  ck_assert_uint_eq(read(chunk).sequence_number, 7);
  ck_assert_uint_eq(read(chunk_of("0003000000000001", kTfdt, {})).samples.size(), 0);
}
END_TEST

START_TEST(test_edit_shift) {
  CmafTrack track = any_track();
  track.edit_shift = 1024;
  packager::ChunkHeader header;
  header.starts_segment = true;
  header.producer_time = UtcTime(1'700'000'000s);
  Sample sample;
  sample.data = Bytes::copy_of(kPayload);
  sample.dts = 1000;
  sample.pts = 3000;
  const CmafChunk chunk = read(packager::write_chunk({}, {&sample, 1}, header), track);
  assert_sample(chunk.samples[0], kPayload, 1976, -24, 0, false);
  ck_assert_int_eq(chunk.producer_time->media_time, 1976);
}
END_TEST

START_TEST(test_producer_time_of_both_versions_and_eras) {
  const Bytes chunk = chunk_of(kTfhd, kTfdt, {});
  const auto time_of = [&](const char* prft) {
    return *read(tests::join({make_box("prft", from_hex(prft)), chunk})).producer_time;
  };
  // 2000-01-01T00:00:00.25Z; the next era begins at 2036-02-07T06:28:16Z (RFC 5905 figure 4).
  ck_assert(time_of("0000000000000001bc17c2004000000000000010").utc == UtcTime(946'684'800s + 250ms));
  ck_assert_int_eq(time_of("0000000000000001bc17c2004000000000000010").media_time, 16);
  ck_assert(time_of("010000180000000100000000000000000000000100000000").utc == UtcTime(2'085'978'496s));
  ck_assert_int_eq(time_of("010000180000000100000000000000000000000100000000").media_time, int64_t{1} << 32);
}
END_TEST

START_TEST(test_what_is_not_taken) {
  refuses(chunk_of("00000001000000010000000000000000", kTfdt, {}),
          "'tfhd' at byte 32 has a base-data-offset; CMAF counts from moof (default-base-is-moof; ffmpeg: "
          "-movflags "
          "+cmaf or +default_base_moof)",
          ErrorCode::kUnsupported);
  const Bytes chunk = chunk_of(kTfhd, kTfdt, {});
  const std::vector<tests::Box> boxes = tests::read_boxes(chunk.span());
  const Bytes traf = Bytes::copy_of(tests::get_box(boxes, "moof/traf").whole);
  refuses(tests::append_to_box(chunk, "moof", traf),
          "'moof' at byte 0 has 2 'traf'; a chunk has one (ISO/IEC 23000-19 7.3.2)", ErrorCode::kUnsupported);
}
END_TEST

START_TEST(test_what_is_wrong) {
  refuses(chunk_of("0002000000000002", kTfdt, {}), "'tfhd' at byte 32 is of track 2; the header's is 1");
  refuses(chunk_of("000200020000000100000002", kTfdt, {}),
          "'tfhd' at byte 32 names sample entry 2; the header has 1");
  refuses(chunk_of("0002000800000001", kTfdt, {}),
          "'tfhd' at byte 32 is too short for what it should have: 8 bytes");
  refuses(
      chunk_of(kTfhd, "01000000ffffffffffffffff", {}),
      "'tfdt' at byte 48 has a time of 18446744073709551615 ticks; it may be at most 1152921504606846976");
  refuses(chunk_of(kTfhd, "0100000000000000", {}),
          "'tfdt' at byte 48 is too short for what it should have: 8 bytes");
  refuses(chunk_of(kTfhd, kTfdt, {"0000000500000001"}),
          "'trun' at byte 64 is too short for what it should have: 8 bytes");
  refuses(chunk_of(kTfhd, kTfdt, {"000002000000000300000001"}),
          "'trun' at byte 64 has 3 samples of 4 bytes each in 4 bytes");
  refuses(chunk_of(kTfhd, kTfdt, {"0000000000010001"}),
          "'trun' at byte 64 has 65537 samples; with the 0 before them there may be 65536",
          ErrorCode::kTooLarge);
  refuses(
      chunk_of(kTfhd, kTfdt, {"0000000000000001", "00000000ffffffff"}),
      "'trun' at byte 64 has a sample of 0 bytes at byte 0; samples must be within 'mdat', bytes 104 to 114");
  // The same bytes twice.
  refuses(chunk_of(kTfhd, kTfdt, {"0000020100000001......@000000006", "0000020100000001......@000000006"}),
          "'trun' at byte 88 uses bytes of 'mdat' that another sample has; each byte may belong to one");
  const Bytes chunk = chunk_of(kTfhd, kTfdt, {});
  refuses(tests::replace_box(chunk, "moof/traf/tfdt", {}), "'traf' at byte 24 has no 'tfdt'");
  refuses(tests::replace_box(chunk, "moof/traf", {}), "'moof' at byte 0 has no 'traf'");
  refuses(tests::replace_box(chunk, "moof", {}), "'chunk' at byte 0 has no 'moof'");
  refuses(tests::join({make_box("prft", from_hex("00")), chunk}),
          "'prft' at byte 0 is too short for what it should have: 1 bytes");
}
END_TEST

START_TEST(test_samples_outside_mdat) {
  const auto with_offset = [](const std::string& offset) {
    return chunk_of(kTfhd, kTfdt, {"0000020100000001" + offset + "00000002"});
  };
  ck_assert(read(with_offset("......@8")).samples[0].data.view() == "ij");
  for (const char* offset : {"......@9", "0000005b", "80000000", "7fffffff", "ffffffff"}) {
    ck_assert(!read_chunk(any_track(), with_offset(offset)).ok());
  }
  refuses(
      with_offset("0000005b"),
      "'trun' at byte 64 has a sample of 2 bytes at byte 91; samples must be within 'mdat', bytes 96 to 106");
}
END_TEST

int main() {
  const Test tests[] = {
      {test_what_is_written_is_read_back, 5},
      test_data_are_slices_of_the_chunk,
      test_defaults_of_track_and_fragment,
      test_fields_of_a_run,
      test_runs_go_on_where_the_one_before_ended,
      test_edit_shift,
      test_producer_time_of_both_versions_and_eras,
      test_what_is_not_taken,
      test_what_is_wrong,
      test_samples_outside_mdat,
  };
  return run_tests("reader_chunk", tests);
}
