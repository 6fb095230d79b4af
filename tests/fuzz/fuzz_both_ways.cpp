// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for the fast lane: whatever bytes come, the answers are those that libsoup would give.
#include <cstdio>
#include <cstdlib>

#include "tests/both_ways.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* both = new origin::tests::BothWays();  // its threads live as long as the process
  const auto answers = both->send({reinterpret_cast<const char*>(data), size});
  if (answers.alike()) return 0;
  std::fprintf(stderr, "fast lane:\n%s\nlibsoup:\n%s\n", answers.fast.c_str(), answers.soup.c_str());
  std::abort();
}
