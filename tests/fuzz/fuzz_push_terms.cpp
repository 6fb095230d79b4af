// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target: names below publishing points, and their queries. Input: the name, a line feed, the
// query.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "origin/channel/push_terms.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\n'), text.size());
  const auto name = origin::channel::parse_pushed_name(text.substr(0, end));
  if (!name) return 0;
  if (!origin::channel::validate_name(name->presentation)) std::abort();
  if (!name->track.empty() && !origin::channel::validate_name(name->track)) std::abort();
  const auto terms =
      origin::channel::parse_push_terms(name->presentation, text.substr(std::min(end + 1, text.size())));
  if (terms && !origin::channel::validate(terms->options)) std::abort();
  return 0;
}
