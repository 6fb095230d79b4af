// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/budget.hpp"

namespace origin::store {

namespace {

// Keeps the memory and its budget until the last reference to the counted GBytes goes.
struct Counted {
  std::shared_ptr<Budget> budget;
  Bytes bytes;
};

}  // namespace

std::optional<Bytes> Budget::admit(const Bytes& bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used + bytes.size() > limit_) return std::nullopt;
  } while (!used_.compare_exchange_weak(used, used + bytes.size(), std::memory_order_relaxed));
  note_peak(used + bytes.size());
  return wrap(bytes);
}

Bytes Budget::count(const Bytes& bytes) {
  note_peak(used_.fetch_add(bytes.size(), std::memory_order_relaxed) + bytes.size());
  return wrap(bytes);
}

Bytes Budget::wrap(const Bytes& bytes) {
  auto* counted = new Counted{shared_from_this(), bytes};
  return Bytes(Ref<GBytes>::adopt(g_bytes_new_with_free_func(
      bytes.data(), bytes.size(),
      [](gpointer data) {
        const std::unique_ptr<Counted> owned(static_cast<Counted*>(data));
        owned->budget->used_.fetch_sub(owned->bytes.size(), std::memory_order_relaxed);
      },
      counted)));
}

void Budget::note_peak(uint64_t used) {
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < used && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

}  // namespace origin::store
