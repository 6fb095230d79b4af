// SPDX-License-Identifier: LGPL-2.1-or-later
// A pushed stream through everything that reads CMAF, for tests. Any thread.
#pragma once

#include <string>
#include <vector>

#include "origin/packager/reader.hpp"
#include "origin/packager/reader_splitter.hpp"

namespace tests {

struct PushedChunk {
  size_t track = 0;  // index of the header before it
  origin::packager::Unit unit;
  origin::packager::CmafChunk chunk;
};

struct PushedCmaf {
  std::vector<origin::packager::CmafTrack> tracks;  // by header
  std::vector<PushedChunk> chunks;
  std::string error;  // the first one; empty if there was none
};

// In pieces of so many bytes.
PushedCmaf read_pushed(origin::ByteSpan stream, size_t piece,
                       const origin::packager::SplitterLimits& limits = {});

// Throws std::runtime_error if what was accepted is not the same once it is written and read again, or a
// sample is not within its chunk.
void check_rewritten(const PushedCmaf& pushed);

}  // namespace tests
