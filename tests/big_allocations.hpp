// SPDX-License-Identifier: LGPL-2.1-or-later
// Counts the large allocations of a test program, to see what is copied. Included once in a program; any
// thread.
#pragma once

#include <atomic>
#include <cstdlib>
#include <new>

// ThreadSanitizer brings an operator new of its own.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define OWN_ALLOCATOR 0
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR 1
#endif

#if OWN_ALLOCATOR
namespace tests {

inline std::atomic<size_t> big_allocation_size = SIZE_MAX;
inline std::atomic<int> big_allocations = 0;

// Those of at least `size` bytes that happen in `function`.
template <typename Function>
int count_allocations(size_t size, Function function) {
  big_allocations = 0;
  big_allocation_size = size;
  function();
  big_allocation_size = SIZE_MAX;
  return big_allocations;
}

inline void* allocate(size_t size) {
  if (size >= big_allocation_size) ++big_allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace tests

void* operator new(size_t size) {
  return tests::allocate(size);
}
void* operator new[](size_t size) {
  return tests::allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  std::free(memory);
}
#endif
