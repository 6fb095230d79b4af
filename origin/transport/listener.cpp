// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/listener.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "origin/base/log.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

namespace {

constexpr int kBatch = 16;

Descriptor open_spare() {
  return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

// Level-triggered: what a batch leaves in the backlog is told again in the next turn.
Listener::Listener(WorkerThread& worker, Descriptor socket)
    : worker_(worker), socket_(std::move(socket)), spare_(open_spare()) {
  if (!worker_.loop().add(socket_.get(), EPOLLIN, *this)) {
    log_warning("cannot watch a listening socket: %s", std::strerror(errno));
  }
}

void Listener::on_events(uint32_t) {
  for (int i = 0; i < kBatch; ++i) {
    PeerAddress peer;
    socklen_t size = PeerAddress::kStorageSize;
    Descriptor client(accept4(socket_.get(), peer.storage(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      worker_.admit(std::move(client), peer);
    } else if (!accept_again(errno)) {
      return;
    }
  }
}

// Whether to go on after a failed accept.
bool Listener::accept_again(int error) {
  switch (error) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      if (spare_ && accept_with_spare()) return true;
      if (!spare_) worker_.free_descriptor();
      pause();
      return false;
    case ENOBUFS:
    case ENOMEM:
      pause();
      return false;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
      log_warning("a listening socket is given up: %s", std::strerror(error));
      worker_.loop().remove(socket_.get());
      return false;
    default:
      return true;  // accept(2): errors of the client that was to be accepted
  }
}

// The first of the backlog is taken in if another connection gives way for it, and turned away otherwise;
// then the others wait until descriptors come back. Returns whether to go on with them. The spare is lost
// where another thread was faster: with what the connection left, or because the one that is to give way is
// another worker's, which has yet to close it.
bool Listener::accept_with_spare() {
  spare_.reset();
  PeerAddress peer;
  socklen_t size = PeerAddress::kStorageSize;
  Descriptor client(accept4(socket_.get(), peer.storage(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  const bool taken = client && worker_.admit(std::move(client), peer, false);
  spare_ = open_spare();
  return taken && spare_;
}

void Listener::pause() {
  worker_.loop().modify(socket_.get(), 0, *this);
  worker_.accept_deadlines.set(*this, worker_.loop().now());
}

void Listener::on_deadline() {
  if (!spare_) spare_ = open_spare();
  worker_.loop().modify(socket_.get(), EPOLLIN, *this);
}

}  // namespace origin::transport
