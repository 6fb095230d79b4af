// SPDX-License-Identifier: LGPL-2.1-or-later
// What a request's target and Accept-Encoding say: the first line is a path, the second Accept-Encoding. A
// path that is taken never climbs, and its name has nothing that a log, a header or a file name would stumble
// over.
#include <cstdlib>
#include <string>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
#include "origin/http/accept_encoding.hpp"
#include "origin/http/name.hpp"

using namespace origin;
using namespace origin::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_name(const std::string& name, std::string_view path) {
  require(name.size() < path.size());
  require(g_utf8_validate(name.data(), static_cast<gssize>(name.size()), nullptr));
  for (const char c : name) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  std::string_view segments = name;
  while (!segments.empty()) {
    const size_t end = std::min(segments.find('/'), segments.size());
    const std::string segment(segments.substr(0, end));
    require(segment != "." && segment != "..");
    const auto again = parse_name("/" + encode_segment(segment));
    require(again.ok() && *again == segment);
    segments.remove_prefix(std::min(end + 1, segments.size()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view path = take_until(rest, '\n');
  if (const auto name = parse_name(path)) check_name(*name, path);
  prefers_gzip(rest);
  return 0;
}
