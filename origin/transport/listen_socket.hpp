// SPDX-License-Identifier: LGPL-2.1-or-later
// Makes listening sockets. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "origin/base/result.hpp"
#include "origin/transport/descriptor.hpp"

namespace origin::transport {

struct ListenSockets {
  uint16_t port = 0;
  // One group for each address; in a group, one socket for each worker, among which the kernel shares out
  // (SO_REUSEPORT).
  std::vector<std::vector<Descriptor>> groups;
};

// Binds and listens; see Server::listen for host, port and errors.
Result<ListenSockets> open_listen_sockets(const std::string& host, uint16_t port, unsigned workers);

}  // namespace origin::transport
