// SPDX-License-Identifier: LGPL-2.1-or-later
// Hostile, slow and silent clients, and the end: each gets its clear end, the others do not notice, nothing
// is left over.
#include <random>

#include "tests/test_transport_fixture.hpp"

using namespace origin;
using namespace origin::tests;
using transport::Limits;

START_TEST(test_refusals_reach_the_client_whole) {
  TransportFixture fixture;
  const struct {
    std::string bytes;
    int status;
  } table[] = {
      {std::string("\x16\x03\x01\x00\xa5", 5), 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"GET /\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 34), 400},
      {"GET /%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      // Far more than is ever read of it: the client must get the answer all the same.
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1 << 20, 'a') + "\r\n\r\n", 431},
      {"GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {kGet + "GET / HTTP/1.1\r\n\r\n", 200},
  };
  for (const auto& row : table) {
    RawClient client(fixture.port);
    ck_assert(client.send(row.bytes));
    const std::string head = client.read_head();
    ck_assert_msg(head.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "), "%s", head.c_str());
    if (row.status == 200) continue;
    ck_assert(head.find("\r\nConnection: close\r\n") != std::string::npos);
    ck_assert(client.read().starts_with("refused: "));
    ck_assert_msg(!client.was_reset, "reset after '%.40s'", row.bytes.c_str());
  }
  expect_service(fixture);
  ck_assert_uint_ge(fixture.server.stats().bad_requests, std::size(table) - 1);
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_garbage_harms_nobody) {
  TransportFixture fixture;
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(1 + random() % 3000, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    // Half of it behind something that looks like a request.
    if (i % 2)
      bytes = get("/soup/" + std::to_string(i)) + (i % 4 == 1 ? "PUT /soup/x HTTP/1.1\r\nHost: a\r\n" : "") +
              bytes;
    RawClient client(fixture.port);
    client.send(bytes);
    if (i % 3) client.finish_sending();
    if (i % 3 == 1) client.read();
  }
  expect_service(fixture);
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_heads_that_break_off_end) {
  TransportFixture fixture;
  for (size_t size = 1; size < kSoupGet.size(); ++size) {
    RawClient client(fixture.port);
    client.send(kSoupGet.substr(0, size));
    if (size % 2) continue;
    client.finish_sending();
    ck_assert(client.read().starts_with("HTTP/1.1 400 "));
  }
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_slow_heads_are_cut_off_and_starve_nobody) {
  TransportFixture fixture({.head_timeout = 400ms});
  std::vector<RawClient> slow;
  for (int i = 0; i < 200; ++i) slow.emplace_back(fixture.port);
  for (size_t at = 0; at < 10; ++at) {
    for (RawClient& client : slow) client.send(kGet.substr(at, 1));
    expect_service(fixture);
  }
  for (RawClient& client : slow) ck_assert(client.read().starts_with("HTTP/1.1 408 "));
  ck_assert_uint_eq(fixture.server.stats().timed_out, slow.size());
  slow.clear();
  expect_no_connections(fixture);
}
END_TEST

// Whose requests come in pieces that begin the next one has the time of a head for each.
START_TEST(test_each_head_has_its_own_time) {
  TransportFixture fixture({.head_timeout = 2s});
  RawClient client(fixture.port);
  client.send(kGet);
  std::string head = client.read_head();
  const size_t length = std::stoul(head.substr(head.find("Content-Length: ") + 16));
  client.read(length);
  client.send(kGet.substr(0, 5));
  for (int i = 0; i < 12; ++i) {
    std::this_thread::sleep_for(250ms);
    client.send(kGet.substr(5) + kGet.substr(0, 5));
    head = client.read_head();
    ck_assert_msg(head.starts_with("HTTP/1.1 200 "), "%s", head.c_str());
    client.read(length);
  }
  ck_assert(client.read().find("HTTP/1.1 408 ") != std::string::npos);
  ck_assert_uint_eq(fixture.server.stats().timed_out, 1);
}
END_TEST

START_TEST(test_silent_connections_are_closed_in_time) {
  // Half of them never send a byte, half are idle after an answer.
  TransportFixture fixture({.head_timeout = 300ms, .idle_timeout = 400ms});
  std::vector<RawClient> silent;
  for (int i = 0; i < 200; ++i) {
    silent.emplace_back(fixture.port);
    if (i % 2) silent.back().send(kGet);
  }
  expect_service(fixture);
  for (RawClient& client : silent) client.read();
  ck_assert_uint_ge(fixture.server.stats().timed_out, silent.size());
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_who_never_sends_a_byte_has_the_time_of_a_head) {
  TransportFixture fixture({.head_timeout = 300ms, .idle_timeout = 1h});
  RawClient silent(fixture.port);
  ck_assert(silent.read().empty());
  ck_assert_uint_eq(fixture.server.stats().timed_out, 1);
  ck_assert_uint_eq(fixture.server.stats().bad_requests, 0);
}
END_TEST

START_TEST(test_stalled_uploads_are_cut_off) {
  TransportFixture fixture({.body_stall_timeout = 300ms});
  RawClient client(fixture.port);
  client.send("PUT /soup/up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  ck_assert(client.read().starts_with("HTTP/1.1 408 "));
  client.close();
  wait_for([&] { return fixture.state.finished == 1; }, "libsoup lets go of the message");
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_readers_that_stop_are_cut_off) {
  TransportFixture fixture({.write_stall_timeout = 400ms});
  std::vector<RawClient> stopped;
  for (const char* target : {"/fast/big", "/soup/big", "/fast/big", "/soup/big"}) {
    stopped.emplace_back(fixture.port, 4096);
    stopped.back().send(get(target));
  }
  expect_service(fixture);
  wait_for([&] { return fixture.server.stats().timed_out == stopped.size(); }, "the deadlines strike");
  wait_for([&] { return fixture.state.finished == fixture.state.started; },
           "libsoup lets go of its messages");
  expect_no_connections(fixture);
}
END_TEST

START_TEST(test_little_waits_in_the_kernel_for_who_does_not_read) {
  constexpr uint32_t kUnsent = 32 * 1024;
  constexpr size_t kReaders = 50;
  TransportFixture fixture({.max_unsent_bytes = kUnsent});
  std::vector<RawClient> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back(fixture.port, 4096);
    readers.back().send(get(i % 2 ? "/fast/big" : "/soup/big"));
  }
  for (RawClient& reader : readers) ck_assert(reader.read_head().starts_with("HTTP/1.1 200 "));
  uint64_t before = 0, sent = fixture.server.stats().bytes_sent;
  while (sent != before) {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    sent = fixture.server.stats().bytes_sent;
  }
  ck_assert_uint_gt(sent, kReaders * 4096);
  // One piece more may be on the way with each, and the client's own buffer is full.
  ck_assert_uint_lt(sent, kReaders * 5 * kUnsent);
}
END_TEST

START_TEST(test_slow_readers_of_big_bodies_starve_nobody) {
  TransportFixture fixture({}, 1);
  std::vector<RawClient> readers;
  for (int i = 0; i < 6; ++i) {
    readers.emplace_back(fixture.port, 64 * 1024);
    readers.back().send(get(i % 2 ? "/fast/big" : "/soup/big"));
  }
  std::atomic<bool> done{false};
  std::thread others([&] {
    while (!done) expect_service(fixture);
  });
  std::vector<size_t> sizes(readers.size());
  for (size_t i = 0; i < readers.size(); ++i) readers[i].read_head();
  bool open = true;
  while (open) {
    open = false;
    for (size_t i = 0; i < readers.size(); ++i) {
      if (sizes[i] == kBigSize) continue;
      sizes[i] += readers[i].read(std::min<size_t>(1 << 20, kBigSize - sizes[i])).size();
      open = true;
    }
  }
  done = true;
  others.join();
  // The connections are as good as new.
  for (RawClient& client : readers) {
    client.send(kGet);
    ck_assert(client.read_head().starts_with("HTTP/1.1 200 "));
  }
}
END_TEST

START_TEST(test_a_flood_of_pipelined_requests_is_held_back) {
  TransportFixture fixture({}, 1);
  RawClient flood(fixture.port);
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += i % 2 ? kGet : kSoupGet;
  std::atomic<int> sent{0};
  std::thread sender([&] {
    for (int i = 0; i < 200; ++i) {
      flood.send(batch);
      ++sent;
    }
  });
  for (int i = 0; i < 20; ++i) expect_service(fixture);
  size_t answers = 0;
  while (answers < 20'000) {
    ck_assert(flood.read_head().starts_with("HTTP/1.1 200 "));
    ck_assert_uint_eq(flood.read(1500).size(), 1500);
    ++answers;
  }
  sender.join();
}
END_TEST

START_TEST(test_stop_lets_answers_end_within_its_grace) {
  TransportFixture fixture;
  std::vector<RawClient> clients;
  for (const char* target : {"/fast/big", "/soup/big"}) {
    clients.emplace_back(fixture.port, 64 * 1024);
    clients.back().send(get(target));
    clients.back().read_head();
  }
  RawClient idle(fixture.port);
  idle.send(kGet);
  idle.read_head();
  idle.read(1500);
  std::thread stopping([&] { fixture.server.stop(60s); });
  ck_assert(idle.read().empty());
  for (RawClient& client : clients) ck_assert_uint_eq(client.read().size(), kBigSize);
  stopping.join();
  ck_assert_uint_eq(fixture.server.stats().connections, 0);
}
END_TEST

START_TEST(test_a_reader_that_stops_does_not_hold_up_the_stop) {
  TransportFixture fixture;
  RawClient client(fixture.port, 4096);
  client.send(get("/fast/big"));
  client.read_head();
  fixture.server.stop(200ms);
  ck_assert_uint_eq(fixture.server.stats().connections, 0);
}
END_TEST

START_TEST(test_stop_does_not_wait_for_who_keeps_a_stream) {
  TransportFixture fixture;
  RawClient client(fixture.port);
  open_websocket(client, "/soup/websocket/kept");
  wait_for([&] { return fixture.server.stats().connections == 1; }, "the connection is there");
  fixture.server.stop();
  ck_assert(fixture.state.kept);
  ck_assert_uint_eq(fixture.server.stats().connections, 0);
  ck_assert(client.read().size() < 100);  // closed; libsoup may have said so
}
END_TEST

START_TEST(test_stop_ends_everything) {
  const size_t before = descriptors_at_rest();
  {
    TransportFixture fixture;
    std::vector<RawClient> clients;
    for (int i = 0; i < 10; ++i) {
      for (const std::string& bytes :
           {std::string(), std::string("GET /"), kGet, kSoupGet, get("/fast/hold"), get("/soup/hold"),
            get("/fast/big"), get("/soup/big"), get("/soup/chunked"),
            std::string("PUT /soup/up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")}) {
        clients.emplace_back(fixture.port, 4096);
        clients.back().send(bytes);
      }
    }
    wait_for([&] { return fixture.state.held == 20 && fixture.state.started == 50; },
             "the requests are in flight");
    fixture.server.stop();
    ck_assert_int_eq(fixture.state.held, 0);
    ck_assert_int_eq(fixture.state.gone, 20);
    ck_assert_int_eq(fixture.state.finished, 50);
    ck_assert(fixture.server.listen("127.0.0.1", 0).error().code == ErrorCode::kEnded);
    ck_assert_uint_eq(fixture.server.stats().connections, 0);
  }
  ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

int main() {
  const Test tests[] = {
      test_refusals_reach_the_client_whole,
      test_garbage_harms_nobody,
      test_heads_that_break_off_end,
      test_slow_heads_are_cut_off_and_starve_nobody,
      test_each_head_has_its_own_time,
      test_silent_connections_are_closed_in_time,
      test_who_never_sends_a_byte_has_the_time_of_a_head,
      test_stalled_uploads_are_cut_off,
      test_readers_that_stop_are_cut_off,
      test_little_waits_in_the_kernel_for_who_does_not_read,
      test_slow_readers_of_big_bodies_starve_nobody,
      test_a_flood_of_pipelined_requests_is_held_back,
      test_stop_lets_answers_end_within_its_grace,
      test_a_reader_that_stops_does_not_hold_up_the_stop,
      test_stop_does_not_wait_for_who_keeps_a_stream,
      test_stop_ends_everything,
  };
  return run_tests("transport limits", tests, 120);
}
