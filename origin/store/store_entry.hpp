// SPDX-License-Identifier: LGPL-2.1-or-later
// What the store has under a name. Private to the store, guarded by its lock.
#pragma once

#include "origin/store/store.hpp"

namespace origin::store {

struct Store::Entry {
  std::variant<ObjectRef, TopicRef> content;
  // Where an object that is not pinned stands in the order of expiry.
  std::optional<Expiries::iterator> expiry;
  bool uploaded = false;
};

}  // namespace origin::store
