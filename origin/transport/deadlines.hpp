// SPDX-License-Identifier: LGPL-2.1-or-later
// Deadlines of many things without a timer for each: as all in one list wait equally long, the list is in
// order by itself, and setting, moving and clearing are O(1). Worker's thread only; size(): any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "origin/base/time.hpp"

namespace origin::transport {

class DeadlineList;

// Base of what has a deadline; in at most one list at a time.
class HasDeadline {
 public:
  HasDeadline() = default;
  virtual ~HasDeadline() { clear_deadline(); }
  HasDeadline(const HasDeadline&) = delete;
  HasDeadline& operator=(const HasDeadline&) = delete;

  // The list has let go of it.
  virtual void on_deadline() = 0;

  void clear_deadline();

 private:
  friend class DeadlineList;
  HasDeadline* previous_ = this;
  HasDeadline* next_ = this;
  DeadlineList* list_ = nullptr;
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
    item.list_ = this;
    count(1);
  }
  uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  // When the first is due.
  std::optional<MonotonicTime> first() const {
    if (end_.next_ == &end_) return std::nullopt;
    return end_.next_->due_;
  }
  // Of the `most` that have waited longest, and for `least` at the least, the first that `fits`; null if
  // none.
  template <typename Fits>
  HasDeadline* find(MonotonicTime now, Duration least, size_t most, Fits fits) {
    HasDeadline* item = end_.next_;
    for (; item != &end_ && most > 0 && now - (item->due_ - wait_) >= least; item = item->next_, --most) {
      if (fits(*item)) return item;
    }
    return nullptr;
  }
  // Those that have waited longest first.
  template <typename Visit>
  void for_each(Visit visit) {
    for (HasDeadline* item = end_.next_; item != &end_; item = item->next_) visit(*item);
  }
  // Tells all that are due.
  void expire(MonotonicTime now) {
    while (end_.next_ != &end_ && end_.next_->due_ <= now) {
      HasDeadline* item = end_.next_;
      item->clear_deadline();
      item->on_deadline();
    }
  }

 private:
  friend class HasDeadline;
  struct End final : HasDeadline {
    void on_deadline() override {}
  };
  // One writer.
  void count(int32_t change) {
    size_.store(size() + static_cast<uint32_t>(change), std::memory_order_relaxed);
  }

  const Duration wait_;
  std::atomic<uint32_t> size_{0};
  End end_;
};

inline void HasDeadline::clear_deadline() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  previous_ = next_ = this;
  if (DeadlineList* list = std::exchange(list_, nullptr)) list->count(-1);
}

}  // namespace origin::transport
