// SPDX-License-Identifier: LGPL-2.1-or-later
// What a change of a presentation means for the store and its observer: gathered under the presentation's
// lock, carried out after it, in the order in which readers may rely on it (media before the playlist that
// lists it).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "origin/channel/observer.hpp"
#include "origin/store/store.hpp"

namespace origin::channel {

struct Publication {
  struct Put {
    std::string name;
    store::Object object;
  };
  struct Seal {
    store::TopicRef topic;
    store::Object object;
  };
  struct Expiry {
    std::string name;
    Duration ttl;
  };
  struct Message {
    store::TopicRef topic;
    store::MessageRef message;
  };
  struct Warning {
    std::string message;
    std::string hint;
  };

  std::vector<store::TopicRef> topics;
  std::vector<Put> puts;        // pinned
  std::vector<Message> chunks;  // into growing segments
  std::vector<Seal> seals;      // growing segments that are complete now; pinned
  std::vector<Message> playlists;
  std::vector<Expiry> expiries;
  std::vector<std::string> removals;
  std::vector<SegmentAdded> added;
  std::vector<Warning> warnings;

  // Each once, in this order; no lock may be held.
  void publish(store::Store& store);
  // Of the presentation of that name. `observer` may be null.
  void tell(const std::string& presentation, Observer* observer) const;
};

}  // namespace origin::channel
