// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/connection.hpp"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "origin/base/clock.hpp"

namespace origin::bench {

namespace {

Error failure(const std::string& what, int error) {
  return {ErrorCode::kIo, what + ": " + std::strerror(error)};
}

// The kernel's time of the last bytes that were read.
UtcTime arrival(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec time{};
    std::memcpy(&time, CMSG_DATA(control), sizeof time);
    return UtcTime(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
  }
  return Clock::system().utc();
}

}  // namespace

bool Endpoint::is_loopback() const {
  if (address.ss_family != AF_INET) return false;
  sockaddr_in internet{};
  std::memcpy(&internet, &address, sizeof internet);
  return ntohl(internet.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

Result<Endpoint> look_up(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error) return Error{ErrorCode::kNotFound, "cannot look up " + host + ": " + gai_strerror(error)};
  Endpoint endpoint;
  std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
  endpoint.size = found->ai_addrlen;
  freeaddrinfo(found);
  return endpoint;
}

Status Connection::open(int epoll, void* tag, const Endpoint& server, const std::optional<in_addr>& source) {
  close();
  descriptor_ = socket(server.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return failure("no socket", errno);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(descriptor_, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (source) {
    // The port is chosen by connect(), so that it need only be free towards this server.
    setsockopt(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in local{};
    local.sin_family = AF_INET;
    local.sin_addr = *source;
    if (bind(descriptor_, reinterpret_cast<const sockaddr*>(&local), sizeof local) < 0) {
      const Error error = failure("cannot bind a source address", errno);
      close();
      return error;
    }
  }
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = tag}};
  const bool failed =
      epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor_, &event) < 0 ||
      (connect(descriptor_, reinterpret_cast<const sockaddr*>(&server.address), server.size) < 0 &&
       errno != EINPROGRESS);
  if (!failed) return {};
  const Error error = failure("cannot connect", errno);
  close();
  return error;
}

void Connection::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  unsent_.clear();
  send_error_ = 0;
}

void Connection::send(std::string_view bytes) {
  unsent_.append(bytes);
  flush();
}

void Connection::flush() {
  if (unsent_.empty()) return;
  const ssize_t sent = ::send(descriptor_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent > 0) {
    unsent_.erase(0, static_cast<size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    send_error_ = errno;
  }
}

Received Connection::receive(std::span<char> buffer) {
  iovec vector{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(descriptor_, &message, 0);
  if (size > 0) {
    return {Received::What::kBytes, {buffer.data(), static_cast<size_t>(size)}, arrival(message), 0};
  }
  // The kernel tells an error once, and may have told it to send().
  if (size == 0 && send_error_) return {Received::What::kFailed, {}, Clock::system().utc(), send_error_};
  if (size == 0) return {Received::What::kClosed, {}, Clock::system().utc(), 0};
  if (errno == EAGAIN || errno == EINTR || errno == ENOTCONN) return {};
  return {Received::What::kFailed, {}, Clock::system().utc(), errno};
}

}  // namespace origin::bench
