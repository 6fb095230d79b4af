// SPDX-License-Identifier: LGPL-2.1-or-later
// A TCP connection that does not block, watched by an epoll, with the kernel's time of what arrives. One
// thread.
#pragma once

#include <netinet/in.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/base/time.hpp"

namespace origin::bench {

struct Endpoint {
  sockaddr_storage address{};
  socklen_t size = 0;

  bool is_loopback() const;  // in 127.0.0.0/8
};

// The first address of a host. Blocks.
Result<Endpoint> look_up(const std::string& host, const std::string& port);

struct Received {
  enum class What { kBytes, kNothingYet, kClosed, kFailed };
  What what = What::kNothingYet;
  std::string_view bytes;
  UtcTime arrived;  // in the kernel, where it says so; else now
  int error = 0;    // errno, where it failed
};

class Connection {
 public:
  Connection() = default;
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to connect. `source` is the address to come from, if it matters; `tag` is what epoll gives back.
  Status open(int epoll, void* tag, const Endpoint& server, const std::optional<in_addr>& source);
  void close();
  bool is_open() const { return descriptor_ >= 0; }

  // Sends what it can now and the rest once it can. REQUIRES: is_open().
  void send(std::string_view bytes);
  // On EPOLLOUT.
  void flush();
  // On EPOLLIN, until there is nothing yet. `buffer` is where the bytes are until the next call.
  Received receive(std::span<char> buffer);

 private:
  int descriptor_ = -1;
  std::string unsent_;
  int send_error_ = 0;
};

}  // namespace origin::bench
