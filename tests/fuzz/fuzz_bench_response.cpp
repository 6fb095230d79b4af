// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for what origin-bench reads off sockets: responses and the boxes in them. Whatever comes,
// the verdict is the same in one piece as byte by byte.
#include <cstdlib>
#include <string>

#include "origin/bench/box_walk.hpp"
#include "origin/bench/response_parser.hpp"

using namespace origin::bench;

namespace {

struct Verdict {
  ResponseParser parser;
  BoxWalk boxes;
  std::string body;
  size_t used = 0;
};

void require(bool condition) {
  if (!condition) std::abort();
}

void read(Verdict& verdict, std::string_view bytes, size_t step) {
  const size_t size = bytes.size();
  while (!bytes.empty() && !verdict.parser.complete() && !verdict.parser.failed()) {
    std::string_view piece = bytes.substr(0, step);
    const size_t given = piece.size();
    const std::string_view body = verdict.parser.feed(piece);
    require(piece.size() < given);
    verdict.body += body;
    verdict.boxes.feed(body);
    bytes.remove_prefix(given - piece.size());
  }
  verdict.used = size - bytes.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Verdict whole, slow;
  read(whole, bytes, size);
  read(slow, bytes, 1);
  require(whole.parser.complete() == slow.parser.complete() && whole.parser.failed() == slow.parser.failed());
  require(whole.body == slow.body);
  require(whole.boxes.is_whole() == slow.boxes.is_whole() && whole.boxes.produced() == slow.boxes.produced());
  if (whole.parser.failed()) return 0;
  require(whole.used == slow.used && whole.parser.finish() == slow.parser.finish());
  if (!whole.parser.complete()) return 0;
  require(whole.parser.status() >= 200 && whole.parser.status() <= 999);
  require(whole.parser.keeps_alive() == slow.parser.keeps_alive());
  require(whole.parser.field("content-length") == slow.parser.field("Content-Length"));
  return 0;
}
