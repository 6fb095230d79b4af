// SPDX-License-Identifier: LGPL-2.1-or-later
// The least that an HTTP server can do, without any HTTP: one thread, one edge-triggered epoll, and for each
// request one recv, whose bytes nobody looks at, and one sendmsg of what is ready. What http_servers.py
// compares the others with.
//   http_bare HEAD_BYTES FILE...
// answers with 200, a head of so many bytes and one of the files: the port says which, and whether the
// connection is closed. Prints "listening FILE keep-alive|close http://127.0.0.1:PORT" for each, and runs
// until it is killed.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <list>
#include <string>
#include <vector>

namespace {

constexpr size_t kLeastHeadBytes = 160;  // for what is in each head

struct Answer {
  std::string head;
  std::string body;
  bool closes = false;

  size_t size() const { return head.size() + body.size(); }
};

Answer make_answer(const char* path, bool closes, size_t head_bytes) {
  std::ifstream stream(path, std::ios::binary);
  Answer answer{.head = "", .body{std::istreambuf_iterator<char>(stream), {}}, .closes = closes};
  if (answer.body.empty()) {
    std::fprintf(stderr, "http_bare: nothing to serve in %s\n", path);
    std::exit(EXIT_FAILURE);
  }
  answer.head = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(answer.body.size()) +
                "\r\nConnection: " + (closes ? "close" : "keep-alive") + "\r\nPadding: ";
  answer.head.append(head_bytes - answer.head.size() - 4, 'x').append("\r\n\r\n");
  return answer;
}

struct Socket {
  const Answer* answer = nullptr;
  bool listens = false;
  size_t unsent = 0;  // of the answer, from its end
};

class Server {
 public:
  // Listens on a free port, which is returned. The answer outlives the server.
  uint16_t serve(const Answer& answer);
  [[noreturn]] void run();

 private:
  void add(int descriptor, const Socket& socket, uint32_t events);
  void accept_all(int listener);
  void read_request(int descriptor);
  void send_rest(int descriptor);

  const int epoll_ = epoll_create1(0);
  std::vector<Socket> sockets_;  // by descriptor
};

uint16_t Server::serve(const Answer& answer) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) < 0 || listen(listener, 4096) < 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) < 0) {
    std::perror("http_bare: cannot listen");
    std::exit(EXIT_FAILURE);
  }
  add(listener, {.answer = &answer, .listens = true}, EPOLLIN);
  return ntohs(address.sin_port);
}

void Server::add(int descriptor, const Socket& socket, uint32_t events) {
  const auto index = static_cast<size_t>(descriptor);
  if (index >= sockets_.size()) sockets_.resize(2 * index);
  sockets_[index] = socket;
  epoll_event event{events, {.fd = descriptor}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
}

void Server::run() {
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      const Socket& socket = sockets_[static_cast<size_t>(event.data.fd)];
      if (socket.listens) {
        accept_all(event.data.fd);
      } else if (socket.unsent > 0) {
        send_rest(event.data.fd);
      } else if (event.events & ~uint32_t{EPOLLOUT}) {
        read_request(event.data.fd);
      }
    }
  }
}

void Server::accept_all(int listener) {
  for (;;) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    add(descriptor, {.answer = sockets_[static_cast<size_t>(listener)].answer},
        EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  }
}

// Requests of the benchmark come whole, and the next one only after the answer.
void Server::read_request(int descriptor) {
  std::array<char, 4096> buffer;
  const ssize_t size = recv(descriptor, buffer.data(), buffer.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    close(descriptor);
    return;
  }
  Socket& socket = sockets_[static_cast<size_t>(descriptor)];
  socket.unsent = socket.answer->size();
  send_rest(descriptor);
}

void Server::send_rest(int descriptor) {
  Socket& socket = sockets_[static_cast<size_t>(descriptor)];
  const Answer& answer = *socket.answer;
  const size_t sent = answer.size() - socket.unsent;
  std::array<iovec, 2> pieces;
  size_t count = 0;
  if (sent < answer.head.size()) {
    pieces[count++] = {const_cast<char*>(answer.head.data()) + sent, answer.head.size() - sent};
  }
  const size_t body_sent = sent - std::min(sent, answer.head.size());
  pieces[count++] = {const_cast<char*>(answer.body.data()) + body_sent, answer.body.size() - body_sent};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  const ssize_t size = sendmsg(descriptor, &message, MSG_NOSIGNAL);
  if (size < 0 && errno == EAGAIN) return;
  if (size > 0) socket.unsent -= static_cast<size_t>(size);
  if (size < 0 || (socket.unsent == 0 && answer.closes)) {
    socket.unsent = 0;
    close(descriptor);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const size_t head_bytes = argc > 2 ? static_cast<size_t>(std::atoi(argv[1])) : 0;
  if (head_bytes < kLeastHeadBytes || head_bytes > 65'536) {
    std::fprintf(stderr, "usage: http_bare HEAD_BYTES FILE...: %zu to 65536 bytes\n", kLeastHeadBytes);
    return 2;
  }
  std::list<Answer> answers;
  Server server;
  for (int i = 2; i < argc; ++i) {
    for (const bool closes : {false, true}) {
      const uint16_t port = server.serve(answers.emplace_back(make_answer(argv[i], closes, head_bytes)));
      std::printf("listening %s %s http://127.0.0.1:%u\n", argv[i], closes ? "close" : "keep-alive",
                  unsigned{port});
    }
  }
  std::fflush(stdout);
  server.run();
}
