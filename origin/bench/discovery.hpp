// SPDX-License-Identifier: LGPL-2.1-or-later
// From the URL that was given to the media playlists that clients follow. Blocks.
#pragma once

#include <deque>
#include <vector>

#include "origin/bench/connection.hpp"
#include "origin/bench/follower.hpp"

namespace origin::bench {

struct Discovery {
  std::deque<Subject> subjects;
  std::vector<Endpoint> servers;  // of each
  MediaPlaylist first;            // of the first subject
};

// An error if there is nothing that could be followed.
Result<Discovery> discover(const Options& options);

}  // namespace origin::bench
