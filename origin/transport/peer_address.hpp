// SPDX-License-Identifier: LGPL-2.1-or-later
// The address of the other end of a connection, in 28 bytes. A value; any thread.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

#include "origin/base/ref.hpp"

namespace origin::transport {

class PeerAddress {
 public:
  sockaddr* storage() { return &address_.any; }
  static constexpr socklen_t kStorageSize = sizeof(sockaddr_in6);

  // "127.0.0.1" or "2001:db8::1"; an IPv4 client of an IPv6 socket counts as IPv4.
  std::string text() const;
  // What a cap per address counts: an IPv4 address, or an IPv6 /64, since a client has all of that.
  std::array<uint8_t, 8> group() const;
  Ref<GSocketAddress> to_gio() const;

 private:
  bool is_mapped_ipv4() const;

  union {
    sockaddr any;
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
  } address_ = {};
};

}  // namespace origin::transport
