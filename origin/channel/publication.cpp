// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/publication.hpp"

#include "origin/base/log.hpp"

namespace origin::channel {

void Publication::publish(store::Store& store) {
  for (store::TopicRef& topic : topics) store.put_topic(std::move(topic));
  for (Put& put : puts) store.put(put.name, std::move(put.object), {.pinned = true, .ttl = {}});
  for (const Message& chunk : chunks) chunk.topic->publish(chunk.message);
  for (Seal& seal : seals) store.seal_into(seal.topic, std::move(seal.object), {.pinned = true, .ttl = {}});
  for (const Message& playlist : playlists) playlist.topic->publish(playlist.message);
  for (const Expiry& expiry : expiries) store.expire_after(expiry.name, expiry.ttl);
  for (const std::string& name : removals) store.remove(name);
}

void Publication::tell(const std::string& presentation, Observer* observer) const {
  for (const Warning& warning : warnings)
    log_warning("%s: %s (%s)", presentation.c_str(), warning.message.c_str(), warning.hint.c_str());
  if (!observer) return;
  for (const SegmentAdded& segment : added) observer->segment_added(segment);
  for (const Warning& warning : warnings) observer->warning(warning.message, warning.hint);
}

}  // namespace origin::channel
