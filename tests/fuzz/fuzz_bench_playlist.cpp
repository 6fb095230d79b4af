// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for the playlists that origin-bench reads: whatever comes, what it takes for a playlist is
// one.
#include <cstdlib>
#include <string_view>

#include "origin/bench/media_playlist.hpp"
#include "origin/bench/multivariant_playlist.hpp"
#include "origin/bench/time_text.hpp"
#include "origin/bench/url.hpp"

using namespace origin::bench;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const MediaPlaylist& playlist) {
  require(playlist.target_duration > origin::Duration(0));
  uint64_t sequence = playlist.media_sequence + playlist.skipped;
  for (const Segment& segment : playlist.segments) {
    require(segment.sequence == sequence++);
    require(segment.is_whole() || &segment == &playlist.segments.back());
    require(segment.is_whole() || !segment.parts.empty());
    require(playlist.find(segment.sequence) == &segment);
  }
  require(!playlist.has(playlist.edge()) && !playlist.find(sequence));
  require(!playlist.hint || playlist.hint->is_set());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto playlist = parse_media_playlist(text)) {
    check(*playlist);
    MediaPlaylist dated = *playlist;
    dated.date_from(*playlist);
    check(dated);
  }
  const auto renditions = parse_multivariant_playlist(text);
  for (const Rendition& rendition : renditions) {
    require(!rendition.uri.empty() || rendition.bandwidth == 0);
    const auto base = parse_url("http://h/a/b?c");
    if (const auto url = resolve(*base, rendition.uri))
      require(url->target.starts_with('/') && parse_url(url->text()));
  }
  for (const char* which : {"highest", "lowest", "all", "0", "m3u8"}) {
    require(!renditions.empty() || !choose(renditions, which));
  }
  parse_published(text);
  parse_http_date(text);
  return 0;
}
