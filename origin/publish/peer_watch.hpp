// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether the other end of a connection of curl's has closed it. curl, once it has read an end while there is
// nothing to send, waits for more to send. One thread.
#pragma once

#include <vector>

namespace origin::publish {

class PeerWatch {
 public:
  PeerWatch() = default;
  // The connection ends when both curl and the watch have let go of it.
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  // A socket that may become the connection: of several addresses, curl takes the one that is there first.
  void add(int socket);
  // The one from this local port has become it. Lets go of the others.
  void settle(long local_port);

  // To be polled for something to read; -1 if there is no connection yet.
  int descriptor() const { return is_settled_ && !own_.empty() ? own_.front() : -1; }
  // Closed or broken, and nothing left to read. False if there is no connection yet.
  bool has_closed() const;

 private:
  std::vector<int> own_;  // descriptors beside curl's: it closes its own when it likes
  bool is_settled_ = false;
};

}  // namespace origin::publish
