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

// How many are answered before the worker looks at its sockets again, since whoever comes meanwhile is not to
// wait for thousands; topics that change together share it.
constexpr size_t kAnswersPerTurn = 256;
constexpr size_t kLeastShare = 16;

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

  void topic_changed(const store::TopicRef& topic) override { settle_later({topic, now()}); }

  void settle_later(Change change) {
    {
      MutexLock lock(mutex_);
      changes_.push_back(std::move(change));
      if (changes_.size() > 1) return;  // the first of them has woken the worker
    }
    g_source_set_ready_time(source_.get(), 0);
  }

  // On the worker's thread: the list is going.
  void detach() { g_source_destroy(source_.get()); }

 private:
  void settle_changed() {
    g_source_set_ready_time(source_.get(), -1);
    std::vector<Change> changes;
    {
      MutexLock lock(mutex_);
      changes.swap(changes_);
    }
    list_->settle_changed(std::move(changes));
  }

  const Ref<GMainContext> context_;
  HoldList* const list_;
  const Ref<GSource> source_;
  Mutex mutex_;
  std::vector<Change> changes_ GUARDED_BY(mutex_);
};

HoldList::HoldList(GMainContext* context, Shared& shared, Ledger& ledger)
    : shared_(shared),
      ledger_(ledger),
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
  g_source_destroy(timer_.get());
  while (!groups_.empty()) take(*groups_.begin()->second.first);
}

void HoldList::Group::append(Waiter& waiter) {
  waiter.group_ = this;
  waiter.previous_ = last;
  waiter.next_ = nullptr;
  (last ? last->next_ : first) = &waiter;
  last = &waiter;
}

void HoldList::Group::remove(Waiter& waiter) {
  (waiter.previous_ ? waiter.previous_->next_ : first) = waiter.next_;
  (waiter.next_ ? waiter.next_->previous_ : last) = waiter.previous_;
  waiter.group_ = nullptr;
}

bool HoldList::has_room() const {
  return !shared_.stopping && shared_.held.load(std::memory_order_relaxed) < shared_.limits.max_held;
}

void HoldList::add(Hold hold, std::unique_ptr<Waiter> waiter) {
  const Duration limit = std::min(hold.limit, kForever);
  const store::TopicRef topic = hold.topic;
  const MonotonicTime start = now();
  deadlines_.try_emplace(limit, limit).first->second.set(*waiter, start);
  set_timer(start + limit);
  shared_.held.fetch_add(1, std::memory_order_relaxed);
  waiter->list_ = this;
  join(*waiter.release(), std::move(hold));
  size_t most = kAnswersPerTurn;
  settle({topic, start}, most);
}

void HoldList::drop(Waiter& waiter) {
  if (waiter.group_) take(waiter);
}

void HoldList::give_up_all() {
  while (!groups_.empty()) take(*groups_.begin()->second.first)->give_up("the server is shutting down", true);
}

void HoldList::give_up_refused() {
  std::vector<Waiter*> refused;
  for (const auto& [key, group] : groups_) {
    for (Waiter* waiter = group.first; waiter; waiter = waiter->next_) {
      if (!waiter->is_still_admitted()) refused.push_back(waiter);
    }
  }
  for (Waiter* waiter : refused) take(*waiter)->give_up("the key or token does not count any more", true);
}

void HoldList::join(Waiter& waiter, Hold hold) {
  const Key key(hold.topic.get(), hold.position);
  Group& group = groups_.try_emplace(key, Group{std::move(hold.topic), hold.position}).first->second;
  group.append(waiter);
}

void HoldList::leave(Waiter& waiter) {
  Group& group = *waiter.group_;
  group.remove(waiter);
  if (!group.first) groups_.erase({group.topic.get(), group.position});
}

std::unique_ptr<HoldList::Waiter> HoldList::take(Waiter& waiter) {
  if (waiter.group_) leave(waiter);
  waiter.clear_deadline();
  shared_.held.fetch_sub(1, std::memory_order_relaxed);
  return std::unique_ptr<Waiter>(&waiter);
}

void HoldList::settle_changed(std::vector<Change> changes) {
  for (const Change& change : changes) {
    size_t most = std::max(kAnswersPerTurn / changes.size(), kLeastShare);
    settle(change, most);
  }
}

void HoldList::settle(const Change& change, size_t& most) {
  // Those who are left over have waited since the change that they were left over from.
  const auto left_over = unsettled_.find(change.topic.get());
  const MonotonicTime time = left_over == unsettled_.end() ? change.time : left_over->second;
  if (left_over != unsettled_.end()) unsettled_.erase(left_over);
  if (settle_since(change.topic, time, most)) return;
  unsettled_.emplace(change.topic.get(), time);
  waker_->settle_later({change.topic, time});
}

bool HoldList::settle_since(const store::TopicRef& topic, MonotonicTime time, size_t& most) {
  metrics::Histogram* wakes = nullptr;  // looked up once for all
  for (;;) {
    const uint64_t seen = topic->changes();
    // Groups stand in the order of what they wait for, so the first that still has to wait ends the round.
    for (;;) {
      const auto waiting = groups_.lower_bound({topic.get(), store::Position{}});
      if (waiting == groups_.end() || waiting->first.first != topic.get()) return true;
      if (!Hold::over(*topic, waiting->first.second)) break;
      if (most == 0) return false;
      --most;
      if (!look_again(*waiting->second.first)) continue;
      if (!wakes) wakes = &ledger_.wakes_of(topic->name());
      wakes->observe(now() - time);
    }
    if (topic->watch(waker_, seen)) return true;
  }
}

bool HoldList::look_again(Waiter& waiter) {
  const store::TopicRef had = waiter.group_->topic;
  leave(waiter);
  std::optional<Hold> hold = waiter.look_again();
  if (!hold) {
    take(waiter);
    return true;
  }
  const store::TopicRef topic = hold->topic;
  join(waiter, *std::move(hold));
  // Its own is being settled.
  if (topic != had) waker_->topic_changed(topic);
  return false;
}

void HoldList::Waiter::on_deadline() {
  list_->take(*this)->give_up("it is not there yet; try again", false);
}

void HoldList::expire() {
  timer_due_.reset();
  const MonotonicTime due = now();
  std::optional<MonotonicTime> next;
  for (auto& [limit, list] : deadlines_) {
    list.expire(due);
    if (const auto first = list.first()) next = std::min(next.value_or(*first), *first);
  }
  if (next) {
    set_timer(*next);
  } else {
    g_source_set_ready_time(timer_.get(), -1);
  }
}

// A deadline that has gone is not worth another look at the clock: the timer finds out.
void HoldList::set_timer(MonotonicTime due) {
  if (timer_due_ && *timer_due_ <= due) return;
  timer_due_ = due;
  g_source_set_ready_time(timer_.get(),
                          std::chrono::ceil<std::chrono::microseconds>(due.time_since_epoch()).count());
}

}  // namespace origin::http
