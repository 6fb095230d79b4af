// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads each version of a media playlist once, however many clients get it. The load's thread only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "origin/bench/media_playlist.hpp"

namespace origin::bench {

using PlaylistPtr = std::shared_ptr<const MediaPlaylist>;

class PlaylistCache {
 public:
  // The body as it was sent, with its Content-Encoding (empty: none). `earlier`, which may be null, dates
  // what a delta update does not.
  Result<PlaylistPtr> read(std::string_view body, std::string_view coding, const PlaylistPtr& earlier);

 private:
  struct Entry {
    std::string body;
    PlaylistPtr playlist;
  };

  // Full versions and delta updates, and clients that are a version behind.
  std::array<Entry, 4> entries_;
  size_t next_ = 0;
};

}  // namespace origin::bench
