// SPDX-License-Identifier: LGPL-2.1-or-later
// The GIOStream that libsoup talks to, for one request, as a view of a SoupEndpoint (the connection).
// Worker's thread only; but libsoup ends a chunked body in a thread of GLib's pool, and what it writes there
// is kept for the worker.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <string>

#include "origin/base/ref.hpp"

namespace origin::transport {

// The other end of the stream. Never blocks.
class SoupEndpoint {
 public:
  static constexpr ssize_t kWouldBlock = -1;
  static constexpr ssize_t kBroken = -2;

  // Bytes of the request; 0 at its premature end.
  virtual ssize_t soup_read(void* buffer, size_t size) = 0;
  virtual bool soup_readable() const = 0;
  virtual ssize_t soup_write(const void* data, size_t size) = 0;
  virtual bool soup_writable() const = 0;
  // Nothing follows soon. Returns whether the connection is still good.
  virtual bool soup_flush() = 0;
  // libsoup let go of the stream.
  virtual void soup_closed() = 0;

 protected:
  ~SoupEndpoint() = default;
};

class SoupStream {
 public:
  // `alive` counts the streams that libsoup has not let go of.
  SoupStream(SoupEndpoint& endpoint, std::shared_ptr<std::atomic<int>> alive);
  // Cuts libsoup off, if it still has the stream: all it does with it fails from now on.
  ~SoupStream();

  GIOStream* get() const { return stream_.get(); }
  // What was written in another thread since the last call.
  std::string take_late();

  struct State;  // shared with the GObjects; private to soup_stream.cpp

 private:
  std::shared_ptr<State> state_;
  Ref<GIOStream> stream_;
};

}  // namespace origin::transport
