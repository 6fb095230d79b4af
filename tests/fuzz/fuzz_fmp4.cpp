// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target: bytes that are pushed as CMAF through splitter and readers, and what is accepted through
// the packager and back. Input: size of the pieces, the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "tests/pushed_cmaf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const origin::ByteSpan stream(data + 1, size - 1);
  constexpr origin::packager::SplitterLimits kLimits{1 << 16, 1 << 18};
  const tests::PushedCmaf pushed = tests::read_pushed(stream, std::max<size_t>(data[0], 1), kLimits);
  const tests::PushedCmaf at_once = tests::read_pushed(stream, SIZE_MAX, kLimits);
  if (pushed.error != at_once.error || pushed.chunks.size() != at_once.chunks.size()) std::abort();
  try {
    tests::check_rewritten(pushed);
  } catch (const std::runtime_error&) {
    std::abort();
  }
  return 0;
}
