// SPDX-License-Identifier: LGPL-2.1-or-later
// Too many clients, and too little to take them in with: who comes in, who makes room, who is turned away.
#include <sys/resource.h>

#include "tests/test_transport_fixture.hpp"

using namespace origin;
using namespace origin::tests;
using transport::Limits;

namespace {

void set_descriptor_limit(rlim_t count) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min(count, limit.rlim_max);
  ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

// Sockets of this process that listen on a port.
std::vector<int> listening_sockets(uint16_t port) {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    int listening = 0;
    socklen_t size = sizeof(listening);
    sockaddr_in address = {};
    socklen_t address_size = sizeof(address);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_size) == 0 &&
        ntohs(address.sin_port) == port) {
      found.push_back(fd);
    }
  }
  return found;
}

Duration cpu_time() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

START_TEST(test_a_thousand_connections_are_served_and_come_back) {
  const size_t before = descriptors_at_rest();
  {
    TransportFixture fixture;
    std::vector<RawClient> clients;
    for (int i = 0; i < 1000; ++i) clients.emplace_back(fixture.port);
    for (const std::string& request : {kGet, kSoupGet, kGet}) {
      for (RawClient& client : clients) ck_assert(client.send(request));
      for (RawClient& client : clients) {
        ck_assert(client.read_head().starts_with("HTTP/1.1 200 "));
        ck_assert_uint_eq(client.read(1500).size(), 1500);
      }
    }
    ck_assert_uint_eq(fixture.server.stats().connections, 1000);
    clients.clear();
    expect_no_connections(fixture);
    expect_service(fixture);
  }
  ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

START_TEST(test_running_out_of_descriptors_is_survived) {
  TransportFixture fixture;
  RawClient early(fixture.port, 4096);
  early.send(get("/fast/big"));
  early.read_head();
  // The clients have their descriptors before the limit falls; the server gets none for its side.
  std::vector<transport::Descriptor> sockets;
  for (int i = 0; i < 50; ++i) sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  set_descriptor_limit(static_cast<rlim_t>(sockets.back().get()) + 1);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(fixture.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const auto& fd : sockets) {
    ck_assert_int_eq(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    send(fd.get(), kGet.data(), kGet.size(), MSG_NOSIGNAL);
  }
  wait_for([&] { return fixture.server.stats().refused > 0; }, "a client is turned away");
  // Who is being answered is served on.
  ck_assert_uint_eq(early.read(1 << 20).size(), 1 << 20);
  set_descriptor_limit(limit.rlim_cur);
  // Who waited in the backlog is served as soon as there are descriptors again.
  size_t served = 0;
  for (const auto& fd : sockets) {
    pollfd poll_fd{fd.get(), POLLIN, 0};
    ck_assert_int_gt(poll(&poll_fd, 1, 20'000), 0);
    char byte;
    served += recv(fd.get(), &byte, 1, 0) == 1;
  }
  ck_assert_uint_eq(served + fixture.server.stats().refused, sockets.size());
  ck_assert_uint_gt(served, sockets.size() / 2);
  expect_service(fixture);
}
END_TEST

START_TEST(test_caps_turn_away_with_503) {
  for (const Limits& limits : {Limits{.max_connections = 5}, Limits{.max_connections_per_address = 5}}) {
    TransportFixture fixture(limits);
    std::vector<RawClient> clients;
    for (int i = 0; i < 5; ++i) {
      clients.emplace_back(fixture.port);
      clients.back().send(get("/fast/hold"));
    }
    wait_for([&] { return fixture.state.held == 5; }, "the requests are held");
    RawClient sixth(fixture.port);
    ck_assert(sixth.read_head().starts_with("HTTP/1.1 503 "));
    ck_assert_uint_eq(fixture.server.stats().refused, 1);
    clients.pop_back();
    wait_for([&] { return fixture.server.stats().connections == 4; }, "the connection closes");
    ck_assert_int_eq(fixture.connect().get("/soup/small").status, 200);
  }
}
END_TEST

START_TEST(test_idle_connections_make_room_the_oldest_first) {
  TransportFixture fixture({.max_connections = 3}, 1);
  RawClient busy(fixture.port), oldest(fixture.port), newest(fixture.port);
  busy.send(get("/fast/hold"));
  for (RawClient* idle : {&oldest, &newest}) {
    idle->send(kGet);
    idle->read_head();
    idle->read(1500);
  }
  wait_for([&] { return fixture.state.held == 1; }, "the request is held");
  RawClient fourth(fixture.port);
  fourth.send(kGet);
  ck_assert(fourth.read_head().starts_with("HTTP/1.1 200 "));
  ck_assert(oldest.read().empty());
  newest.send(kGet);
  ck_assert(newest.read_head().starts_with("HTTP/1.1 200 "));
  ck_assert_int_eq(fixture.state.held, 1);
  ck_assert_uint_eq(fixture.server.stats().refused, 0);
}
END_TEST

START_TEST(test_idle_connections_of_every_worker_make_room) {
  // Wherever the kernel puts a newcomer: someone idles.
  TransportFixture fixture({.max_connections = 4}, 4);
  RawClient busy(fixture.port);
  busy.send(get("/fast/hold"));
  wait_for([&] { return fixture.state.held == 1; }, "the request is held");
  std::vector<RawClient> idle;
  for (int i = 0; i < 100; ++i) {
    idle.emplace_back(fixture.port);
    idle.back().send(kGet);
    ck_assert(idle.back().read_head().starts_with("HTTP/1.1 200 "));
    idle.back().read(1500);
  }
  ck_assert_uint_eq(fixture.server.stats().refused, 0);
  ck_assert_uint_le(fixture.server.stats().connections, 4);
  ck_assert_int_eq(fixture.state.held, 1);
}
END_TEST

START_TEST(test_one_address_does_not_push_out_others) {
  TransportFixture fixture({.max_connections_per_address = 1}, 1);
  HttpClient idle = fixture.connect();
  ck_assert_int_eq(idle.get("/fast/small").status, 200);
  RawClient second(fixture.port);
  ck_assert(second.read_head().starts_with("HTTP/1.1 503 "));
  ck_assert_int_eq(idle.get("/fast/small").status, 200);
}
END_TEST

START_TEST(test_a_listening_socket_that_dies_is_given_up) {
  TransportFixture fixture;
  const std::vector<int> sockets = listening_sockets(fixture.port);
  ck_assert_uint_eq(sockets.size(), 2);
  shutdown(sockets[0], SHUT_RDWR);
  // The other worker takes everyone, and the first does not ask the dead socket again and again.
  const Duration before = cpu_time();
  std::this_thread::sleep_for(500ms);
  ck_assert(cpu_time() - before < 250ms);
  for (int i = 0; i < 20; ++i) expect_service(fixture);
  ck_assert_uint_eq(fixture.server.stats().refused, 0);
}
END_TEST

int main() {
  const Test tests[] = {
      test_a_thousand_connections_are_served_and_come_back,
      test_running_out_of_descriptors_is_survived,
      test_caps_turn_away_with_503,
      test_idle_connections_make_room_the_oldest_first,
      test_idle_connections_of_every_worker_make_room,
      test_one_address_does_not_push_out_others,
      test_a_listening_socket_that_dies_is_given_up,
  };
  return run_tests("transport capacity", tests, 120);
}
