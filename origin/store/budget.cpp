// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/budget.hpp"

namespace origin::store {

namespace {

// Kept until the last reference to the counted GBytes goes.
struct Counted {
  Budget::Charge charge;
  Bytes bytes;
};

}  // namespace

std::optional<Bytes> Budget::admit(const Bytes& bytes) {
  uint64_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used + bytes.size() > limit_) return std::nullopt;
  } while (!used_.compare_exchange_weak(used, used + bytes.size(), std::memory_order_relaxed));
  note_peak(used + bytes.size());
  return wrap(bytes, Charge(shared_from_this(), bytes.size()));
}

Bytes Budget::count(const Bytes& bytes) {
  return wrap(bytes, charge(bytes.size()));
}

Budget::Charge Budget::charge(uint64_t bytes) {
  note_peak(used_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
  return Charge(shared_from_this(), bytes);
}

Bytes Budget::wrap(const Bytes& bytes, Charge charge) {
  auto* counted = new Counted{std::move(charge), bytes};
  return Bytes(Ref<GBytes>::adopt(g_bytes_new_with_free_func(
      bytes.data(), bytes.size(), [](gpointer data) { delete static_cast<Counted*>(data); }, counted)));
}

void Budget::note_peak(uint64_t used) {
  uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (peak < used && !peak_.compare_exchange_weak(peak, used, std::memory_order_relaxed)) {
  }
}

}  // namespace origin::store
