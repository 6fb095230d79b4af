// SPDX-License-Identifier: LGPL-2.1-or-later
// What becomes of requests, as /metrics and the access log tell it: by the fast lane and by libsoup.
#include <glib/gstdio.h>

#include <fstream>
#include <functional>
#include <thread>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

// The value of a line of /metrics; 0 if it is not there.
double metric(const HttpFixture& origin, const std::string& series) {
  const std::string text = "\n" + origin.get("/metrics").body;
  const size_t begin = text.find("\n" + series + " ");
  return begin == std::string::npos ? 0 : std::atof(text.c_str() + begin + series.size() + 2);
}

double requests(const HttpFixture& origin, const std::string& operation, const std::string& result) {
  return metric(origin,
                "origin_http_requests_total{operation=\"" + operation + "\",result=\"" + result + "\"}");
}

// What is noted when an answer has left may be so a moment after it came.
void check_becomes(double expected, const std::function<double()>& value) {
  for (int i = 0; i < 2000 && value() != expected; ++i) std::this_thread::sleep_for(5ms);
  ck_assert_double_eq(value(), expected);
}

void check_requests(const HttpFixture& origin, const char* operation, const char* result, double count) {
  check_becomes(count, [&] { return requests(origin, operation, result); });
}

http::Server::Options fast_or_not(int round) {
  http::Server::Options options = HttpFixture::options();
  options.fast_lane = round == 0;
  return options;
}

}  // namespace

START_TEST(test_results_are_told_apart) {
  http::Server::Options options = fast_or_not(_i);
  options.limits.max_object_bytes = 10;
  HttpFixture origin(options);
  origin.put("live/v/1.m4s", {"0123456789"}, segment_headers());
  ck_assert_int_eq(origin.get("/live/v/1.m4s").status, 200);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", {{"If-None-Match", "\"v1\""}}).status, 304);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", {{"Range", "bytes=2-3"}}).status, 206);
  check_requests(origin, "get", "hit", 3);
  ck_assert_int_eq(origin.connect().head("/live/v/1.m4s").status, 200);
  check_requests(origin, "head", "hit", 1);
  ck_assert_int_eq(origin.get("/live/v/2.m4s").status, 404);
  check_requests(origin, "get", "miss", 1);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", {{"Range", "bytes=99-"}}).status, 416);
  check_requests(origin, "get", "invalid", 1);
  ck_assert_int_eq(origin.send("PUT", "/notes/a", "0123456789").status, 201);
  check_requests(origin, "put", "written", 1);
  ck_assert_int_eq(origin.send("PUT", "/notes/b", "01234567890").status, 413);
  check_requests(origin, "put", "limited", 1);
  ck_assert_int_eq(origin.send("PUT", "/notes/b", "", {{"X-Forwarded-For", "10.0.0.1"}}).status, 403);
  check_requests(origin, "put", "denied", 1);
  ck_assert_int_eq(origin.send("DELETE", "/notes/a").status, 200);
  check_requests(origin, "delete", "written", 1);
  ck_assert_int_eq(origin.send("BREW", "/notes/a").status, 501);
  check_requests(origin, "other", "invalid", 1);
  ck_assert_double_eq(requests(origin, "get", "error") + requests(origin, "get", "gone"), 0);
}
END_TEST

START_TEST(test_what_has_expired_is_told_from_what_never_was) {
  HttpFixture origin(fast_or_not(_i));
  origin.store.put("live/v/1.m4s", origin.make_object({"0"}), {.ttl = 1ns});
  std::this_thread::sleep_for(1ms);
  origin.store.expire_due();
  ck_assert_int_eq(origin.get("/live/v/1.m4s").status, 404);
  ck_assert_int_eq(origin.get("/live/v/2.m4s").status, 404);
  check_requests(origin, "get", "expired", 1);
  check_requests(origin, "get", "miss", 1);
}
END_TEST

START_TEST(test_waits_are_counted_apart) {
  HttpFixture origin(fast_or_not(_i));
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s});
  HttpClient waits = origin.connect();
  waits.send_request("GET", "/live/v/index.m3u8");
  check_becomes(1, [&] { return metric(origin, "origin_held_requests"); });
  topic->publish(origin.message({1, 0}, "#EXTM3U\n"));
  ck_assert_int_eq(waits.read_reply().status, 200);
  check_becomes(1,
                [&] { return metric(origin, "origin_http_request_duration_seconds_count{kind=\"held\"}"); });
  check_becomes(
      1, [&] { return metric(origin, "origin_publish_to_wake_seconds_count{presentation=\"live\"}"); });
  check_becomes(0, [&] { return metric(origin, "origin_held_requests"); });
}
END_TEST

START_TEST(test_who_goes_is_counted) {
  HttpFixture origin(fast_or_not(_i));
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s});
  {
    HttpClient waits = origin.connect();
    waits.send_request("GET", "/live/v/index.m3u8");
    check_becomes(1, [&] { return metric(origin, "origin_held_requests"); });
  }
  check_requests(origin, "get", "gone", 1);
  {
    HttpClient upload = origin.connect();
    upload.send_request("PUT", "/notes/a", {{"Content-Length", "10"}});
    upload.send("01");
    check_becomes(1, [&] { return metric(origin, "origin_uploads"); });
  }
  check_requests(origin, "put", "gone", 1);
}
END_TEST

// The client's fault, and answered: it has not gone.
START_TEST(test_bodies_that_are_none_are_counted_once) {
  HttpFixture origin(fast_or_not(_i));
  HttpClient upload = origin.connect();
  upload.send_request("PUT", "/notes/a", {{"Transfer-Encoding", "chunked"}});
  upload.send("zz\r\n");
  ck_assert_int_eq(upload.read_reply().status, 400);
  check_requests(origin, "put", "invalid", 1);
  ck_assert_double_eq(requests(origin, "put", "gone") + requests(origin, "other", "invalid"), 0);
  HttpClient garbage = origin.connect();
  garbage.send("GET\r\n\r\n");
  ck_assert_int_eq(garbage.read_reply().status, 400);
  check_requests(origin, "other", "invalid", 1);
}
END_TEST

START_TEST(test_who_leaves_an_upload_that_is_read_along_has_had_its_bytes) {
  HttpFixture origin;
  HttpClient upload = origin.connect();
  upload.send_request("PUT", "/notes/a", {{"Content-Length", "1000"}});
  upload.send(std::string(999, 'x'));
  check_becomes(1, [&] { return metric(origin, "origin_uploads"); });
  {
    HttpClient reader = origin.connect();
    reader.send_request("GET", "/notes/a");
    (void)reader.read_until(std::string(999, 'x'));
  }
  check_requests(origin, "get", "hit", 1);
  ck_assert(metric(origin, "origin_http_response_bytes_total{operation=\"get\",result=\"hit\"}") > 999);
}
END_TEST

START_TEST(test_what_does_not_come_in_time_is_no_limit) {
  HttpFixture origin(fast_or_not(_i));
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 50ms});
  ck_assert_int_eq(origin.get("/live/v/index.m3u8").status, 503);
  check_requests(origin, "get", "not_yet", 1);
}
END_TEST

START_TEST(test_bytes_are_those_that_left) {
  HttpFixture origin(fast_or_not(_i));
  constexpr size_t kSize = 32 << 20;
  origin.put("notes/large", {std::string(kSize, 'x')});
  const std::string bytes = "origin_http_response_bytes_total{operation=\"get\",result=\"hit\"}";
  {
    HttpClient reader = HttpClient::with_small_buffer(origin.port, 4096);
    reader.send_request("GET", "/notes/large");
    (void)reader.read_until("\r\n\r\n");
  }
  check_requests(origin, "get", "hit", 1);
  const double broken = metric(origin, bytes);
  ck_assert(broken > 0 && broken < kSize);
  const HttpReply whole = origin.get("/notes/large");
  ck_assert_uint_eq(whole.body.size(), kSize);
  check_requests(origin, "get", "hit", 2);
  ck_assert(metric(origin, bytes) - broken > kSize);
  ck_assert(metric(origin, bytes) - broken < kSize + 2000);
}
END_TEST

START_TEST(test_ages_are_those_of_objects) {
  HttpFixture origin(fast_or_not(_i));
  store::Headers headers = segment_headers();
  headers.last_modified = Clock::system().utc() - 100s;
  origin.put("live/v/1.m4s", {"0"}, headers);
  ck_assert_int_eq(origin.get("/live/v/1.m4s").status, 200);
  check_becomes(1, [&] { return metric(origin, "origin_object_age_seconds_bucket{le=\"300\"}"); });
  ck_assert_double_eq(metric(origin, "origin_object_age_seconds_bucket{le=\"60\"}"), 0);
}
END_TEST

// Each request has its line, with the id that its answer has.
START_TEST(test_the_access_log_has_every_request) {
  char* folder = g_dir_make_tmp("ledger-XXXXXX", nullptr);
  const std::string path = std::string(folder) + "/log";
  store::Store store({.memory_limit = 64 << 20}, Clock::system());
  std::string id;
  {
    http::Server server(fast_or_not(_i), store);
    ck_assert(server.open_access_log(path).ok());
    const uint16_t port = *server.listen("127.0.0.1", 0);
    HttpClient client(port);
    client.send_request("PUT", "/notes/a", {{"Content-Length", "5"}, {"Expect", "100-continue"}});
    (void)client.read_until("100 Continue\r\n\r\n");
    client.send("01234");
    ck_assert_int_eq(client.read_reply().status, 201);
    const HttpReply reply = client.get("/notes/a?token=secret&x=1",
                                       {{"Authorization", "Bearer hidden"}, {"CMCD-Session", "sid=\"s\""}});
    id = reply.header("Origin-Request-Id");
    ck_assert_int_eq(client.get("/_token/veiled/notes/b").status, 404);
  }
  std::ifstream file(path);
  std::string put, get, missed, more;
  ck_assert(std::getline(file, put) && std::getline(file, get) && std::getline(file, missed));
  ck_assert(!std::getline(file, more));
  const auto check_has = [](const std::string& line, const std::string& text) {
    ck_assert_msg(line.find(text) != std::string::npos, "no %s in %s", text.c_str(), line.c_str());
  };
  check_has(put, "\"bytes_received\":5,");
  check_has(put, "\"result\":\"written\"");
  for (const char* text :
       {"\"address\":\"127.0.0.1\"", "\"path\":\"/notes/a\",\"query\":\"x=1\"",
        "\"status\":200,\"result\":\"hit\"", "\"complete\":true", "\"cmcd\":{\"sid\":\"s\"}"})
    check_has(get, text);
  check_has(get, "\"id\":\"" + id + "\"");
  check_has(missed, "\"path\":\"/notes/b\"");
  for (const std::string& line : {put, get, missed}) {
    for (const char* secret : {"secret", "hidden", "veiled"})
      ck_assert(line.find(secret) == std::string::npos);
  }
  g_unlink(path.c_str());
  g_rmdir(folder);
  g_free(folder);
}
END_TEST

int main() {
  const Test tests[] = {{test_results_are_told_apart, 2},
                        {test_what_has_expired_is_told_from_what_never_was, 2},
                        {test_waits_are_counted_apart, 2},
                        {test_who_goes_is_counted, 2},
                        {test_bodies_that_are_none_are_counted_once, 2},
                        test_who_leaves_an_upload_that_is_read_along_has_had_its_bytes,
                        {test_what_does_not_come_in_time_is_no_limit, 2},
                        {test_bytes_are_those_that_left, 2},
                        {test_ages_are_those_of_objects, 2},
                        {test_the_access_log_has_every_request, 2}};
  return run_tests("http ledger", tests);
}
