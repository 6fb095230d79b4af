// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target: bytes of unknown origin through everything that reads a bitstream, and what is accepted
// through the packager. Input: codec, length of the out-of-band part, that part, the sample.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "origin/media/bitstream.hpp"
#include "origin/media/codec_config.hpp"
#include "origin/packager/cmaf.hpp"

using namespace origin;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr unsigned kCodecs = static_cast<unsigned>(media::Codec::kEac3) + 1;
  if (size < 2) return 0;
  media::Format format;
  format.codec = static_cast<media::Codec>(data[0] % kCodecs);
  const ByteSpan rest(data + 2, size - 2);
  const size_t split = std::min<size_t>(data[1], rest.size());
  const Bytes out_of_band = Bytes::copy_of(rest.first(split));
  const Bytes sample = Bytes::copy_of(rest.subspan(split));

  Result<media::Format> completed = media::complete_format(format, out_of_band, sample.span());
  format.config = out_of_band;
  const media::Format& used = completed ? *completed : format;
  media::access_of(used, sample.span());
  media::audio_frame_samples(used, sample.span());
  if (media::storable(used, sample).size() > sample.size()) std::abort();

  media::Format timed = used;
  timed.timescale = 90'000;
  if (packager::write_init_segment(timed).ok() != packager::codecs_string(timed).ok()) std::abort();
  return 0;
}
