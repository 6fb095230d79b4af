// SPDX-License-Identifier: LGPL-2.1-or-later
// A server on a bare socket that does to each connection what a test says, however wrong. Each connection has
// a thread; waits end with the connection, or with the server.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/check_main.hpp"

namespace tests {

// Bound to a free port of 127.0.0.1, or that one. Does not listen.
inline int bind_loopback(uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ck_assert_int_eq(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

class RawConnection {
 public:
  explicit RawConnection(int fd) : fd_(fd) {}
  int fd() const { return fd_; }

  void send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<size_t>(sent));
    }
  }
  void answer(const std::string& status, const std::string& body = "", const std::string& fields = "") const {
    send("HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body);
  }
  // The head of a request, up to its empty line; what came of it if the connection ends before.
  std::string read_head() { return read_until("\r\n\r\n"); }
  // The next chunk of a body (RFC 9112 7.1), empty at its end; nullopt if the connection ends before.
  std::optional<std::string> read_chunk() {
    const std::string line = read_until("\r\n");
    if (!line.ends_with("\r\n")) return std::nullopt;
    const size_t size = std::stoul(line, nullptr, 16);
    while (buffer_.size() < size + 2) {
      if (!receive()) return std::nullopt;
    }
    std::string chunk = take(size);
    ck_assert(take(2) == "\r\n");
    return chunk;
  }
  // Everything to the end of the body or connection.
  std::string read_body() {
    std::string body;
    while (const auto chunk = read_chunk()) {
      if (chunk->empty()) break;
      body += *chunk;
    }
    return body;
  }
  // The next `most` bytes, or those that come before the connection ends.
  std::string read_some(size_t most) {
    while (buffer_.size() < most && receive()) {
    }
    return take(std::min(most, buffer_.size()));
  }
  void wait_for_end() {
    while (receive()) buffer_.clear();
  }

 private:
  bool receive() {
    char bytes[65536];
    const ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) buffer_.append(bytes, static_cast<size_t>(got));
    return got > 0;
  }
  std::string take(size_t size) {
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  std::string read_until(std::string_view mark) {
    size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!receive()) return take(buffer_.size());
    }
    return take(at + mark.size());
  }

  const int fd_;
  std::string buffer_;
};

class RawServer {
 public:
  // What is done to a connection, by how many came before it; it is closed when that returns.
  using Script = std::function<void(RawConnection& connection, int number)>;

  explicit RawServer(Script script, uint16_t wanted_port = 0, int receive_buffer = 0)
      : script_(std::move(script)), port_(wanted_port), listener_(bind_loopback(port_)) {
    if (receive_buffer) setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    ck_assert_int_eq(listen(listener_, 16), 0);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RawServer() {
    stopping_ = true;
    {
      const std::lock_guard lock(mutex_);
      for (const Served& served : served_) shutdown(served.fd, SHUT_RDWR);
    }
    acceptor_.join();
    for (Served& served : served_) {
      served.thread.join();
      close(served.fd);
    }
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  uint16_t port() const { return port_; }
  std::string uri() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  struct Served {
    int fd;
    std::thread thread;
  };

  void accept_all() {
    while (!stopping_) {
      pollfd ready{listener_, POLLIN, 0};
      if (poll(&ready, 1, 20) <= 0) continue;
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::lock_guard lock(mutex_);
      if (stopping_) shutdown(fd, SHUT_RDWR);
      const int number = connections_++;
      served_.push_back({fd, std::thread([this, fd, number] {
                           RawConnection connection(fd);
                           script_(connection, number);
                           shutdown(fd, SHUT_RDWR);
                         })});
    }
  }

  const Script script_;
  uint16_t port_;
  const int listener_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::list<Served> served_;
  std::thread acceptor_;
};

}  // namespace tests
