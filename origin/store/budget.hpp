// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts every byte of memory until it is really freed: a body that left the store but is still being sent
// counts. Any thread; lock free. Outlives the store: the last counted Bytes keeps it alive.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "origin/base/bytes.hpp"

namespace origin::store {

class Budget : public std::enable_shared_from_this<Budget> {
 public:
  explicit Budget(uint64_t limit) : limit_(limit) {}

  // So many bytes, counted until it goes.
  class Charge {
   public:
    Charge(std::shared_ptr<Budget> budget, uint64_t bytes) : budget_(std::move(budget)), bytes_(bytes) {}
    Charge(Charge&&) = default;
    Charge(const Charge&) = delete;
    Charge& operator=(const Charge&) = delete;
    ~Charge() {
      if (budget_) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
    }

   private:
    std::shared_ptr<Budget> budget_;
    const uint64_t bytes_;
  };

  // The same memory, counted from now until its last reference goes; nullopt if that would pass the limit.
  std::optional<Bytes> admit(const Bytes& bytes);
  // Counted whatever the limit says: for what must exist (playlists, status documents).
  Bytes count(const Bytes& bytes);
  // Likewise, for memory of another kind.
  Charge charge(uint64_t bytes);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  static Bytes wrap(const Bytes& bytes, Charge charge);
  void note_peak(uint64_t used);

  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> peak_{0};
};

}  // namespace origin::store
