// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/multivariant_playlist.hpp"

#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/bench/attribute_list.hpp"

namespace origin::bench {

namespace {

void add(std::vector<Rendition>& renditions, Rendition rendition) {
  if (!std::ranges::any_of(renditions, [&](const Rendition& r) { return r.uri == rendition.uri; })) {
    renditions.push_back(std::move(rendition));
  }
}

std::string names(const std::vector<Rendition>& renditions) {
  std::string text;
  for (const Rendition& rendition : renditions) text += (text.empty() ? "" : ", ") + rendition.uri;
  return text;
}

}  // namespace

bool is_multivariant(std::string_view text) {
  std::string_view line;
  while (take_playlist_line(text, line)) {
    if (line.starts_with("#EXT-X-STREAM-INF:")) return true;
  }
  return false;
}

std::vector<Rendition> parse_multivariant_playlist(std::string_view text) {
  std::vector<Rendition> variants, others;
  std::string_view line;
  bool is_variant = false;
  uint64_t bandwidth = 0;
  while (take_playlist_line(text, line)) {
    if (take_tag(line, "#EXT-X-STREAM-INF")) {
      is_variant = true;
      bandwidth = parse_number(attribute(line, "BANDWIDTH").value_or("")).value_or(0);
    } else if (take_tag(line, "#EXT-X-MEDIA")) {
      const auto uri = attribute(line, "URI");
      // Subtitles are no load worth the name, and have no parts with most servers.
      const bool is_media = attribute(line, "TYPE") == "AUDIO" || attribute(line, "TYPE") == "VIDEO";
      if (uri && is_media) add(others, {std::string(*uri), 0});
    } else if (!line.starts_with('#') && is_variant) {
      add(variants, {std::string(line), bandwidth});
      is_variant = false;
    }
  }
  for (Rendition& other : others) add(variants, std::move(other));
  return variants;
}

Result<std::vector<Rendition>> choose(const std::vector<Rendition>& renditions, std::string_view which) {
  if (renditions.empty()) return Error{ErrorCode::kNotFound, "the multivariant playlist lists no rendition"};
  if (which == "all") return renditions;
  const auto by_bandwidth = [](const Rendition& a, const Rendition& b) { return a.bandwidth < b.bandwidth; };
  if (which == "highest") return std::vector{*std::ranges::max_element(renditions, by_bandwidth)};
  if (which == "lowest") {
    // One without a bandwidth is no variant, unless there is nothing else.
    const auto found = std::ranges::min_element(
        renditions, [](const Rendition& a, const Rendition& b) { return a.bandwidth - 1 < b.bandwidth - 1; });
    return std::vector{*found};
  }
  if (const auto number = parse_number(which); number && *number < renditions.size()) {
    return std::vector{renditions[*number]};
  }
  for (const Rendition& rendition : renditions) {
    if (rendition.uri.find(which) != std::string::npos) return std::vector{rendition};
  }
  return Error{ErrorCode::kInvalid, "--rendition=" + std::string(which) +
                                        " fits none; highest, lowest, all, a number from 0 to " +
                                        std::to_string(renditions.size() - 1) +
                                        " or a piece of one of these: " + names(renditions)};
}

}  // namespace origin::bench
