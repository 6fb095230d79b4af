// SPDX-License-Identifier: LGPL-2.1-or-later
// A thread with a GMainContext, one edge-triggered epoll source and a SoupServer.
#pragma once

#include <glib.h>

#include <functional>

namespace origin::transport {

class Worker {
 public:
  virtual ~Worker() = default;
  // The context that everything on this worker runs in. Any thread.
  virtual GMainContext* context() = 0;
  // Runs `function` on the worker's thread soon. Any thread; never blocks. Dropped if the worker has stopped.
  virtual void post(std::function<void()> function) = 0;
};

}  // namespace origin::transport
