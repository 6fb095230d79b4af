// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/peer_watch.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace origin::publish {

namespace {

// 0 if it is none of IPv4 or IPv6.
long local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace

PeerWatch::~PeerWatch() {
  for (const int socket : own_) close(socket);
}

void PeerWatch::add(int socket) {
  const int own = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own >= 0) own_.push_back(own);
}

void PeerWatch::settle(long port) {
  is_settled_ = true;
  std::erase_if(own_, [port](int socket) {
    const bool is_other = local_port(socket) != port;
    if (is_other) close(socket);
    return is_other;
  });
}

bool PeerWatch::has_closed() const {
  if (descriptor() < 0) return false;
  char byte = 0;
  const ssize_t read = recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return read == 0 || (read < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace origin::publish
