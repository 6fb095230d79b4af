// SPDX-License-Identifier: LGPL-2.1-or-later
// The requests of one worker that wait for a topic, by topic and position, each with a deadline. On the
// worker's thread; only its Waker is called from others.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "origin/base/ref.hpp"
#include "origin/http/router.hpp"
#include "origin/http/shared.hpp"

namespace origin::http {

class HoldList {
 public:
  using Id = uint64_t;

  // One held request. Destroyed when it has been answered, given up or dropped.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    // What it waited for is over: answers it and returns nothing, or returns what it has to wait for now.
    virtual std::optional<Hold> look_again() = 0;
    virtual void give_up(const Reply& reply) = 0;
  };

  HoldList(GMainContext* context, Shared& shared);
  ~HoldList();

  bool has_room() const;
  // The waiter may have been answered before this returns. Ids are not used twice.
  Id reserve_id() { return ++last_id_; }
  void add(Id id, Hold hold, std::unique_ptr<Waiter> waiter);
  // Its client is gone. Nothing happens if it has been answered already.
  void drop(Id id);
  // Answers all that wait with 503; from now on there is no room.
  void give_up_all();

 private:
  class Waker;
  struct Held {
    store::TopicRef topic;
    store::Position position;
    MonotonicTime deadline;
    std::unique_ptr<Waiter> waiter;
  };
  using ByTopic = std::set<std::tuple<store::Topic*, store::Position, Id>>;

  void insert(Id id, Hold hold, MonotonicTime deadline, std::unique_ptr<Waiter> waiter);
  std::unordered_map<Id, Held>::node_type take(Id id);
  // Answers whoever waits for nothing any more, and has the waker told of the topic's next change if others
  // remain.
  void settle(const store::TopicRef& topic);
  void look_again(Id id);
  void expire();
  void set_timer();

  Shared& shared_;
  const std::shared_ptr<Waker> waker_;
  const Ref<GSource> timer_;
  std::unordered_map<Id, Held> held_;
  ByTopic by_topic_;
  std::set<std::pair<MonotonicTime, Id>> by_deadline_;
  Id last_id_ = 0;
};

}  // namespace origin::http
