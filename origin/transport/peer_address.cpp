// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/peer_address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace origin::transport {

bool PeerAddress::is_mapped_ipv4() const {
  return address_.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address_.ipv6.sin6_addr);
}

std::string PeerAddress::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_mapped_ipv4()) {
    inet_ntop(AF_INET, address_.ipv6.sin6_addr.s6_addr + 12, text, sizeof(text));
  } else if (address_.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address_.ipv6.sin6_addr, text, sizeof(text));
  } else {
    inet_ntop(AF_INET, &address_.ipv4.sin_addr, text, sizeof(text));
  }
  return text;
}

std::array<uint8_t, 8> PeerAddress::group() const {
  std::array<uint8_t, 8> group{};
  if (is_mapped_ipv4()) {
    std::memcpy(group.data() + 4, address_.ipv6.sin6_addr.s6_addr + 12, 4);
  } else if (address_.any.sa_family == AF_INET6) {
    std::memcpy(group.data(), &address_.ipv6.sin6_addr, 8);
  } else {
    std::memcpy(group.data() + 4, &address_.ipv4.sin_addr, 4);
  }
  return group;
}

Ref<GSocketAddress> PeerAddress::to_gio() const {
  const size_t size = address_.any.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return Ref<GSocketAddress>::adopt(
      g_socket_address_new_from_native(const_cast<sockaddr*>(&address_.any), size));
}

}  // namespace origin::transport
