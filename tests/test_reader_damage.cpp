// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever bytes are pushed as CMAF: refused with a reason, or of a form that the packager can write again.
#include <random>
#include <stdexcept>

#include "origin/packager/cmaf.hpp"
#include "tests/box_editor.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"
#include "tests/pushed_cmaf.hpp"

using namespace origin;
using tests::kStreamStarts;
using tests::PushedCmaf;

namespace {

PushedCmaf feed(ByteSpan stream, size_t piece = SIZE_MAX) {
  PushedCmaf pushed = tests::read_pushed(stream, piece);
  try {
    tests::check_rewritten(pushed);
  } catch (const std::runtime_error& fault) {
    ck_abort_msg("%s", fault.what());
  }
  return pushed;
}

// A header and two chunks.
Bytes stream_of(int index) {
  const media::Format format = *tests::complete(kStreamStarts[index]);
  std::vector<media::Sample> samples;
  for (int64_t i = 0; i < 6; ++i) {
    media::Sample sample;
    sample.data = tests::from_hex(kStreamStarts[index].first_sample);
    sample.dts = i * 3000;
    sample.pts = sample.dts + (i % 3) * 1000;
    sample.duration = 3000;
    sample.access = i % 3 == 0 ? media::Access::kSync : media::Access::kNone;
    samples.push_back(std::move(sample));
  }
  const std::span<const media::Sample> all(samples);
  return tests::join({*packager::write_init_segment(format),
                      packager::write_chunk(format, all.first(4), {1, true, false, UtcTime(1s)}),
                      packager::write_chunk(format, all.subspan(4), {2, false, false, {}})});
}

}  // namespace

START_TEST(test_streams_are_whole_in_pieces_of_any_size) {
  const Bytes stream = stream_of(_i);
  for (const size_t piece : {1, 2, 3, 100, 10'000}) {
    const PushedCmaf pushed = feed(stream.span(), piece);
    ck_assert_str_eq(pushed.error.c_str(), "");
    ck_assert_uint_eq(pushed.tracks.size(), 1);
    ck_assert_uint_eq(pushed.chunks.size(), 2);
    ck_assert_uint_eq(pushed.chunks[0].chunk.samples.size() + pushed.chunks[1].chunk.samples.size(), 6);
  }
}
END_TEST

START_TEST(test_truncation_at_every_byte_is_told) {
  const Bytes stream = stream_of(_i);
  size_t whole = 0;
  for (size_t size = 0; size < stream.size(); ++size) {
    // Exactly as long as it says, so that a sanitizer sees one byte too many.
    const PushedCmaf pushed = feed(Bytes::copy_of(stream.span().first(size)).span());
    if (pushed.error.empty()) ++whole;
  }
  ck_assert_uint_eq(whole, 3);  // nothing, the header, the first chunk
}
END_TEST

START_TEST(test_boxes_cut_short_are_harmless) {
  // Sizes that agree with what is there, but content that is too short: at the end of each box.
  const Bytes stream = stream_of(_i);
  for (const char* path : {"ftyp", "moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd",
                           "moov/trak/mdia/hdlr", "moov/trak/mdia/minf/stbl/stsd", "moov/mvex/trex", "styp",
                           "prft", "moof/mfhd", "moof/traf/tfhd", "moof/traf/tfdt", "moof/traf/trun"}) {
    const std::vector<tests::Box> boxes = tests::read_boxes(stream.span());
    const tests::Box& box = tests::get_box(boxes, path);
    for (size_t size = 0; size < box.content.size(); ++size) {
      const Bytes cut = tests::make_box(box.type, Bytes::copy_of(box.content.first(size)));
      feed(tests::replace_box(stream, path, cut).span());
    }
  }
}
END_TEST

START_TEST(test_flipped_bits_are_harmless) {
  const Bytes stream = stream_of(_i);
  std::mt19937 random(static_cast<unsigned>(_i));
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> damaged(stream.data(), stream.data() + stream.size());
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      damaged[random() % damaged.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    }
    feed(damaged);
  }
}
END_TEST

START_TEST(test_bytes_of_extreme_values_are_harmless) {
  const Bytes stream = stream_of(_i);
  for (size_t at = 0; at + 4 <= stream.size(); ++at) {
    for (const uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
      std::vector<uint8_t> damaged(stream.data(), stream.data() + stream.size());
      std::fill_n(damaged.begin() + static_cast<ptrdiff_t>(at), 1 + at % 4, value);
      feed(damaged);
    }
  }
}
END_TEST

int main() {
  constexpr int kCount = std::size(kStreamStarts);
  const Test tests[] = {
      {test_streams_are_whole_in_pieces_of_any_size, kCount},
      {test_truncation_at_every_byte_is_told, kCount},
      {test_boxes_cut_short_are_harmless, kCount},
      {test_flipped_bits_are_harmless, kCount},
      {test_bytes_of_extreme_values_are_harmless, kCount},
  };
  return run_tests("reader_damage", tests);
}
