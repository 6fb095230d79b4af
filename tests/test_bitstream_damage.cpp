// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever bytes come as codec data or samples: refused with a reason, or of a form that readers accept.
#include <random>

#include "origin/media/bitstream.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/packager/cmaf.hpp"
#include "tests/box_reader.hpp"
#include "tests/check_main.hpp"
#include "tests/codec_samples.hpp"

using namespace origin;
using namespace origin::media;
using tests::format_of;
using tests::from_hex;
using tests::kStreamStarts;
using tests::StreamStart;

namespace {

// Whatever is accepted makes an init segment that a reader accepts, or is refused with a reason.
void feed(Codec codec, const Bytes& out_of_band, const Bytes& sample) {
  Result<Format> format = complete_format(format_of(codec), out_of_band, sample.span());
  if (!format) {
    ck_assert(!format.error().message.empty());
    format = format_of(codec, out_of_band);
  }
  access_of(*format, sample.span());
  audio_frame_samples(*format, sample.span());
  ck_assert_uint_le(storable(*format, sample).size(), sample.size());
  format->timescale = 1000;
  const Result<Bytes> init = packager::write_init_segment(*format);
  ck_assert_int_eq(init.ok(), packager::codecs_string(*format).ok());
  if (!init) return;
  ck_assert(
      tests::read_track(init->span()).entry ==
      tests::get_box(tests::read_boxes(init->span()), "moov/trak/mdia/minf/stbl/stsd").children[0].type);
}

// Exactly as long as it says, so that a sanitizer sees one byte too many.
Bytes cut(const Bytes& bytes, size_t size) {
  return Bytes::copy_of(bytes.span().first(size));
}

}  // namespace

START_TEST(test_truncation_at_every_byte_is_harmless) {
  const StreamStart& start = kStreamStarts[_i];
  const Bytes out_of_band = from_hex(start.out_of_band), sample = from_hex(start.first_sample);
  for (size_t size = 0; size <= out_of_band.size(); ++size) feed(start.codec, cut(out_of_band, size), sample);
  for (size_t size = 0; size <= sample.size(); ++size) {
    feed(start.codec, out_of_band, cut(sample, size));
    feed(start.codec, {}, cut(sample, size));
  }
}
END_TEST

START_TEST(test_flipped_bits_are_harmless) {
  const StreamStart& start = kStreamStarts[_i];
  std::mt19937 random(static_cast<unsigned>(_i));
  const auto damage = [&](const Bytes& bytes) {
    std::vector<uint8_t> copy(bytes.data(), bytes.data() + bytes.size());
    for (unsigned n = random() % 4; n > 0 && !copy.empty(); --n) {
      copy[random() % copy.size()] ^= static_cast<uint8_t>(1u << random() % 8);
    }
    return Bytes::take(std::move(copy));
  };
  const Bytes out_of_band = from_hex(start.out_of_band), sample = from_hex(start.first_sample);
  for (int round = 0; round < 2000; ++round) feed(start.codec, damage(out_of_band), damage(sample));
}
END_TEST

START_TEST(test_random_bytes_are_harmless) {
  std::mt19937 random(static_cast<unsigned>(_i));
  const auto noise = [&] {
    std::vector<uint8_t> bytes(random() % 80);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return Bytes::take(std::move(bytes));
  };
  for (int round = 0; round < 2000; ++round) feed(kStreamStarts[_i].codec, noise(), noise());
}
END_TEST

int main() {
  constexpr int kCount = std::size(kStreamStarts);
  const Test tests[] = {
      {test_truncation_at_every_byte_is_harmless, kCount},
      {test_flipped_bits_are_harmless, kCount},
      {test_random_bytes_are_harmless, kCount},
  };
  return run_tests("bitstream damage", tests);
}
