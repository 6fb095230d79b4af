// SPDX-License-Identifier: LGPL-2.1-or-later
// Stand-ins for functions of libraries without instrumentation, which tell ThreadSanitizer what the real
// ones, which they call, guarantee. Linked into a test program, they stand before the library's own for
// everything that it loads.
#pragma once

#include <dlfcn.h>

extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}

template <typename Function>
Function real_function(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) static const auto next = real_function(&name, #name)

// What drops a reference happens before what is done by whoever drops the last.
#define UNREF(name, Type)   \
  void name(Type object) {  \
    REAL(name);             \
    __tsan_release(object); \
    __tsan_acquire(object); \
    next(object);           \
  }
