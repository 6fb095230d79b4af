// SPDX-License-Identifier: LGPL-2.1-or-later
// An ordered, awaitable sequence of messages under a name. Two ways to read, never mixed on one topic:
//   newest(), at_or_after(position): playlists, where a reader wants the newest once it is at or past a
//   position; read_from(position): chunks and events, where a reader wants every message from there on.
// Any thread. Nobody blocks here: a reader that finds nothing registers a Watcher and comes back when it is
// told.
#pragma once

#include <atomic>
#include <compare>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/base/time.hpp"
#include "origin/store/budget.hpp"
#include "origin/store/object.hpp"

namespace origin::store {

// Orders the messages of a topic. Playlists: (media sequence number of the segment being written, its parts
// so far), so that whole segment M is there at or after (M + 1, 0) and its part N at or after (M, N + 1).
// Chunks and events: (number, 0).
struct Position {
  uint64_t major = 0;
  uint64_t minor = 0;
  // Versions of the same position, such as the one that adds ENDLIST; a waiter gives 0.
  uint64_t revision = 0;
  auto operator<=>(const Position&) const = default;
};

// Which rendition of a message's content is wanted: `edition` is the topic's own numbering (a playlist has 0
// = full, 1 = delta, 2 = delta v2), compressed or not.
struct Form {
  uint8_t edition = 0;
  bool gzip = false;
};
constexpr uint8_t kEditions = 3;

// What a reader has to know of a playlist in order to wait for a later one.
struct Ahead {
  uint64_t parts_before = 0;          // parts of the last whole segment: the major before the newest
  uint64_t max_parts = 3;             // how many parts past the newest may be asked for
  Duration hold_limit{};              // how long one may wait for it
  std::string awaited_cache_control;  // of an answer that was asked for by position
};

// What messages made on demand, and the budget that counts the memory of it.
struct Renderings {
  explicit Renderings(std::shared_ptr<Budget> counted_by) : budget(std::move(counted_by)) {}

  const std::shared_ptr<Budget> budget;
  std::atomic<uint64_t> rendered{0};
  std::atomic<uint64_t> compressed{0};
};

// One message. Its forms are rendered when first asked for, once, and shared by all readers.
class Message {
 public:
  // Renders an edition; called at most once for each, on the thread that asks first, with no lock held. Null
  // means that there is no such edition.
  using Render = std::function<ObjectRef(uint8_t edition)>;

  // What is rendered or compressed is noted in `renderings`, if there are any.
  // The same content in every edition.
  Message(Position position, ObjectRef content, std::shared_ptr<Renderings> renderings = nullptr);
  Message(Position position, Render render, std::shared_ptr<Renderings> renderings = nullptr,
          std::optional<Ahead> ahead = {});
  ~Message();

  Position position() const { return position_; }
  // None if no later message may be waited for by position.
  const std::optional<Ahead>& ahead() const { return ahead_; }
  // The content in that form; never null. An edition that the renderer does not know gives edition 0.
  ObjectRef form(Form form) const;

 private:
  struct Forms;
  const Position position_;
  const std::optional<Ahead> ahead_;
  const std::unique_ptr<Forms> forms_;
};

using MessageRef = std::shared_ptr<const Message>;

class Topic;
using TopicRef = std::shared_ptr<Topic>;

// Told that a watched topic changed. Called on the publishing thread, with no lock held; must only take note
// and wake its own thread.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void topic_changed(const TopicRef& topic) = 0;
};

struct TopicOptions {
  // How long a reader may be held for a message before 503 (RFC 8216bis 6.2.5.2: 3 x target duration).
  Duration hold_limit = 10s;
  // Messages kept; playlists keep 1, growing segments all (0).
  size_t keep = 1;
  // Its messages say what may be waited for (`Ahead`).
  bool may_be_awaited = false;
  // It shows an object on its way in: the newest message, at (bytes so far, 0), is what there is of it.
  bool growing = false;
  std::optional<uint64_t> expected_size;  // of such an object, in bytes; none: not known yet
  // What an answer says while there is no message, or not all of it.
  Headers headers;
};

class Topic : public std::enable_shared_from_this<Topic> {
 public:
  Topic(std::string name, TopicOptions options);

  const std::string& name() const { return name_; }
  const TopicOptions& options() const { return options_; }

  // Appends and wakes every watcher once. A message at or before the newest position is dropped (two threads
  // raced and the newer came first); returns whether it was taken. Nothing is taken after seal().
  bool publish(MessageRef message);
  // No message will follow. Wakes the watchers.
  void seal();
  // Likewise, since an object with all of it takes its place; leaves waking them to the caller, who holds a
  // lock.
  [[nodiscard]] std::vector<std::shared_ptr<Watcher>> close();
  bool sealed() const;
  // By close().
  bool completed() const;

  // Null while there is none.
  MessageRef newest() const;
  // The newest if it is at or past `position`; else null.
  MessageRef at_or_after(Position position) const;
  // Kept messages from `position` on, in order, at most `limit`.
  std::vector<MessageRef> read_from(Position position, size_t limit) const;

  // Tells `watcher` at the next publish or seal, once. If the topic already has something past what the
  // caller saw
  // (`seen`: the number of publishes and seals, from changes()), returns false and does not register: look
  // again.
  bool watch(const std::shared_ptr<Watcher>& watcher, uint64_t seen);
  // Counts publishes and seals.
  uint64_t changes() const;

 private:
  std::vector<std::shared_ptr<Watcher>> end(bool completed);
  std::vector<std::shared_ptr<Watcher>> take_watchers() REQUIRES_LOCK(mutex_);

  const std::string name_;
  const TopicOptions options_;
  mutable Mutex mutex_;
  std::deque<MessageRef> messages_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<Watcher>> watchers_ GUARDED_BY(mutex_);
  uint64_t changes_ GUARDED_BY(mutex_) = 0;
  bool sealed_ GUARDED_BY(mutex_) = false;
  bool completed_ GUARDED_BY(mutex_) = false;
};

}  // namespace origin::store
