// SPDX-License-Identifier: LGPL-2.1-or-later
// origin/packager: chunks, read back by the tests' own box reader.
#include <random>
#include <string>

#include "origin/packager/cmaf.hpp"
#include "tests/big_allocations.hpp"
#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using media::Access;
using media::Format;
using media::Sample;
using packager::ChunkHeader;
using packager::write_chunk;

namespace {

constexpr int64_t kUtcBase = 161'100'000'000'000;  // a date of this century in ticks of 1/90000 s: above 2^47

tests::Track any_track() {
  tests::Track track;
  track.id = 1;
  return track;
}

Bytes payload_of(size_t size, unsigned seed) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(seed * 31 + i * 7 + (i >> 8));
  return Bytes::take(std::move(bytes));
}

std::vector<Sample> constant_samples(size_t count, size_t size, bool all_sync) {
  std::vector<Sample> samples;
  for (size_t i = 0; i < count; ++i) {
    Sample sample;
    sample.data = payload_of(size, static_cast<unsigned>(i));
    sample.dts = sample.pts = kUtcBase + static_cast<int64_t>(i) * 3000;
    sample.duration = 3000;
    sample.access = all_sync || i == 0 ? Access::kSync : Access::kNone;
    samples.push_back(sample);
  }
  return samples;
}

void assert_reads_back(const Bytes& chunk, const std::vector<Sample>& samples) {
  const std::vector<tests::MediaSample> read = tests::read_samples(any_track(), chunk.span());
  ck_assert_uint_eq(read.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    ck_assert_int_eq(read[i].dts, samples[i].dts);
    ck_assert_int_eq(read[i].pts, samples[i].pts);
    ck_assert_uint_eq(read[i].duration, samples[i].duration);
    ck_assert_uint_eq(read[i].flags, samples[i].access == Access::kSync ? 0x02000000 : 0x01010000);
    ck_assert(std::equal(read[i].data.begin(), read[i].data.end(), samples[i].data.span().begin(),
                         samples[i].data.span().end()));
  }
}

std::string box_types(const Bytes& chunk) {
  std::string types;
  for (const tests::Box& box : tests::read_boxes(chunk.span()))
    types += (types.empty() ? "" : " ") + box.type;
  return types;
}

uint32_t trun_flags(const Bytes& chunk) {
  const std::vector<tests::Box> boxes = tests::read_boxes(chunk.span());
  const tests::Box& trun = tests::get_box(boxes, "moof/traf/trun");
  ck_assert_uint_eq(trun.version(), 1);
  return trun.flags();
}

std::vector<Sample> random_samples(std::mt19937& random) {
  const auto below = [&](uint32_t limit) { return random() % limit; };
  const bool fixed_duration = below(2) == 0, fixed_size = below(4) == 0, reordered = below(2) == 0;
  const unsigned sync_habit = below(4);  // all, none, the first, any
  const size_t size = below(2000);
  std::vector<Sample> samples(1 + below(below(8) == 0 ? 400 : 30));
  int64_t dts = static_cast<int64_t>(random()) << below(20);
  for (size_t i = 0; i < samples.size(); ++i) {
    Sample& sample = samples[i];
    sample.data = payload_of(fixed_size ? size : below(3000), static_cast<unsigned>(i));
    sample.dts = dts;
    sample.pts = reordered ? dts + below(20'000) - 10'000 : dts;
    sample.duration = fixed_duration ? 1001 : below(10'000);
    const bool sync = sync_habit == 0 || (sync_habit == 2 && i == 0) || (sync_habit == 3 && below(2) == 0);
    sample.access = sync ? Access::kSync : Access::kNone;
    dts += sample.duration;
  }
  return samples;
}

}  // namespace

START_TEST(test_random_samples_read_back_identical) {
  std::mt19937 random(static_cast<unsigned>(_i));
  for (int round = 0; round < 100; ++round) {
    const std::vector<Sample> samples = random_samples(random);
    ChunkHeader header;
    header.sequence_number = static_cast<uint32_t>(random());
    header.starts_segment = random() % 2 == 0;
    if (random() % 2 == 0) header.producer_time = UtcTime(1'700'000'000s);
    assert_reads_back(write_chunk({}, samples, header), samples);
  }
}
END_TEST

START_TEST(test_several_chunks_make_one_segment) {
  const std::vector<Sample> all = constant_samples(100, 1000, false);
  std::vector<uint8_t> segment;
  ChunkHeader header;
  header.starts_segment = true;
  for (size_t start = 0; start < all.size(); start += 10) {
    const Bytes chunk = write_chunk({}, std::span(all).subspan(start, 10), header);
    segment.insert(segment.end(), chunk.data(), chunk.data() + chunk.size());
    header.starts_segment = false;
    ++header.sequence_number;
  }
  assert_reads_back(Bytes::take(std::move(segment)), all);
}
END_TEST

START_TEST(test_only_a_segments_first_chunk_has_styp) {
  const std::vector<Sample> samples = constant_samples(2, 10, true);
  ChunkHeader header;
  ck_assert(box_types(write_chunk({}, samples, header)) == "moof mdat");
  header.producer_time = UtcTime(1s);
  ck_assert(box_types(write_chunk({}, samples, header)) == "moof mdat");
  header.starts_segment = true;
  ck_assert(box_types(write_chunk({}, samples, header)) == "styp prft moof mdat");
  header.producer_time.reset();
  ck_assert(box_types(write_chunk({}, samples, header)) == "styp moof mdat");
}
END_TEST

START_TEST(test_last_segment_has_the_brand_lmsg) {
  const std::vector<Sample> samples = constant_samples(1, 10, true);
  ChunkHeader header;
  header.starts_segment = true;
  const auto styp = [&] {
    const Bytes chunk = write_chunk({}, samples, header);
    const tests::Span content = tests::read_boxes(chunk.span())[0].content;
    return std::string(content.begin(), content.end());
  };
  ck_assert(styp() == std::string("msdh\0\0\0\0msdhcmfs", 16));
  header.ends_track = true;
  ck_assert(styp() == std::string("msdh\0\0\0\0msdhcmfslmsg", 20));
}
END_TEST

START_TEST(test_producer_time_is_ntp_and_the_first_samples_time) {
  std::vector<Sample> samples = constant_samples(3, 10, false);
  samples[0].pts += 6000;
  ChunkHeader header;
  header.starts_segment = true;
  // 2000-01-01T00:00:00.25Z is 3155673600.25 s in NTP's era 0 (RFC 5905 figure 4: 3155673600 for 2000-01-01).
  header.producer_time = UtcTime(946'684'800s + 250ms);
  const Bytes chunk = write_chunk({}, samples, header);
  const tests::Box prft = tests::read_boxes(chunk.span())[1];
  ck_assert_uint_eq(prft.version(), 1);
  ck_assert_uint_eq(prft.flags(), 24);
  const auto number = [&](size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | prft.content[at + i];
    return value;
  };
  ck_assert_uint_eq(prft.content.size(), 24);
  ck_assert_uint_eq(number(4, 4), 1);
  ck_assert_uint_eq(number(8, 8), 3'155'673'600ull << 32 | 0x40000000);
  ck_assert_uint_eq(number(16, 8), static_cast<uint64_t>(samples[0].pts));
}
END_TEST

START_TEST(test_times_beyond_32_bits) {
  for (const int64_t base :
       {int64_t{0}, (int64_t{1} << 32) - 3000, int64_t{1} << 32, kUtcBase, int64_t{1} << 60}) {
    std::vector<Sample> samples = constant_samples(5, 100, false);
    for (size_t i = 0; i < samples.size(); ++i)
      samples[i].dts = samples[i].pts = base + 3000 * static_cast<int64_t>(i);
    assert_reads_back(write_chunk({}, samples, {}), samples);
  }
}
END_TEST

START_TEST(test_presentation_before_decoding) {
  std::vector<Sample> samples = constant_samples(4, 100, false);
  samples[1].pts = samples[1].dts - 6000;
  samples[2].pts = samples[2].dts + 9000;
  samples[3].pts = samples[3].dts + INT32_MIN;
  assert_reads_back(write_chunk({}, samples, {}), samples);
}
END_TEST

START_TEST(test_what_is_alike_is_written_once) {
  constexpr uint32_t kDataOffset = 0x1, kFirstFlags = 0x4, kDuration = 0x100, kSize = 0x200, kFlags = 0x400,
                     kOffset = 0x800;
  const auto flags_of = [](const std::vector<Sample>& samples) {
    return trun_flags(write_chunk({}, samples, {}));
  };
  std::vector<Sample> samples = constant_samples(50, 64, true);
  ck_assert_uint_eq(flags_of(samples), kDataOffset);
  ck_assert_uint_eq(write_chunk({}, samples, {}).size(), 50 * 64 + 8 + 16 + 8 + 28 + 20 + 20 + 8);
  samples = constant_samples(50, 64, false);
  ck_assert_uint_eq(flags_of(samples), kDataOffset | kFirstFlags);
  samples[7].access = Access::kSync;
  ck_assert_uint_eq(flags_of(samples), kDataOffset | kFlags);
  samples[7].access = Access::kNone;
  samples[8].data = payload_of(65, 0);
  ck_assert_uint_eq(flags_of(samples), kDataOffset | kFirstFlags | kSize);
  samples.back().duration = 1;
  ck_assert_uint_eq(flags_of(samples), kDataOffset | kFirstFlags | kSize | kDuration);
  samples.back().pts += 1;
  ck_assert_uint_eq(flags_of(samples), kDataOffset | kFirstFlags | kSize | kDuration | kOffset);
  assert_reads_back(write_chunk({}, samples, {}), samples);
  ck_assert_uint_eq(flags_of({samples.begin(), samples.begin() + 1}), kDataOffset);
}
END_TEST

START_TEST(test_empty_samples) {
  std::vector<Sample> samples = constant_samples(3, 0, true);
  assert_reads_back(write_chunk({}, samples, {}), samples);
  samples[1].data = Bytes();
  assert_reads_back(write_chunk({}, samples, {}), samples);
}
END_TEST

#if OWN_ALLOCATOR
START_TEST(test_payload_is_copied_once) {
  // A 4K GOP: frames of 2 MB each. Nothing is allocated but the chunk.
  constexpr size_t kFrame = 2 << 20, kFrames = 12;
  const std::vector<Sample> samples = constant_samples(kFrames, kFrame, false);
  Bytes chunk;
  ck_assert_int_eq(tests::count_allocations(kFrame, [&] { chunk = write_chunk({}, samples, {}); }), 1);
  ck_assert_uint_lt(chunk.size(), kFrames * kFrame + 256);
  assert_reads_back(chunk, samples);
}
END_TEST
#endif

START_TEST(test_sequence_number) {
  const std::vector<Sample> samples = constant_samples(1, 10, true);
  ChunkHeader header;
  header.sequence_number = 0xfedcba98;
  const Bytes chunk = write_chunk({}, samples, header);
  const std::vector<tests::Box> boxes = tests::read_boxes(chunk.span());
  const tests::Span content = tests::get_box(boxes, "moof/mfhd").content;
  const std::vector<uint8_t> expected{0, 0, 0, 0, 0xfe, 0xdc, 0xba, 0x98};
  ck_assert(std::equal(content.begin(), content.end(), expected.begin(), expected.end()));
}
END_TEST

START_TEST(test_open_access_points_are_sync_samples_but_intra_refresh_is_not) {
  const Access all[] = {Access::kNone,     Access::kSkipped, Access::kGradual,
                        Access::kRecovery, Access::kClean,   Access::kSync};
  std::vector<Sample> samples = constant_samples(std::size(all), 10, false);
  for (size_t i = 0; i < samples.size(); ++i) samples[i].access = all[i];
  const Bytes chunk = write_chunk(Format{}, samples, {});
  for (const tests::MediaSample& sample : tests::read_samples(any_track(), chunk.span())) {
    const size_t i = static_cast<size_t>((sample.dts - kUtcBase) / 3000);
    ck_assert_uint_eq(sample.flags, all[i] >= Access::kRecovery ? 0x02000000 : 0x01010000);
  }
}
END_TEST

int main() {
  const Test tests[] = {
    test_open_access_points_are_sync_samples_but_intra_refresh_is_not,
    {test_random_samples_read_back_identical, 10},
    test_several_chunks_make_one_segment,
    test_only_a_segments_first_chunk_has_styp,
    test_last_segment_has_the_brand_lmsg,
    test_producer_time_is_ntp_and_the_first_samples_time,
    test_times_beyond_32_bits,
    test_presentation_before_decoding,
    test_what_is_alike_is_written_once,
    test_empty_samples,
#if OWN_ALLOCATOR
    test_payload_is_copied_once,
#endif
    test_sequence_number,
  };
  return run_tests("packager_chunk", tests);
}
