// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/populate.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace origin {

namespace {

// From here on malloc asks the kernel for memory that nobody has touched (M_MMAP_THRESHOLD's default).
constexpr size_t kWorthwhile = 128 * 1024;

}  // namespace

void populate([[maybe_unused]] void* memory, [[maybe_unused]] size_t size) {
#ifdef MADV_POPULATE_WRITE
  if (size < kWorthwhile) return;
  static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t first = (begin + page - 1) / page * page;
  const uintptr_t last = (begin + size) / page * page;
  // Before Linux 5.14 it is refused, and the pages come as they are touched.
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_POPULATE_WRITE);
#endif
}

}  // namespace origin
