// SPDX-License-Identifier: LGPL-2.1-or-later
// Lists what is read of pushed CMAF: list_cmaf PIECE FILE... takes the files as one stream, in pieces of
// PIECE bytes, and prints an object of JSON per header and per sample.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "origin/base/json.hpp"
#include "origin/base/text.hpp"
#include "tests/pushed_cmaf.hpp"

using namespace origin;

namespace {

void print(const packager::CmafTrack& track) {
  const media::Format& format = track.format;
  JsonDocument line;
  line.add("track_id", track.track_id)
      .add("codec", std::string(media::name_of(format.codec)))
      .add("config", to_hex(format.config.span()))
      .add("timescale", format.timescale)
      .add("language", track.language)
      .add("edit_shift", track.edit_shift);
  if (media::kind_of(format.codec) == media::Kind::kVideo) {
    const media::Colour colour = format.video.colour.value_or(media::Colour{});
    line.add("width", format.video.width)
        .add("height", format.video.height)
        .add("aspect", std::to_string(format.video.pixel_aspect.num) + ":" +
                           std::to_string(format.video.pixel_aspect.den))
        .add("transfer", colour.transfer);
  } else {
    line.add("sample_rate", format.audio.sample_rate).add("channels", format.audio.channels);
  }
  std::printf("%s", line.text().c_str());
}

void print(const tests::PushedChunk& chunk) {
  for (const media::Sample& sample : chunk.chunk.samples) {
    const GCharPtr md5(g_compute_checksum_for_data(G_CHECKSUM_MD5, sample.data.data(), sample.data.size()));
    JsonDocument line;
    line.add("pts", sample.pts)
        .add("dts", sample.dts)
        .add("duration", sample.duration)
        .add("size", sample.data.size())
        .add("sync", sample.access == media::Access::kSync)
        .add("md5", md5.get());
    if (chunk.chunk.producer_time) line.add("produced", format_rfc3339(chunk.chunk.producer_time->utc));
    std::printf("%s", line.text().c_str());
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::optional<uint64_t> piece = count > 2 ? parse_number(arguments[1]) : std::nullopt;
  if (!piece || *piece == 0) {
    std::fprintf(stderr, "usage: list_cmaf PIECE FILE...\n");
    return 2;
  }
  std::string stream;
  for (int i = 2; i < count; ++i) {
    std::ifstream file(arguments[i], std::ios::binary);
    stream.append(std::istreambuf_iterator<char>(file), {});
  }
  const tests::PushedCmaf pushed = tests::read_pushed(as_bytes(stream), *piece);
  for (const packager::CmafTrack& track : pushed.tracks) print(track);
  for (const tests::PushedChunk& chunk : pushed.chunks) print(chunk);
  if (!pushed.error.empty()) std::fprintf(stderr, "%s\n", pushed.error.c_str());
  return pushed.error.empty() ? 0 : 1;
}
