// SPDX-License-Identifier: LGPL-2.1-or-later
// What a ClientConnection keeps while libsoup has its request. Worker's thread only.
#pragma once

#include <libsoup/soup.h>

#include "origin/transport/client_connection.hpp"

namespace origin::transport {

struct ClientConnection::SoupRequest {
  SoupRequest(SoupEndpoint& endpoint, std::shared_ptr<std::atomic<int>> alive)
      : stream(endpoint, std::move(alive)) {}

  SoupStream stream;
  Ref<GSocketAddress> remote;            // by which a message finds its connection
  SoupServerMessage* message = nullptr;  // libsoup's, until it has finished
  std::string input;                     // for libsoup to read
  size_t input_offset = 0;
  bool complete = false;     // libsoup wrote the whole response
  bool head_held = false;    // the head of the final response came
  bool wants_write = false;  // libsoup waits for the socket
  size_t turn_bytes = 0;     // written since on_turn
};

}  // namespace origin::transport
