// SPDX-License-Identifier: LGPL-2.1-or-later
// A listening socket of a worker: accepts in small batches, so that it never starves those who are already
// connected, and outlives a process that runs out of descriptors. Worker's thread only.
#pragma once

#include "origin/transport/event_loop.hpp"
#include "origin/transport/peer_address.hpp"

namespace origin::transport {

class WorkerThread;

class Listener final : public EpollTarget, public HasDeadline {
 public:
  Listener(WorkerThread& worker, Descriptor socket);

  void on_events(uint32_t events) override;
  void on_deadline() override;

 private:
  bool accept_again(int error);
  bool accept_with_spare();
  void pause();

  WorkerThread& worker_;
  Descriptor socket_;
  Descriptor spare_;  // given up to accept a client when there is no descriptor left
};

}  // namespace origin::transport
