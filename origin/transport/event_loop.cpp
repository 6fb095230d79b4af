// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/event_loop.hpp"

#include <algorithm>
#include <chrono>

namespace origin::transport {

namespace {

constexpr int kEventsPerTurn = 256;
// Deadlines are seconds; looking at them this often is enough.
constexpr auto kResolution = 10ms;

}  // namespace

struct EventLoop::Source {
  GSource base;
  EventLoop* loop;
};

EventLoop::EventLoop(GMainContext* context) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  static GSourceFuncs functions = {prepare, check, dispatch, nullptr, nullptr, nullptr};
  source_ = Ref<GSource>::adopt(g_source_new(&functions, sizeof(Source)));
  reinterpret_cast<Source*>(source_.get())->loop = this;
  if (epoll_) poll_tag_ = g_source_add_unix_fd(source_.get(), epoll_.get(), G_IO_IN);
  g_source_set_name(source_.get(), "origin sockets");
  // Nothing here runs the context again: else GLib would take the descriptor out and put it back each time.
  g_source_set_can_recurse(source_.get(), TRUE);
  g_source_attach(source_.get(), context);
}

EventLoop::~EventLoop() = default;

bool EventLoop::add(int fd, uint32_t events, EpollTarget& target) {
  epoll_event event = {events, {.ptr = &target}};
  return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::modify(int fd, uint32_t events, EpollTarget& target) {
  epoll_event event = {events, {.ptr = &target}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::remove(int fd) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EventLoop::schedule(TurnTarget& target) {
  if (std::exchange(target.scheduled_, true)) return;
  next_turn_.push_back(&target);
}

bool EventLoop::due() const {
  const MonotonicTime now = Clock::system().monotonic();
  return std::ranges::any_of(deadlines_, [now](const DeadlineList* list) {
    const auto first = list->first();
    return first && *first <= now;
  });
}

gboolean EventLoop::prepare(GSource* source, gint* timeout) {
  const EventLoop& loop = *reinterpret_cast<Source*>(source)->loop;
  if (!loop.next_turn_.empty()) {
    *timeout = 0;
    return TRUE;
  }
  *timeout = -1;
  const MonotonicTime now = Clock::system().monotonic();
  for (const DeadlineList* list : loop.deadlines_) {
    const auto first = list->first();
    if (!first) continue;
    const auto wait = std::max<Duration>(*first - now, kResolution);
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
    if (*timeout < 0 || milliseconds < *timeout)
      *timeout = static_cast<gint>(std::min<int64_t>(milliseconds, 60'000));
  }
  return FALSE;
}

gboolean EventLoop::check(GSource* source) {
  const EventLoop& loop = *reinterpret_cast<Source*>(source)->loop;
  if (!loop.next_turn_.empty()) return TRUE;
  if (loop.poll_tag_ && g_source_query_unix_fd(source, loop.poll_tag_) != 0) return TRUE;
  return loop.due();
}

gboolean EventLoop::dispatch(GSource* source, GSourceFunc, gpointer) {
  reinterpret_cast<Source*>(source)->loop->turn();
  return G_SOURCE_CONTINUE;
}

void EventLoop::turn() {
  now_ = Clock::system().monotonic();
  in_turn_ = true;
  // Those who are scheduled from here on wait for the next turn, so that sockets are looked at in between.
  this_turn_.swap(next_turn_);
  epoll_event events[kEventsPerTurn];
  const int count = epoll_wait(epoll_.get(), events, kEventsPerTurn, 0);
  for (int i = 0; i < count; ++i) static_cast<EpollTarget*>(events[i].data.ptr)->on_events(events[i].events);
  for (TurnTarget* target : this_turn_) {
    target->scheduled_ = false;
    target->on_turn();
  }
  this_turn_.clear();
  for (DeadlineList* list : deadlines_) list->expire(now_);
  in_turn_ = false;
}

}  // namespace origin::transport
