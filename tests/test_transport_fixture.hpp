// SPDX-License-Identifier: LGPL-2.1-or-later
// A transport::Server with an Application and a libsoup handler made for the tests, on a free port of
// 127.0.0.1.
#pragma once

#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "origin/transport/connection.hpp"
#include "origin/transport/descriptor.hpp"
#include "origin/transport/server.hpp"
#include "origin/transport/worker.hpp"
#include "tests/check_main.hpp"
#include "tests/http_client.hpp"

namespace origin::tests {

constexpr size_t kBigSize = 64 << 20;
constexpr size_t kUploadLimit = 1 << 20;

// Counters that tests look at, and what is served.
struct TestState {
  std::atomic<int> held{0};      // requests waiting now
  std::atomic<int> gone{0};      // of those, told that their client left
  std::atomic<int> finished{0};  // libsoup's messages that ended
  std::atomic<int> started{0};
  Ref<GIOStream> kept;  // that of a WebSocket, for longer than the server is there
  const Bytes small = Bytes::take(std::string(1500, 's'));
  const Bytes big = Bytes::take(std::string(kBigSize, 'b'));
};

inline Body answer(int status, const std::vector<Bytes>& content, bool keep_alive = true) {
  Body body{Bytes::take("HTTP/1.1 " + std::to_string(status) +
                        " Test\r\nContent-Length: " + std::to_string(body_size(content)) +
                        (keep_alive ? "" : "\r\nConnection: close") + "\r\n\r\n")};
  body.insert(body.end(), content.begin(), content.end());
  return body;
}

// Serves /fast/… itself, and leaves the rest to libsoup.
class TestApplication final : public transport::Application {
 public:
  TestApplication(SoupServer* soup, TestState& state) : state_(state) {
    soup_server_add_handler(soup, nullptr, &TestApplication::handle, &state, nullptr);
    soup_server_add_early_handler(soup, nullptr, &TestApplication::handle_early, &state, nullptr);
    soup_server_add_websocket_handler(soup, "/soup/websocket", nullptr, nullptr, &TestApplication::websocket,
                                      &state, nullptr);
  }

  bool first_look(transport::Connection& connection, const transport::RequestHead& head) override {
    if (head.path == "/fast/small") {
      connection.respond(answer(200, {state_.small}), true);
    } else if (head.path == "/fast/big") {
      connection.respond(answer(200, {state_.big}), true);
    } else if (head.path == "/fast/close") {
      connection.respond(answer(200, {state_.small}, false), false);
    } else if (head.path == "/fast/refuse") {
      connection.respond(answer(413, {}), true);
    } else if (head.path == "/fast/later") {
      // Answered from the loop, not from here.
      connection.worker().post(
          [&connection, small = state_.small] { connection.respond(answer(200, {small}), true); });
    } else if (head.path == "/fast/hold") {
      hold(connection);
    } else {
      return false;
    }
    return true;
  }

  Body refusal(const transport::HeadError& error, std::string_view) override {
    return answer(error.status, {Bytes::take("refused: " + error.reason)}, false);
  }

 private:
  void hold(transport::Connection& connection) {
    ++state_.held;
    connection.on_gone([&state = state_] {
      --state.held;
      ++state.gone;
    });
  }

  static void reply(SoupServerMessage* message, guint status, const std::string& text) {
    soup_server_message_set_status(message, status, nullptr);
    soup_server_message_set_response(message, "text/plain", SOUP_MEMORY_COPY, text.data(), text.size());
  }

  // Before the body of a request: refuses what is too large.
  static void handle_early(SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer data) {
    auto& state = *static_cast<TestState*>(data);
    ++state.started;
    g_signal_connect_swapped(message, "finished", G_CALLBACK(+[](TestState* s) { ++s->finished; }), &state);
    SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
    if (static_cast<size_t>(soup_message_headers_get_content_length(headers)) > kUploadLimit) {
      transport::Connection::of(message)->respond(answer(413, {}, false), false);
    }
  }

  static void handle(SoupServer*, SoupServerMessage* message, const char* path, GHashTable*, gpointer data) {
    auto& state = *static_cast<TestState*>(data);
    const std::string_view name = path;
    SoupMessageBody* body = soup_server_message_get_response_body(message);
    if (name == "/soup/small" || name == "/soup/big") {
      soup_server_message_set_status(message, 200, nullptr);
      soup_message_body_append_bytes(body, (name == "/soup/big" ? state.big : state.small).get());
    } else if (name == "/soup/chunked") {
      soup_server_message_set_status(message, 200, nullptr);
      soup_message_headers_set_encoding(soup_server_message_get_response_headers(message),
                                        SOUP_ENCODING_CHUNKED);
      soup_message_body_append(body, SOUP_MEMORY_STATIC, "hello ", 6);
      soup_message_body_append(body, SOUP_MEMORY_STATIC, "world", 5);
      soup_message_body_complete(body);
    } else if (name == "/soup/hold") {
      ++state.held;
      soup_server_message_pause(message);
      transport::Connection::of(message)->on_gone([&state] {
        --state.held;
        ++state.gone;
      });
    } else if (name == "/soup/204") {
      soup_server_message_set_status(message, 204, nullptr);
    } else if (name == "/soup/500") {
      reply(message, 500, "sorry");
    } else {
      const auto length = soup_server_message_get_request_body(message)->length;
      reply(message, 200,
            std::string(soup_server_message_get_method(message)) + " " + path + " " + std::to_string(length) +
                " " + transport::Connection::of(message)->remote_address());
    }
  }

  static void websocket(SoupServer*, SoupServerMessage*, const char* path,
                        SoupWebsocketConnection* connection, gpointer data) {
    if (std::string_view(path) == "/soup/websocket/kept") {
      static_cast<TestState*>(data)->kept =
          Ref<GIOStream>::share(soup_websocket_connection_get_io_stream(connection));
    }
    g_object_ref(connection);
    g_signal_connect(connection, "message",
                     G_CALLBACK(+[](SoupWebsocketConnection* self, gint, GBytes* bytes) {
                       soup_websocket_connection_send_message(self, SOUP_WEBSOCKET_DATA_TEXT, bytes);
                     }),
                     nullptr);
    g_signal_connect(connection, "closed", G_CALLBACK(g_object_unref), nullptr);
  }

  TestState& state_;
};

struct TransportFixture {
  explicit TransportFixture(transport::Limits limits = {}, unsigned threads = 2,
                            const char* host = "127.0.0.1", std::function<uint64_t()> memory_shortages = {})
      : server({.threads = threads, .limits = limits, .memory_shortages = std::move(memory_shortages)},
               [this](transport::Worker&, SoupServer* soup) {
                 return std::make_unique<TestApplication>(soup, state);
               }) {
    const Result<uint16_t> listening = server.listen(host, 0);
    ck_assert_msg(listening.ok(), "%s", listening.ok() ? "" : listening.error().message.c_str());
    port = *listening;
  }

  HttpClient connect() const { return HttpClient(port); }

  TestState state;
  transport::Server server;
  uint16_t port = 0;
};

// A socket for what HttpClient would not do: to send nonsense, to close one way, to be cut off.
class RawClient {
 public:
  // `host`: of 127.0.0.0/8, the last number of the client's own address.
  explicit RawClient(uint16_t port, int receive_buffer = 0, unsigned host = 1)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer) setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    ck_assert_int_eq(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ck_assert_msg(connected == 0, "connect: %s", std::strerror(errno));
  }

  // Whether the server's side takes it.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void finish_sending() { shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

  // At most `size` bytes; fewer if the server closes. Fails the test if nothing happens for long.
  std::string read(size_t size = SIZE_MAX) {
    std::string text;
    std::vector<char> buffer(std::min<size_t>(size, 256 * 1024));
    while (text.size() < size) {
      pollfd poll_fd{fd_.get(), POLLIN, 0};
      ck_assert_msg(poll(&poll_fd, 1, 20'000) > 0, "neither bytes nor an end; so far: '%.200s'",
                    text.c_str());
      const ssize_t count = recv(fd_.get(), buffer.data(), std::min(buffer.size(), size - text.size()), 0);
      was_reset = count < 0;
      if (count <= 0) break;
      text.append(buffer.data(), static_cast<size_t>(count));
    }
    return text;
  }
  std::string read_head() {
    std::string text;
    while (!text.ends_with("\r\n\r\n")) {
      const std::string next = read(1);
      if (next.empty()) break;
      text += next;
    }
    return text;
  }

  bool was_reset = false;

 private:
  transport::Descriptor fd_;
};

// The handshake of a WebSocket; the server's answer is read.
inline void open_websocket(RawClient& client, const std::string& target) {
  client.send("GET " + target +
              " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  ck_assert(client.read_head().starts_with("HTTP/1.1 101 "));
}

// Waits for something that other threads bring about; fails the test if it does not come.
template <typename Condition>
void wait_for(Condition condition, const char* what) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    ck_assert_msg(std::chrono::steady_clock::now() < limit, "did not happen: %s", what);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Descriptors of this process.
inline size_t open_descriptors() {
  DIR* directory = opendir("/proc/self/fd");
  ck_assert_ptr_nonnull(directory);
  size_t count = 0;
  while (readdir(directory)) ++count;
  closedir(directory);
  return count;
}

inline const std::string kGet = "GET /fast/small HTTP/1.1\r\nHost: a\r\n\r\n";
inline const std::string kSoupGet = "GET /soup/small HTTP/1.1\r\nHost: a\r\n\r\n";

inline std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// A client that does what it should is served, both ways.
inline void expect_service(const TransportFixture& fixture) {
  HttpClient client = fixture.connect();
  ck_assert_int_eq(client.get("/fast/small").status, 200);
  ck_assert_int_eq(client.get("/soup/small").status, 200);
}

inline void expect_no_connections(const TransportFixture& fixture) {
  wait_for([&] { return fixture.server.stats().connections == 0; }, "all connections close");
}

// Of this process, once GLib has the few that it keeps for good.
inline size_t descriptors_at_rest() {
  {
    TransportFixture fixture;
    ck_assert_int_eq(fixture.connect().get("/soup/chunked").status, 200);
  }
  return open_descriptors();
}

}  // namespace origin::tests
