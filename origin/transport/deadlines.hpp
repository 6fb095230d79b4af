// SPDX-License-Identifier: LGPL-2.1-or-later
// Deadlines of many things without a timer for each: as all in one list wait equally long, the list is in
// order by itself, and setting, moving and clearing are O(1). Worker's thread only.
#pragma once

#include <optional>

#include "origin/base/time.hpp"

namespace origin::transport {

// Base of what has a deadline; in at most one list at a time.
class HasDeadline {
 public:
  HasDeadline() = default;
  virtual ~HasDeadline() { clear_deadline(); }
  HasDeadline(const HasDeadline&) = delete;
  HasDeadline& operator=(const HasDeadline&) = delete;

  // The list has let go of it.
  virtual void on_deadline() = 0;

  void clear_deadline() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  friend class DeadlineList;
  HasDeadline* previous_ = this;
  HasDeadline* next_ = this;
  MonotonicTime due_{};
};

class DeadlineList {
 public:
  explicit DeadlineList(Duration wait) : wait_(wait) {}

  // Due `wait` from now, again if it was already.
  void set(HasDeadline& item, MonotonicTime now) {
    item.clear_deadline();
    item.due_ = now + wait_;
    item.previous_ = end_.previous_;
    item.next_ = &end_;
    end_.previous_->next_ = &item;
    end_.previous_ = &item;
  }
  // When the first is due.
  std::optional<MonotonicTime> first() const {
    if (end_.next_ == &end_) return std::nullopt;
    return end_.next_->due_;
  }
  // Tells the first before its time; false if there is none.
  bool expire_first() {
    if (end_.next_ == &end_) return false;
    HasDeadline* item = end_.next_;
    item->clear_deadline();
    item->on_deadline();
    return true;
  }
  // Tells all that are due.
  void expire(MonotonicTime now) {
    while (end_.next_ != &end_ && end_.next_->due_ <= now) expire_first();
  }

 private:
  struct End final : HasDeadline {
    void on_deadline() override {}
  };
  const Duration wait_;
  End end_;
};

}  // namespace origin::transport
