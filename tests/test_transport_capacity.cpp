// SPDX-License-Identifier: LGPL-2.1-or-later
// Too many clients, and too little to take them in with: who comes in, who makes room, who is turned away.
#include <sys/resource.h>

#include "tests/test_transport_fixture.hpp"

using namespace origin;
using namespace origin::tests;
using transport::Limits;

namespace {

const std::string kHalf = "GET /fast/small HT";

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

void expect_answer(RawClient& client) {
  client.send(kGet);
  ck_assert(client.read_head().starts_with("HTTP/1.1 200 "));
  ck_assert_uint_eq(client.read(1500).size(), 1500);
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
    char status[12] = "";
    recv(fd.get(), status, sizeof(status), 0);
    served += std::string_view(status, sizeof(status)) == "HTTP/1.1 200";
  }
  ck_assert_uint_eq(served + fixture.server.stats().refused, sockets.size());
  ck_assert_uint_gt(served, sockets.size() / 2);
  expect_service(fixture);
}
END_TEST

// Those that give way may be another worker's, and what they leave another listener's: that must not be the
// last descriptor that comes back.
START_TEST(test_newcomers_come_in_while_kept_connections_hold_all_descriptors) {
  TransportFixture fixture({.head_timeout = 1h, .idle_timeout = 1h});
  constexpr int kBursts = 10, kClients = 40, kLeft = 8;
  std::vector<transport::Descriptor> sockets;
  for (int i = 0; i < kBursts * kClients; ++i)
    sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  set_descriptor_limit(static_cast<rlim_t>(sockets.back().get()) + 1 + kLeft);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(fixture.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int burst = 0; burst < kBursts; ++burst) {
    const auto first = sockets.begin() + burst * kClients;
    for (auto fd = first; fd != first + kClients; ++fd) {
      ck_assert_int_eq(connect(fd->get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
      send(fd->get(), kGet.data(), kGet.size(), MSG_NOSIGNAL);
    }
    // An answer, a refusal, or the end of a connection that gave way before it was answered.
    for (auto fd = first; fd != first + kClients; ++fd) {
      pollfd poll_fd{fd->get(), POLLIN, 0};
      ck_assert_msg(poll(&poll_fd, 1, 60'000) > 0, "burst %d, client %d hears nothing", burst,
                    static_cast<int>(fd - first));
    }
  }
  setrlimit(RLIMIT_NOFILE, &limit);
  expect_service(fixture);
}
END_TEST

START_TEST(test_caps_turn_away_with_503) {
  for (const Limits& limits : {Limits{.max_connections = 5, .max_connections_per_address = 0},
                               Limits{.max_connections_per_address = 5}}) {
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
  TransportFixture fixture({.max_connections = 3, .max_connections_per_address = 0}, 1);
  RawClient busy(fixture.port), oldest(fixture.port), newest(fixture.port);
  busy.send(get("/fast/hold"));
  for (RawClient* idle : {&oldest, &newest}) {
    expect_answer(*idle);
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
  TransportFixture fixture({.max_connections = 4, .max_connections_per_address = 0}, 4);
  RawClient busy(fixture.port);
  busy.send(get("/fast/hold"));
  wait_for([&] { return fixture.state.held == 1; }, "the request is held");
  std::vector<RawClient> idle;
  for (int i = 0; i < 100; ++i) {
    idle.emplace_back(fixture.port);
    expect_answer(idle.back());
  }
  ck_assert_uint_eq(fixture.server.stats().refused, 0);
  ck_assert_uint_le(fixture.server.stats().connections, 4);
  ck_assert_int_eq(fixture.state.held, 1);
}
END_TEST

START_TEST(test_idle_connections_outlive_those_that_send_no_request) {
  for (const Duration patience : {Duration(0ms), Duration(1h)}) {
    TransportFixture fixture({.max_connections = 4, .max_connections_per_address = 0, .patience = patience},
                             1);
    RawClient idle(fixture.port), silent(fixture.port), half(fixture.port), held(fixture.port);
    expect_answer(idle);
    half.send(kHalf);
    held.send(get("/fast/hold"));
    wait_for([&] { return fixture.state.held == 1; }, "the request is held");
    const size_t sent = kGet.size() + kHalf.size() + get("/fast/hold").size();
    wait_for([&] { return fixture.server.stats().bytes_received == sent; }, "half a head has come");
    RawClient first(fixture.port), second(fixture.port);
    expect_answer(first);
    ck_assert(silent.read().empty());
    expect_answer(second);
    ck_assert(half.read().starts_with("HTTP/1.1 503 "));
    expect_answer(idle);
    ck_assert_int_eq(fixture.state.held, 1);
    ck_assert_uint_eq(fixture.server.stats().refused, 0);
  }
}
END_TEST

START_TEST(test_slow_readers_give_way_before_others) {
  constexpr uint32_t kEnough = 100 << 20;
  for (const char* target : {"/fast/big", "/soup/big"}) {
    for (const uint32_t rate : {kEnough, 0u}) {
      TransportFixture fixture({.max_connections = 2,
                                .max_connections_per_address = 0,
                                .min_send_rate = rate,
                                .send_rate_window = 100ms,
                                .patience = 1h},
                               1);
      RawClient idle(fixture.port), slow(fixture.port, 4096);
      expect_answer(idle);
      slow.send(get(target));
      for (int i = 0; i < 20; ++i) {
        slow.read(4000);
        std::this_thread::sleep_for(10ms);
      }
      RawClient newcomer(fixture.port);
      expect_answer(newcomer);
      // The other one is still there.
      RawClient& spared = rate ? idle : slow;
      RawClient& gone = rate ? slow : idle;
      ck_assert_uint_lt(gone.read().size(), kBigSize);
      spared.send(kGet);
      ck_assert(!spared.read(1000).empty());
      ck_assert_uint_eq(fixture.server.stats().refused, 0);
    }
  }
}
END_TEST

START_TEST(test_readers_that_stop_give_way_when_nobody_else_can) {
  for (const Duration patience : {Duration(50ms), Duration(1h)}) {
    TransportFixture fixture({.max_connections = 3, .max_connections_per_address = 0, .patience = patience},
                             1);
    RawClient stopped(fixture.port, 4096), held(fixture.port), idle(fixture.port);
    stopped.send(get("/fast/big"));
    stopped.read_head();
    held.send(get("/fast/hold"));
    wait_for([&] { return fixture.state.held == 1; }, "the request is held");
    expect_answer(idle);
    std::this_thread::sleep_for(200ms);
    RawClient first(fixture.port);
    first.send(get("/fast/hold"));
    wait_for([&] { return fixture.state.held == 2; }, "the idle one gives way");
    ck_assert(idle.read().empty());
    RawClient second(fixture.port);
    second.send(kGet);
    const bool taken = patience < 1h;
    ck_assert(second.read_head().starts_with(taken ? "HTTP/1.1 200 " : "HTTP/1.1 503 "));
    ck_assert_uint_eq(fixture.server.stats().refused, taken ? 0 : 1);
    ck_assert_int_eq(fixture.state.held, 2);
  }
}
END_TEST

START_TEST(test_slow_readers_give_way_where_memory_is_short_and_nobody_else_does) {
  constexpr Duration kTime = 300ms;
  std::atomic<uint64_t> shortages{0};
  TransportFixture fixture({.min_send_rate_short_of_memory = 4 << 20, .send_time_short_of_memory = kTime}, 2,
                           "127.0.0.1", [&] { return shortages.load(); });
  RawClient slow(fixture.port, 4096), slow_of_soup(fixture.port, 4096), decent(fixture.port),
      held(fixture.port), idle(fixture.port);
  slow.send(get("/fast/big"));
  slow_of_soup.send(get("/soup/big"));
  decent.send(get("/fast/big"));
  held.send(get("/fast/hold"));
  expect_answer(idle);
  wait_for([&] { return fixture.state.held == 1; }, "the request is held");
  // Takes most of it before anybody looks, so that its rate is decent however slow this machine is.
  decent.read_head();
  decent.read(kBigSize - (8 << 20));
  const auto read_slowly = [&] {
    for (int i = 0; i < 50; ++i) {
      for (RawClient* client : {&slow, &slow_of_soup}) client->read(1000);
      std::this_thread::sleep_for(10ms);
    }
  };
  // As long as there is memory, nobody is asked.
  read_slowly();
  ck_assert_uint_eq(fixture.server.stats().timed_out, 0);
  ++shortages;
  wait_for([&] { return fixture.server.stats().timed_out == 2; }, "the slow readers give way");
  for (RawClient* client : {&slow, &slow_of_soup}) {
    ck_assert_uint_lt(client->read().size(), kBigSize / 2);
    ck_assert(client->was_reset);
  }
  ck_assert_uint_eq(decent.read(8 << 20).size(), 8 << 20);
  expect_answer(idle);
  ck_assert_int_eq(fixture.state.held, 1);
}
END_TEST

START_TEST(test_readers_have_their_time_although_memory_is_short) {
  for (const Limits& limits :
       {Limits{.min_send_rate_short_of_memory = 1 << 30, .send_time_short_of_memory = 1h},
        Limits{.min_send_rate_short_of_memory = 0, .send_time_short_of_memory = {}}}) {
    std::atomic<uint64_t> looks{0};
    TransportFixture fixture(limits, 1, "127.0.0.1", [&] { return ++looks; });
    RawClient slow(fixture.port, 4096);
    slow.send(get("/fast/big"));
    slow.read_head();
    const uint64_t before = looks;
    wait_for([&] { return looks > before + 2; }, "it is looked at");
    ck_assert_uint_eq(slow.read(1 << 20).size(), 1 << 20);
    ck_assert_uint_eq(fixture.server.stats().timed_out, 0);
  }
}
END_TEST

START_TEST(test_silent_connections_of_every_worker_give_way_before_idle_ones) {
  TransportFixture fixture({.max_connections = 64, .max_connections_per_address = 0, .patience = {}}, 4);
  std::vector<RawClient> idle, silent;
  for (int i = 0; i < 32; ++i) {
    idle.emplace_back(fixture.port);
    expect_answer(idle.back());
  }
  for (int i = 0; i < 100; ++i) silent.emplace_back(fixture.port);
  // Who is still to come in would make a client give way that has not said its word yet.
  wait_for([&] { return fixture.server.stats().accepted == 132; }, "all come in");
  for (int i = 0; i < 20; ++i) expect_service(fixture);
  for (RawClient& client : idle) expect_answer(client);
  ck_assert_uint_eq(fixture.server.stats().refused, 0);
}
END_TEST

START_TEST(test_one_address_has_half_unless_told_otherwise) {
  TransportFixture fixture({.max_connections = 8}, 2);
  std::vector<RawClient> greedy, others;
  for (int i = 0; i < 4; ++i) {
    greedy.emplace_back(fixture.port);
    greedy.back().send(get("/fast/hold"));
  }
  wait_for([&] { return fixture.state.held == 4; }, "the requests are held");
  RawClient fifth(fixture.port);
  ck_assert(fifth.read_head().starts_with("HTTP/1.1 503 "));
  for (int i = 0; i < 4; ++i) {
    others.emplace_back(fixture.port, 0, 2);
    expect_answer(others.back());
  }
}
END_TEST

START_TEST(test_one_address_does_not_push_out_others) {
  TransportFixture fixture({.max_connections_per_address = 2, .patience = {}}, 2);
  RawClient other(fixture.port, 0, 2);
  std::vector<RawClient> greedy;
  for (int i = 0; i < 50; ++i) {
    greedy.emplace_back(fixture.port);
    if (i % 2) greedy.back().send(kHalf);
  }
  wait_for([&] { return fixture.server.stats().accepted + fixture.server.stats().refused == 51; },
           "all have been heard");
  ck_assert_uint_eq(fixture.server.stats().connections, 3);
  // What its newest connection asks for is answered: an older one of its own gives way.
  RawClient newest(fixture.port);
  expect_answer(newest);
  expect_answer(other);
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
      test_newcomers_come_in_while_kept_connections_hold_all_descriptors,
      test_caps_turn_away_with_503,
      test_idle_connections_make_room_the_oldest_first,
      test_idle_connections_of_every_worker_make_room,
      test_idle_connections_outlive_those_that_send_no_request,
      test_slow_readers_give_way_before_others,
      test_readers_that_stop_give_way_when_nobody_else_can,
      test_slow_readers_give_way_where_memory_is_short_and_nobody_else_does,
      test_readers_have_their_time_although_memory_is_short,
      test_silent_connections_of_every_worker_give_way_before_idle_ones,
      test_one_address_has_half_unless_told_otherwise,
      test_one_address_does_not_push_out_others,
      test_a_listening_socket_that_dies_is_given_up,
  };
  return run_tests("transport capacity", tests, 120);
}
