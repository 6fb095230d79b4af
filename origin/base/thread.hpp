// SPDX-License-Identifier: LGPL-2.1-or-later
// Threads of the library's own.
#pragma once

#include <functional>
#include <thread>

namespace origin {

// A thread that is called so (at most 15 bytes) and takes no signals, which are for the application's
// threads; those that a mistake of its own brings (SIGSEGV) and those that profilers send it takes.
std::thread start_thread(const char* name, std::function<void()> body);

}  // namespace origin
