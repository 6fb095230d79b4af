// SPDX-License-Identifier: LGPL-2.1-or-later
// How requests come and answers go: keep-alive, pipelining, both ways of answering, uploads, departures,
// listening.
#include "tests/test_transport_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

std::string get_line(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

void expect_echo(HttpClient& client, const std::string& text) {
  const HttpReply reply = client.read_reply();
  ck_assert_int_eq(reply.status, 200);
  ck_assert_msg(reply.body == text, "'%s' instead of '%s'", reply.body.c_str(), text.c_str());
}

}  // namespace

START_TEST(test_a_connection_carries_requests_of_both_ways) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  for (int i = 0; i < 3; ++i) {
    for (const char* target : {"/fast/small", "/soup/small", "/fast/later", "/soup/204", "/soup/chunked"}) {
      const HttpReply reply = client.get(target);
      ck_assert_int_eq(reply.status, std::string(target) == "/soup/204" ? 204 : 200);
      if (std::string(target).ends_with("chunked")) ck_assert(reply.body == "hello world");
      if (std::string(target).ends_with("small")) ck_assert(reply.body == fixture.state.small.view());
    }
    ck_assert_uint_eq(std::stoul(client.head("/soup/small").header("Content-Length")), 1500);
  }
  ck_assert_uint_eq(fixture.server.stats().accepted, 1);
  ck_assert_uint_eq(fixture.server.stats().connections, 1);
}
END_TEST

START_TEST(test_pipelined_requests_are_answered_in_order) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  std::string requests;
  constexpr int kRounds = 100;
  for (int i = 0; i < kRounds; ++i) {
    const std::string number = std::to_string(i);
    requests += get_line("/soup/" + number) + get_line("/fast/small") + get_line("/fast/later");
    requests += "POST /soup/p" + number + " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n";
    requests += "PUT /soup/c" + number +
                " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  }
  // In pieces that cut heads and bodies anywhere.
  for (size_t at = 0; at < requests.size(); at += 997)
    client.send(std::string_view(requests).substr(at, 997));
  for (int i = 0; i < kRounds; ++i) {
    const std::string number = std::to_string(i);
    expect_echo(client, "GET /soup/" + number + " 0 127.0.0.1");
    ck_assert_uint_eq(client.read_reply().body.size(), 1500);
    ck_assert_uint_eq(client.read_reply().body.size(), 1500);
    expect_echo(client, "POST /soup/p" + number + " 5 127.0.0.1");
    expect_echo(client, "PUT /soup/c" + number + " 3 127.0.0.1");
  }
}
END_TEST

START_TEST(test_connections_close_when_either_side_says_so) {
  TransportFixture fixture;
  for (const char* target : {"/fast/small", "/soup/small"}) {
    HttpClient client = fixture.connect();
    ck_assert_int_eq(client.get(target, {{"Connection", "close"}}).status, 200);
    client.expect_closed();
    HttpClient old = fixture.connect();
    old.send("GET " + std::string(target) + " HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(old.read_reply().status, 200);
    old.expect_closed();
  }
  HttpClient client = fixture.connect();
  ck_assert_int_eq(client.get("/fast/close").status, 200);
  client.expect_closed();
  ck_assert(fixture.connect().get("/soup/small", {{"Connection", "close"}}).header("Connection") == "close");
  HttpClient old = fixture.connect();
  for (int i = 0; i < 2; ++i) {
    old.send("GET /soup/small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ck_assert(old.read_reply().header("Connection") == "keep-alive");
  }
}
END_TEST

START_TEST(test_a_server_error_reaches_the_client) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  const HttpReply reply = client.get("/soup/500");
  ck_assert_int_eq(reply.status, 500);
  ck_assert(reply.body == "sorry");
}
END_TEST

START_TEST(test_odd_targets_reach_libsoup) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  client.send("GET http://other:80/soup/x HTTP/1.1\r\nHost: a\r\n\r\n");
  expect_echo(client, "GET /soup/x 0 127.0.0.1");
  client.send("\r\nGET /soup/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  expect_echo(client, "GET /soup/x 0 127.0.0.1");
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  ck_assert_int_lt(client.read_reply().status, 500);  // libsoup has no handler for '*'
}
END_TEST

START_TEST(test_uploads_arrive_whole) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  const std::string chunk(60'000, 'u');
  for (int i = 0; i < 3; ++i) {
    client.send("PUT /soup/up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int k = 0; k < 100; ++k) client.send("ea60;x\r\n" + chunk + "\r\n");
    client.send("0\r\nX-Trailer: one\r\nX-Second: two\r\n\r\n");
    expect_echo(client, "PUT /soup/up 6000000 127.0.0.1");
  }
  client.send("PUT /soup/up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n");
  ck_assert_int_eq(client.read_reply().status, 100);
  client.send(chunk);
  expect_echo(client, "PUT /soup/up 60000 127.0.0.1");
}
END_TEST

START_TEST(test_uploads_are_refused_before_they_are_read) {
  TransportFixture fixture;
  for (const char* target : {"/soup/up", "/fast/refuse"}) {
    for (const char* expect : {"", "Expect: 100-continue\r\n"}) {
      HttpClient client = fixture.connect();
      client.send("PUT " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n" +
                  expect + "\r\n");
      if (!*expect) client.send(std::string(500'000, 'u'));
      ck_assert_int_eq(client.read_reply().status, 413);
      client.expect_closed();
    }
  }
  wait_for([&] { return fixture.state.finished == fixture.state.started; },
           "libsoup lets go of its messages");
}
END_TEST

START_TEST(test_broken_framing_of_an_upload_is_refused) {
  TransportFixture fixture;
  HttpClient client = fixture.connect();
  client.send("PUT /soup/up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n");
  const HttpReply reply = client.read_reply();
  ck_assert_int_eq(reply.status, 400);
  ck_assert(reply.body.starts_with("refused: "));
  client.expect_closed();
  wait_for([&] { return fixture.state.finished == 1; }, "libsoup lets go of the message");
}
END_TEST

START_TEST(test_an_upload_that_breaks_off_ends) {
  TransportFixture fixture;
  for (int i = 0; i < 20; ++i) {
    HttpClient client = fixture.connect();
    client.send("PUT /soup/up HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhello");
    wait_for([&] { return fixture.state.started == i + 1; }, "libsoup begins to read");
  }
  wait_for([&] { return fixture.state.finished == 20; }, "libsoup lets go of the messages");
  wait_for([&] { return fixture.server.stats().connections == 0; }, "the connections close");
}
END_TEST

START_TEST(test_a_client_that_leaves_is_noticed) {
  TransportFixture fixture;
  for (const char* target : {"/fast/hold", "/soup/hold"}) {
    fixture.state.gone = 0;
    for (const bool half : {false, true}) {
      RawClient client(fixture.port);
      client.send(get_line(target));
      wait_for([&] { return fixture.state.held == 1; }, "the request is held");
      if (half) {
        client.finish_sending();
        wait_for([&] { return fixture.state.gone == 2; }, "the half-closed client is noticed");
      }
      client.close();
      wait_for([&] { return fixture.state.held == 0; }, "the departure is noticed");
    }
  }
  wait_for([&] { return fixture.state.finished == fixture.state.started; },
           "libsoup lets go of its messages");
  wait_for([&] { return fixture.server.stats().connections == 0; }, "the connections close");
}
END_TEST

START_TEST(test_a_half_closed_client_gets_an_answer_that_is_ready) {
  TransportFixture fixture;
  for (const char* target :
       {"/fast/small", "/soup/small", "/fast/big", "/soup/big", "/soup/chunked", "/fast/later"}) {
    RawClient client(fixture.port);
    client.send(get_line(target));
    client.finish_sending();
    const std::string reply = client.read();
    ck_assert(reply.starts_with("HTTP/1.1 200 "));
    const std::string_view name = target;
    const size_t size = name.ends_with("big") ? kBigSize : name.ends_with("chunked") ? 26 : 1500;
    ck_assert_uint_eq(reply.size() - reply.find("\r\n\r\n") - 4, size);
    ck_assert(!client.was_reset);
  }
}
END_TEST

START_TEST(test_websockets_pass) {
  TransportFixture fixture;
  RawClient client(fixture.port);
  open_websocket(client, "/soup/websocket");
  for (int i = 0; i < 3; ++i) {
    // RFC 6455 5.2: a masked text frame of 5 bytes, with a mask of zeros.
    client.send(std::string_view("\x81\x85\0\0\0\0hello", 11));
    ck_assert(client.read(7) == "\x81\x05hello");
  }
  client.close();
  wait_for([&] { return fixture.server.stats().connections == 0; }, "the connection closes");
}
END_TEST

START_TEST(test_it_listens_where_it_is_told) {
  TransportFixture fixture;
  const Result<uint16_t> taken = fixture.server.listen("127.0.0.1", fixture.port);
  ck_assert(!taken.ok() && taken.error().code == ErrorCode::kExists);
  const Result<uint16_t> wrong = fixture.server.listen("not an address", 0);
  ck_assert(!wrong.ok() && wrong.error().code == ErrorCode::kInvalid);
  const Result<uint16_t> elsewhere = fixture.server.listen("192.0.2.1", 0);
  ck_assert(!elsewhere.ok() && elsewhere.error().code == ErrorCode::kIo);

  TransportFixture other({}, 2, "localhost");
  ck_assert_int_eq(HttpClient(other.port, "127.0.0.1").get("/soup/x").status, 200);
  const Result<uint16_t> ipv6 = fixture.server.listen("::1", 0);
  if (!ipv6) return;  // no IPv6 on this machine
  HttpClient client(*ipv6, "::1");
  ck_assert(client.get("/soup/x").body == "GET /soup/x 0 ::1");
  ck_assert(HttpClient(other.port, "::1").get("/soup/x").body == "GET /soup/x 0 ::1");
  const Result<uint16_t> any = fixture.server.listen("::", 0);
  ck_assert(any.ok());
  ck_assert(HttpClient(*any, "127.0.0.1").get("/soup/x").body == "GET /soup/x 0 127.0.0.1");
}
END_TEST

START_TEST(test_posted_functions_run_on_the_worker_in_order) {
  std::vector<transport::Worker*> workers;
  TestState state;
  transport::Server server({.threads = 2}, [&](transport::Worker& worker, SoupServer* soup) {
    workers.push_back(&worker);
    return std::make_unique<TestApplication>(soup, state);
  });
  ck_assert_uint_eq(workers.size(), 2);
  for (transport::Worker* worker : workers) {
    std::atomic<int> ran{0};
    std::atomic<bool> in_order{true};
    for (int i = 0; i < 1000; ++i) {
      worker->post([&, i, worker] {
        if (ran++ != i || !g_main_context_is_owner(worker->context())) in_order = false;
      });
    }
    wait_for([&] { return ran == 1000; }, "all functions run");
    ck_assert(in_order);
  }
  server.stop();
  bool ran = false;
  workers[0]->post([&] { ran = true; });
  server.stop();
  ck_assert(!ran);
}
END_TEST

int main() {
  const Test tests[] = {
      test_a_connection_carries_requests_of_both_ways,
      test_pipelined_requests_are_answered_in_order,
      test_connections_close_when_either_side_says_so,
      test_a_server_error_reaches_the_client,
      test_odd_targets_reach_libsoup,
      test_uploads_arrive_whole,
      test_uploads_are_refused_before_they_are_read,
      test_broken_framing_of_an_upload_is_refused,
      test_an_upload_that_breaks_off_ends,
      test_a_client_that_leaves_is_noticed,
      test_a_half_closed_client_gets_an_answer_that_is_ready,
      test_websockets_pass,
      test_it_listens_where_it_is_told,
      test_posted_functions_run_on_the_worker_in_order,
  };
  return run_tests("transport", tests);
}
