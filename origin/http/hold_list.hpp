// SPDX-License-Identifier: LGPL-2.1-or-later
// The requests of one worker that wait for a topic, by topic and position, each with a deadline. On the
// worker's thread; only its Waker is called from others.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "origin/base/ref.hpp"
#include "origin/http/ledger.hpp"
#include "origin/http/router.hpp"
#include "origin/http/shared.hpp"
#include "origin/transport/deadlines.hpp"

namespace origin::http {

class HoldList {
  struct Group;

 public:
  // One held request. Destroyed when it has been answered, given up or dropped.
  class Waiter : public transport::HasDeadline {
   public:
    // What it waited for is over: answers it and returns nothing, or returns what it has to wait for now.
    virtual std::optional<Hold> look_again() = 0;
    // Under the policy that is in force now.
    virtual bool is_still_admitted() const = 0;
    // Answers it with 503 and that reason; `close`: and says that its connection will be closed.
    virtual void give_up(std::string_view reason, bool close) = 0;

   private:
    friend class HoldList;
    friend struct Group;
    void on_deadline() final;

    HoldList* list_ = nullptr;
    Group* group_ = nullptr;  // null while it is looking again
    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
  };

  HoldList(GMainContext* context, Shared& shared, Ledger& ledger);
  ~HoldList();

  bool has_room() const;
  // The waiter may have been answered before this returns.
  void add(Hold hold, std::unique_ptr<Waiter> waiter);
  // Its client is gone. REQUIRES: it has been added and not been told anything yet.
  void drop(Waiter& waiter);
  // Answers all that wait with 503; from now on there is no room.
  void give_up_all();
  // Likewise those who are not admitted any more.
  void give_up_refused();

 private:
  class Waker;
  // Those who wait for one position of one topic, in the order in which they came.
  struct Group {
    void append(Waiter& waiter);
    void remove(Waiter& waiter);

    store::TopicRef topic;
    store::Position position;
    Waiter* first = nullptr;
    Waiter* last = nullptr;
  };
  using Key = std::pair<store::Topic*, store::Position>;

  void join(Waiter& waiter, Hold hold);
  // Takes it out of its group, which may go with it.
  void leave(Waiter& waiter);
  std::unique_ptr<Waiter> take(Waiter& waiter);
  // A topic that has changed, and when.
  struct Change {
    store::TopicRef topic;
    MonotonicTime time;
  };
  void settle_changed(std::vector<Change> changes);
  // Answers whoever waits for nothing any more, and has the waker told of the topic's next change if others
  // remain. No more than `most`, which it counts down; those who are left have another turn.
  void settle(const Change& change, size_t& most);
  // False: some are left. `time`: when what they waited for was there.
  bool settle_since(const store::TopicRef& topic, MonotonicTime time, size_t& most);
  // Whether it was answered.
  bool look_again(Waiter& waiter);
  void expire();
  void set_timer(MonotonicTime due);

  Shared& shared_;
  Ledger& ledger_;
  const std::shared_ptr<Waker> waker_;
  const Ref<GSource> timer_;
  std::optional<MonotonicTime> timer_due_;
  std::map<Key, Group> groups_;
  std::map<const store::Topic*, MonotonicTime> unsettled_;  // those that have another turn
  std::map<Duration, transport::DeadlineList> deadlines_;   // by how long one may wait
};

}  // namespace origin::http
