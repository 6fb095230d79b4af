// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/listen_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace origin::transport {

namespace {

constexpr int kBacklog = 4096;
constexpr int kPortAttempts = 16;  // for a free port that is free on 127.0.0.1 and on ::1

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

void set_port(sockaddr* address, uint16_t port) {
  if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  }
}

uint16_t port_of(int fd) {
  sockaddr_in6 address = {};  // sin_port and sin6_port are in the same place
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);
}

bool enable(int fd, int level, int option, int value = 1) {
  return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

Error system_error(const std::string& what, int number) {
  const ErrorCode code = number == EADDRINUSE ? ErrorCode::kExists : ErrorCode::kIo;
  return {code, what + ": " + std::strerror(number)};
}

bool is_any_ipv6(const addrinfo& info) {
  return info.ai_family == AF_INET6 &&
         IN6_IS_ADDR_UNSPECIFIED(&reinterpret_cast<const sockaddr_in6*>(info.ai_addr)->sin6_addr);
}

// The sockets of one address for all workers. The first binds alone, so that an address which somebody else
// has is an error even if that somebody would share it; then it lets the others join.
Result<std::vector<Descriptor>> bind_group(addrinfo& info, uint16_t port, unsigned workers,
                                           const std::string& name) {
  std::vector<Descriptor> sockets;
  for (unsigned i = 0; i < workers; ++i) {
    Descriptor fd(socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_error(name, errno);
    enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
    if (i > 0) enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
    if (info.ai_family == AF_INET6) enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_any_ipv6(info) ? 0 : 1);
    set_port(info.ai_addr, port);
    if (bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0) return system_error(name, errno);
    if (i == 0) {
      port = port_of(fd.get());
      enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
    }
    if (listen(fd.get(), kBacklog) != 0) return system_error(name, errno);
    enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);  // inherited by what is accepted
    sockets.push_back(std::move(fd));
  }
  return sockets;
}

Result<ListenSockets> bind_all(const std::vector<AddressList>& addresses, uint16_t port, unsigned workers,
                               const std::string& host) {
  ListenSockets result{port, {}};
  for (const AddressList& address : addresses) {
    const std::string name = host + " port " + std::to_string(result.port);
    Result<std::vector<Descriptor>> group = bind_group(*address, result.port, workers, name);
    if (!group) return group.error();
    result.port = port_of(group->front().get());
    result.groups.push_back(std::move(*group));
  }
  return result;
}

AddressList resolve(const std::string& host) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) list = nullptr;
  return {list, &freeaddrinfo};
}

bool has_ipv6_loopback() {
  const Descriptor fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  return fd && bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

Result<ListenSockets> open_listen_sockets(const std::string& host, uint16_t port, unsigned workers) {
  std::vector<AddressList> addresses;
  if (host == "localhost") {
    addresses.push_back(resolve("127.0.0.1"));
    if (has_ipv6_loopback()) addresses.push_back(resolve("::1"));
  } else {
    addresses.push_back(resolve(host));
    if (!addresses.back()) {
      return Error{
          ErrorCode::kInvalid,
          "'" + host + "' is not an IPv4 or IPv6 address (127.0.0.1, 0.0.0.0, ::1, ::) or localhost"};
    }
  }
  for (int attempt = 1;; ++attempt) {
    Result<ListenSockets> result = bind_all(addresses, port, workers, host);
    const bool again = port == 0 && !result && result.error().code == ErrorCode::kExists;
    if (!again || attempt == kPortAttempts) return result;
  }
}

}  // namespace origin::transport
