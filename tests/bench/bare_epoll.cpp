// SPDX-License-Identifier: LGPL-2.1-or-later
// The least that a server can do for waiting clients: one epoll, sockets on which a request has come, and at
// every tick of another thread the same bytes to all of them. What publish_path.py compares the origin with.
//   bare_epoll BYTES INTERVAL_MS
// prints where it listens and then, for each tick, "part 0 NUMBER NANOSECONDS" (UTC, before anybody is told).
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>

namespace {

struct Peer {
  std::string request;
  bool waits = false;
  size_t unsent = 0;  // of the response, from its end
};

class Server {
 public:
  explicit Server(size_t bytes);

  int tick_descriptor() const { return tick_; }
  void print_address() const;
  [[noreturn]] void run();

 private:
  void watch(int descriptor, uint32_t events);
  void accept_all();
  void read_request(int descriptor);
  void send_to_all();
  void send_rest(int descriptor, Peer& peer);

  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int tick_ = eventfd(0, EFD_NONBLOCK);
  const int epoll_ = epoll_create1(0);
  std::string response_;
  std::unordered_map<int, Peer> peers_;
};

Server::Server(size_t bytes)
    : response_("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
                std::string(bytes, 'x')) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ||
      listen(listener_, 4096) < 0) {
    std::perror("bare_epoll: cannot listen");
    std::exit(EXIT_FAILURE);
  }
  watch(listener_, EPOLLIN);
  watch(tick_, EPOLLIN);
}

void Server::print_address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("listening http://127.0.0.1:%d/\n", ntohs(address.sin_port));
  std::fflush(stdout);
}

void Server::watch(int descriptor, uint32_t events) {
  epoll_event event{events, {.fd = descriptor}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

void Server::run() {
  for (;;) {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.fd == tick_) {
        send_to_all();
      } else if (event.data.fd == listener_) {
        accept_all();
      } else {
        if (event.events & EPOLLOUT) send_rest(event.data.fd, peers_[event.data.fd]);
        if (event.events & ~uint32_t{EPOLLOUT}) read_request(event.data.fd);
      }
    }
  }
}

void Server::accept_all() {
  for (;;) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peers_[descriptor] = {};
    watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLET);
  }
}

void Server::read_request(int descriptor) {
  Peer& peer = peers_[descriptor];
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EAGAIN) break;
    if (size <= 0) {
      close(descriptor);
      peers_.erase(descriptor);
      return;
    }
    peer.request.append(buffer.data(), static_cast<size_t>(size));
  }
  if (!peer.request.ends_with("\r\n\r\n")) return;
  peer.request.clear();
  peer.waits = true;
}

void Server::send_to_all() {
  uint64_t ticks = 0;
  if (read(tick_, &ticks, sizeof ticks) < 0) return;
  for (auto& [descriptor, peer] : peers_) {
    if (!peer.waits) continue;
    peer.waits = false;
    peer.unsent = response_.size();
    send_rest(descriptor, peer);
  }
}

void Server::send_rest(int descriptor, Peer& peer) {
  while (peer.unsent > 0) {
    const std::string_view rest = std::string_view(response_).substr(response_.size() - peer.unsent);
    const ssize_t sent = send(descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    peer.unsent -= static_cast<size_t>(sent);
  }
}

void tick(int descriptor, std::chrono::milliseconds interval) {
  auto due = std::chrono::steady_clock::now();
  for (uint64_t number = 0;; ++number) {
    std::this_thread::sleep_until(due += interval);
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const uint64_t one = 1;
    if (write(descriptor, &one, sizeof one) < 0) std::exit(EXIT_FAILURE);
    std::printf("part 0 %llu %lld\n", static_cast<unsigned long long>(number),
                static_cast<long long>(now.count()));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int bytes = argc == 3 ? std::atoi(argv[1]) : 0;
  const int interval = argc == 3 ? std::atoi(argv[2]) : 0;
  if (bytes < 1 || interval < 1) {
    std::fprintf(stderr, "usage: bare_epoll BYTES INTERVAL_MS, both at least 1\n");
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Server server(static_cast<size_t>(bytes));
  server.print_address();
  std::thread(tick, server.tick_descriptor(), std::chrono::milliseconds(interval)).detach();
  server.run();
}
