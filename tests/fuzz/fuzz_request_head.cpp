// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for the guard: request heads and the framing of the bodies behind them. Whatever comes,
// the verdict is the same in one piece as byte by byte, and what is let through keeps what request_head.hpp
// promises.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "origin/transport/body_framing.hpp"
#include "origin/transport/request_head.hpp"
#include "origin/transport/request_target.hpp"

using namespace origin::transport;

namespace {

constexpr HeadLimits kLimits{2048, 512};

struct Verdict {
  HeadState state = HeadState::kIncomplete;
  RequestHead head;
  HeadError error;
  std::array<HeaderField, 32> fields;
};

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

Verdict parse(std::string_view bytes, size_t step) {
  Verdict verdict;
  size_t scanned = 0;
  for (size_t size = std::min(step, bytes.size());; size = std::min(size + step, bytes.size())) {
    verdict.state = parse_request_head(bytes.substr(0, size), kLimits, verdict.fields, scanned, verdict.head,
                                       verdict.error);
    if (verdict.state != HeadState::kIncomplete || size == bytes.size()) return verdict;
  }
}

void check_head(const RequestHead& head, std::string_view bytes) {
  require(head.bytes.data() == bytes.data() && head.bytes.ends_with("\r\n\r\n"));
  require(head.bytes.size() <= kLimits.max_head_bytes && head.target.size() <= kLimits.max_target_bytes);
  require(head.bytes.find('\0') == std::string_view::npos);
  require(is_token(head.method) && (head.target.starts_with(head.path) || head.path == "/"));
  require(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"));
  require(head.path.find("/../") == std::string_view::npos && !head.path.ends_with("/.."));
  require(head.minor_version == 0 || is_authority(head.field("host")));
  require(!(head.chunked && head.content_length > 0));
  require(head.has_body == (head.chunked || head.content_length > 0));
  for (size_t i = 0; i < head.field_count; ++i) {
    require(is_token(head.fields[i].name));
    require(is_within(head.fields[i].name, head.bytes) && is_within(head.fields[i].value, head.bytes));
    require(head.fields[i].value.find_first_of("\r\n") == std::string_view::npos);
  }
}

// How many bytes the body took, and what libsoup would have got of it.
size_t read_body(const RequestHead& head, std::string_view bytes, size_t step, std::string& sink,
                 bool& broken) {
  BodyFraming framing(head);
  size_t used = 0;
  while (used < bytes.size() && !framing.complete() && !framing.error()) {
    used += framing.feed(bytes.substr(used, step), step, &sink);
  }
  broken = framing.error() != nullptr;
  require(!(broken && framing.complete()));
  return used;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const Verdict whole = parse(bytes, bytes.size());
  const Verdict slow = parse(bytes, 1);
  require(whole.state == slow.state);
  if (whole.state == HeadState::kBad) {
    require(whole.error.status == slow.error.status && whole.error.status >= 400);
    require(std::ranges::all_of(whole.error.reason, [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
  if (whole.state != HeadState::kComplete) return 0;
  check_head(whole.head, bytes);
  require(slow.head.bytes == whole.head.bytes && slow.head.field_count == whole.head.field_count);

  const std::string_view body = bytes.substr(whole.head.bytes.size());
  std::string sink, slow_sink;
  bool broken = false, slow_broken = false;
  const size_t used = read_body(whole.head, body, body.size(), sink, broken);
  require(read_body(whole.head, body, 1, slow_sink, slow_broken) == used);
  require(broken == slow_broken && sink == slow_sink);
  return 0;
}
