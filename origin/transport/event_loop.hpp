// SPDX-License-Identifier: LGPL-2.1-or-later
// One edge-triggered epoll descriptor as a single GSource, with deadlines and "again next turn". GLib polls
// two descriptors however many connections there are. Worker's thread only.
#pragma once

#include <sys/epoll.h>

#include <vector>

#include "origin/base/clock.hpp"
#include "origin/base/ref.hpp"
#include "origin/base/time.hpp"
#include "origin/transport/deadlines.hpp"
#include "origin/transport/descriptor.hpp"

namespace origin::transport {

// What is told of events on a descriptor.
class EpollTarget {
 public:
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~EpollTarget() = default;
};

// What can ask to be run in the next turn of the loop.
class TurnTarget {
 public:
  virtual ~TurnTarget() = default;
  virtual void on_turn() = 0;

 private:
  friend class EventLoop;
  bool scheduled_ = false;
};

class EventLoop {
 public:
  explicit EventLoop(GMainContext* context);
  ~EventLoop();

  bool ok() const { return static_cast<bool>(epoll_); }
  bool add(int fd, uint32_t events, EpollTarget& target);
  void modify(int fd, uint32_t events, EpollTarget& target);
  void remove(int fd);

  // Calls target.on_turn() once in the next turn, after the events of the sockets. The target may be deleted
  // there.
  void schedule(TurnTarget& target);
  // No turn from here on, whoever is scheduled for one.
  void stop() { g_source_destroy(source_.get()); }
  // Lists that are expired each turn.
  void watch(DeadlineList& list) { deadlines_.push_back(&list); }

  // The time; within a turn, that of its beginning.
  MonotonicTime now() const { return in_turn_ ? now_ : Clock::system().monotonic(); }

 private:
  struct Source;
  static gboolean prepare(GSource* source, gint* timeout);
  static gboolean check(GSource* source);
  static gboolean dispatch(GSource* source, GSourceFunc, gpointer);
  bool due() const;
  void turn();

  Descriptor epoll_;
  Ref<GSource> source_;
  gpointer poll_tag_ = nullptr;
  std::vector<TurnTarget*> next_turn_;
  std::vector<TurnTarget*> this_turn_;
  std::vector<DeadlineList*> deadlines_;
  MonotonicTime now_{};
  bool in_turn_ = false;
};

}  // namespace origin::transport
