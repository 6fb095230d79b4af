// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/hold_list.hpp"

#include <algorithm>
#include <vector>

#include "origin/base/mutex.hpp"

namespace origin::http {

namespace {

// GLib's clock is the steady clock; deadlines are kept in it because the timer is.
MonotonicTime now() {
  return MonotonicTime(std::chrono::microseconds(g_get_monotonic_time()));
}

gboolean no_dispatch(GSource*, GSourceFunc callback, gpointer data) {
  return callback(data);
}

GSourceFuncs kTimerFuncs = {nullptr, nullptr, no_dispatch, nullptr, nullptr, nullptr};

constexpr auto kForever = Duration(INT64_MAX / 4);

}  // namespace

// Told on publishing threads; brings the topics to the worker's thread, one wake-up for all that change
// meanwhile. It keeps the context and not the worker: a publisher may still hold it when the worker is gone.
class HoldList::Waker : public store::Watcher {
 public:
  Waker(GMainContext* context, HoldList* list)
      : context_(Ref<GMainContext>::share(context)),
        list_(list),
        source_(Ref<GSource>::adopt(g_source_new(&kTimerFuncs, sizeof(GSource)))) {
    g_source_set_callback(
        source_.get(),
        [](gpointer self) -> gboolean {
          static_cast<Waker*>(self)->settle_changed();
          return G_SOURCE_CONTINUE;
        },
        this, nullptr);
    g_source_attach(source_.get(), context);
  }

  void topic_changed(const store::TopicRef& topic) override {
    {
      MutexLock lock(mutex_);
      changed_.push_back(topic);
      if (changed_.size() > 1) return;  // the first of them wakes the worker
    }
    g_source_set_ready_time(source_.get(), 0);
  }

  // On the worker's thread: the list is going.
  void detach() { g_source_destroy(source_.get()); }

 private:
  void settle_changed() {
    g_source_set_ready_time(source_.get(), -1);
    std::vector<store::TopicRef> changed;
    {
      MutexLock lock(mutex_);
      changed.swap(changed_);
    }
    for (const store::TopicRef& topic : changed) list_->settle(topic);
  }

  const Ref<GMainContext> context_;
  HoldList* const list_;
  const Ref<GSource> source_;
  Mutex mutex_;
  std::vector<store::TopicRef> changed_ GUARDED_BY(mutex_);
};

HoldList::HoldList(GMainContext* context, Shared& shared)
    : shared_(shared),
      waker_(std::make_shared<Waker>(context, this)),
      timer_(Ref<GSource>::adopt(g_source_new(&kTimerFuncs, sizeof(GSource)))) {
  g_source_set_callback(
      timer_.get(),
      [](gpointer self) -> gboolean {
        static_cast<HoldList*>(self)->expire();
        return G_SOURCE_CONTINUE;
      },
      this, nullptr);
  g_source_attach(timer_.get(), context);
}

HoldList::~HoldList() {
  waker_->detach();
  shared_.held.fetch_sub(held_.size(), std::memory_order_relaxed);
}

bool HoldList::has_room() const {
  return !shared_.stopping && shared_.held.load(std::memory_order_relaxed) < shared_.limits.max_held;
}

void HoldList::add(Id id, Hold hold, std::unique_ptr<Waiter> waiter) {
  const MonotonicTime deadline = now() + std::min(hold.limit, kForever);
  const store::TopicRef topic = hold.topic;
  insert(id, std::move(hold), deadline, std::move(waiter));
  settle(topic);
  set_timer();
}

void HoldList::drop(Id id) {
  if (take(id)) set_timer();
}

void HoldList::give_up_all() {
  while (!by_deadline_.empty()) {
    auto node = take(by_deadline_.begin()->second);
    Reply reply = unavailable_reply("the server is shutting down");
    reply.close = true;
    node.mapped().waiter->give_up(reply);
  }
  set_timer();
}

void HoldList::insert(Id id, Hold hold, MonotonicTime deadline, std::unique_ptr<Waiter> waiter) {
  by_topic_.emplace(hold.topic.get(), hold.position, id);
  by_deadline_.emplace(deadline, id);
  held_.emplace(id, Held{std::move(hold.topic), hold.position, deadline, std::move(waiter)});
  shared_.held.fetch_add(1, std::memory_order_relaxed);
}

std::unordered_map<HoldList::Id, HoldList::Held>::node_type HoldList::take(Id id) {
  auto node = held_.extract(id);
  if (!node) return node;
  const Held& held = node.mapped();
  by_topic_.erase({held.topic.get(), held.position, id});
  by_deadline_.erase({held.deadline, id});
  shared_.held.fetch_sub(1, std::memory_order_relaxed);
  return node;
}

void HoldList::settle(const store::TopicRef& topic) {
  const auto first_waiting = [&] { return by_topic_.lower_bound({topic.get(), store::Position{}, 0}); };
  for (;;) {
    const uint64_t seen = topic->changes();
    // Waiters stand in the order of what they wait for, so the first that still has to wait ends the round.
    auto waiting = first_waiting();
    while (waiting != by_topic_.end() && std::get<0>(*waiting) == topic.get() &&
           Hold::over(*topic, std::get<1>(*waiting))) {
      look_again(std::get<2>(*waiting));
      waiting = first_waiting();
    }
    if (waiting == by_topic_.end() || std::get<0>(*waiting) != topic.get()) return;
    if (topic->watch(waker_, seen)) return;
  }
}

void HoldList::look_again(Id id) {
  auto node = take(id);
  Held& held = node.mapped();
  std::optional<Hold> hold = held.waiter->look_again();
  if (!hold) return;
  const store::TopicRef topic = hold->topic;
  insert(id, *std::move(hold), held.deadline, std::move(held.waiter));
  if (topic != held.topic) settle(topic);
}

void HoldList::expire() {
  const MonotonicTime due = now();
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= due) {
    auto node = take(by_deadline_.begin()->second);
    node.mapped().waiter->give_up(unavailable_reply("it is not there yet; try again"));
  }
  set_timer();
}

void HoldList::set_timer() {
  const gint64 ready =
      by_deadline_.empty()
          ? -1
          : std::chrono::ceil<std::chrono::microseconds>(by_deadline_.begin()->first.time_since_epoch())
                .count();
  if (g_source_get_ready_time(timer_.get()) != ready) g_source_set_ready_time(timer_.get(), ready);
}

}  // namespace origin::http
