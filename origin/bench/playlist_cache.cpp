// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/playlist_cache.hpp"

#include "origin/base/gzip.hpp"

namespace origin::bench {

namespace {

constexpr size_t kMaxPlaylistBytes = 16 << 20;

Result<MediaPlaylist> parse(std::string_view body, std::string_view coding) {
  if (coding.empty() || coding == "identity") return parse_media_playlist(body);
  if (coding != "gzip") {
    return Error{ErrorCode::kUnsupported, "Content-Encoding '" + std::string(coding) + "' was not asked for"};
  }
  const Result<std::string> text = gunzip(as_bytes(body), kMaxPlaylistBytes);
  if (!text) return text.error();
  return parse_media_playlist(*text);
}

}  // namespace

Result<PlaylistPtr> PlaylistCache::read(std::string_view body, std::string_view coding,
                                        const PlaylistPtr& earlier) {
  for (const Entry& entry : entries_) {
    if (entry.playlist && entry.body == body) return entry.playlist;
  }
  Result<MediaPlaylist> playlist = parse(body, coding);
  if (!playlist) return playlist.error();
  if (playlist->skipped > 0 && earlier) playlist->date_from(*earlier);
  Entry& entry = entries_[next_];
  next_ = (next_ + 1) % entries_.size();
  entry = {std::string(body), std::make_shared<const MediaPlaylist>(std::move(*playlist))};
  return entry.playlist;
}

}  // namespace origin::bench
