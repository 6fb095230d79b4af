// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/pushed_cmaf.hpp"

#include <algorithm>
#include <stdexcept>

#include "origin/packager/cmaf.hpp"

namespace tests {

namespace {

using namespace origin;
using packager::CmafTrack;
using packager::Unit;

void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

Status take(const Unit& unit, PushedCmaf& pushed) {
  if (unit.kind == Unit::Kind::kHeader) {
    Result<CmafTrack> track = packager::read_track(unit.bytes.span());
    if (!track) return track.error();
    pushed.tracks.push_back(std::move(*track));
    return {};
  }
  if (pushed.tracks.empty()) return Error{ErrorCode::kPrecondition, "a chunk without a header"};
  Result<packager::CmafChunk> chunk = packager::read_chunk(pushed.tracks.back(), unit.bytes);
  if (!chunk) return chunk.error();
  pushed.chunks.push_back({pushed.tracks.size() - 1, unit, std::move(*chunk)});
  return {};
}

void check_track(const CmafTrack& track) {
  const Result<Bytes> header = packager::write_init_segment(track.format);
  expect(header.ok(), "a format that was read cannot be written");
  const Result<CmafTrack> again = packager::read_track(header->span());
  expect(again.ok() && again->format == track.format, "a format is another one when it is read again");
}

void check_chunk(const CmafTrack& track, const PushedChunk& pushed) {
  const auto& samples = pushed.chunk.samples;
  const Bytes& unit = pushed.unit.bytes;
  for (const media::Sample& sample : samples) {
    expect(sample.data.empty() || (sample.data.data() >= unit.data() &&
                                   sample.data.data() + sample.data.size() <= unit.data() + unit.size()),
           "a sample is not within its chunk");
  }
  if (samples.empty() || samples.front().dts < 0) return;
  CmafTrack written;  // of the packager's own: no defaults, no edit list
  written.track_id = 1;
  written.format = track.format;
  const Bytes bytes = packager::write_chunk(track.format, samples, {});
  const Result<packager::CmafChunk> again = packager::read_chunk(written, bytes);
  expect(again.ok(), "a chunk that was read cannot be read again");
  const auto alike = [](const media::Sample& a, const media::Sample& b) {
    return a.data == b.data && a.pts == b.pts && a.dts == b.dts && a.duration == b.duration &&
           a.access == b.access;
  };
  expect(std::equal(samples.begin(), samples.end(), again->samples.begin(), again->samples.end(), alike),
         "a chunk is another one when it is read again");
}

}  // namespace

PushedCmaf read_pushed(ByteSpan stream, size_t piece, const packager::SplitterLimits& limits) {
  PushedCmaf pushed;
  packager::Splitter splitter(limits);
  Status status, read;
  while (status && !stream.empty()) {
    const size_t size = std::min(piece, stream.size());
    std::vector<Unit> units;
    status = splitter.push(stream.first(size), units);
    for (size_t i = 0; i < units.size() && read; ++i) read = take(units[i], pushed);
    if (!read) status = read;
    stream = stream.subspan(size);
  }
  if (status) status = splitter.finish();
  if (!status) pushed.error = status.error().message;
  return pushed;
}

void check_rewritten(const PushedCmaf& pushed) {
  for (const CmafTrack& track : pushed.tracks) check_track(track);
  for (const PushedChunk& chunk : pushed.chunks) check_chunk(pushed.tracks[chunk.track], chunk);
}

}  // namespace tests
