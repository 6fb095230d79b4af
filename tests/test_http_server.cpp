// SPDX-License-Identifier: LGPL-2.1-or-later
// An http::Server over real sockets: what each kind of name and request gets, byte for byte.
#include <thread>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

START_TEST(test_object_is_answered_with_its_headers) {
  SegmentFixture origin;
  const HttpReply reply = origin.get("/live/v/1.m4s");
  ck_assert_int_eq(reply.status, 200);
  ck_assert(reply.body == "0123456789");
  check_common_headers(reply);
  ck_assert(reply.header("Content-Type") == "video/mp4");
  ck_assert(reply.header("Content-Length") == "10");
  ck_assert(reply.header("Cache-Control") == "max-age=12");
  ck_assert(reply.header("ETag") == "\"v1\"");
  ck_assert(reply.header("Last-Modified") == kModifiedDate);
  ck_assert(reply.header("Accept-Ranges") == "bytes");
  ck_assert(reply.header("Origin-Track") == "video_0");
  ck_assert(!reply.has("Vary"));
  ck_assert(!reply.has("Injected") && !reply.has("Bad-Value") && !reply.has("Bad"));
}
END_TEST

START_TEST(test_empty_object_has_length_zero) {
  HttpFixture origin;
  origin.put("live/empty", {});
  HttpClient client = origin.connect();
  for (int i = 0; i < 2; ++i) {
    const HttpReply reply = client.get("/live/empty");
    ck_assert_int_eq(reply.status, 200);
    ck_assert(reply.header("Content-Length") == "0");
  }
  ck_assert_int_eq(client.head("/live/empty").status, 200);
  // A range of nothing cannot be had, and is ignored: players ask for bytes=0- where nothing is.
  ck_assert_int_eq(client.get("/live/empty", {{"Range", "bytes=0-"}}).status, 200);
}
END_TEST

START_TEST(test_head_has_the_headers_of_get) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (const char* target : {"/live/v/1.m4s", "/live/missing", "/healthz"}) {
    HttpReply get = client.get(target), head = client.head(target);
    ck_assert_int_eq(head.status, get.status);
    ck_assert(head.body.empty());
    ck_assert_uint_eq(head.headers.size(), get.headers.size());
    for (const auto& [name, value] : get.headers) {
      if (name == "Origin-Request-Id" || name == "Date") continue;
      ck_assert_msg(head.header(name) == value, "%s", name.c_str());
    }
  }
}
END_TEST

START_TEST(test_options_allows_cross_origin_reading) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (const char* target : {"/live/v/1.m4s", "/live/missing", "*", "/"}) {
    client.send_request("OPTIONS", target,
                        {{"Origin", "http://player.example"}, {"Access-Control-Request-Method", "GET"}});
    const HttpReply reply = client.read_reply();
    ck_assert_int_eq(reply.status, 200);
    ck_assert(reply.body.empty());
    check_common_headers(reply);
    const bool own = std::string_view(target) == "/";
    ck_assert(reply.header("Allow") ==
              (own ? "GET, HEAD, OPTIONS" : "GET, HEAD, PUT, POST, DELETE, OPTIONS"));
    ck_assert(reply.header("Access-Control-Allow-Methods") == "GET, HEAD, OPTIONS");
    ck_assert(reply.header("Access-Control-Allow-Headers").find("Range") != std::string::npos);
    ck_assert(std::stoi(reply.header("Access-Control-Max-Age")) > 0);
  }
}
END_TEST

START_TEST(test_other_methods_are_refused) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (const char* method : {"DELETE", "POST", "PUT"}) {
    client.send_request(method, "/api/server");
    const HttpReply reply = client.read_reply();
    check_error(reply, 405);
    ck_assert(reply.header("Allow") == "GET, HEAD, OPTIONS");
  }
  ck_assert_int_eq(client.get("/live/v/1.m4s").status, 200);
  // The rest of the upload is not waited for.
  client.send_request("PUT", "/api/server", {{"Content-Length", "1000000"}});
  const HttpReply refused = client.read_reply();
  check_error(refused, 405);
  ck_assert(refused.header("Connection") == "close");
}
END_TEST

START_TEST(test_what_the_guard_refuses_is_answered_like_all_else) {
  HttpFixture origin;
  const struct {
    const char* request;
    int status;
  } table[] = {
      {"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\xff\x01\"\\\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\n\r\n", 505},
  };
  for (const auto& row : table) {
    HttpClient client = origin.connect();
    client.send(row.request);
    const HttpReply reply = client.read_reply();
    check_error(reply, row.status);
    ck_assert(reply.header("Connection") == "close");
    if (row.status == 405) ck_assert(reply.header("Allow") == "GET, HEAD, PUT, POST, DELETE, OPTIONS");
    client.expect_closed();
  }
  HttpClient client = origin.connect();
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  ck_assert_int_eq(client.read_reply(true).status, 400);
  client.expect_closed();
  HttpClient large = origin.connect();
  large.send_request("GET", "/", {{"X", std::string(20'000, 'x')}});
  const HttpReply reply = large.read_reply();
  check_error(reply, 431);
  ck_assert(reply.reason == "Request Header Fields Too Large");
}
END_TEST

START_TEST(test_all_forms_of_a_request_line_are_served) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (const char* line : {"GET http://a HTTP/1.1", "GET http://a?x HTTP/1.1", "GET / HTTP/1.2"}) {
    client.send(std::string(line) + "\r\nHost: a\r\n\r\n");
    const HttpReply reply = client.read_reply();
    ck_assert_msg(reply.status == 200, "%s: %d %s", line, reply.status, reply.body.c_str());
    ck_assert(reply.header("Content-Type").starts_with("text/html"));
  }
  client.send("GET /live/v/1.m4s HTTP/1.9\r\nHost: a\r\n\r\n");
  ck_assert(client.read_reply().body == "0123456789");
  client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  const HttpReply options = client.read_reply();
  ck_assert_int_eq(options.status, 200);
  ck_assert(options.header("Allow") == "GET, HEAD, PUT, POST, DELETE, OPTIONS");
}
END_TEST

START_TEST(test_get_with_a_body_is_refused) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  client.send_request("GET", "/live/v/1.m4s", {{"Content-Length", "4"}});
  client.send("GET ");
  const HttpReply reply = client.read_reply();
  check_error(reply, 400);
  ck_assert(reply.header("Connection") == "close");
}
END_TEST

START_TEST(test_missing_names_are_not_remembered_for_long) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  const HttpReply media = client.get("/live/v/2.m4s");
  check_error(media, 404);
  ck_assert(media.header("Cache-Control") == "max-age=1");
  for (const char* target : {"/api/nothing", "/_web/nothing.js", "/_web/", "/topics/x", "/.well-known/x"}) {
    const HttpReply reply = client.get(target);
    check_error(reply, 404);
    ck_assert(reply.header("Cache-Control") == "no-store");
  }
}
END_TEST

START_TEST(test_bad_paths_are_refused_and_never_climb) {
  SegmentFixture origin;
  for (const char* target :
       {"/live/../live/v/1.m4s", "/live/%2e%2e/live/v/1.m4s", "/live/.%2E/x", "/live/./v/1.m4s",
        "/live/%2e/v/1.m4s", "/live%2fv%2f1.m4s", "/live/..%2fx", "/live/%5c..%5cx", "/live/%00",
        "/live/%0d%0a", "/live/%", "/live/%zz", "/live/%ff", "/..", "/%c0%ae%c0%ae/etc/passwd"}) {
    const HttpReply reply = origin.get(target);
    ck_assert_msg(reply.status == 400, "%s: %d", target, reply.status);
    ck_assert_msg(reply.body.starts_with("{\"error\":\""), "%s", reply.body.c_str());
  }
}
END_TEST

START_TEST(test_names_are_decoded_exactly_once) {
  HttpFixture origin;
  origin.put("live/a b%é?#.m4s", {"x"});
  ck_assert_int_eq(origin.get("/live/a%20b%25%C3%A9%3F%23.m4s").status, 200);
  ck_assert_int_eq(origin.get("/li%76e/a%20b%25%c3%a9%3f%23.m4s?query=1").status, 200);
  ck_assert_int_eq(origin.get("http://cdn.example/live/a%20b%25%C3%A9%3F%23.m4s?x").status, 200);
  ck_assert_int_eq(origin.get("/live/a%2520b").status, 404);
  ck_assert_int_eq(origin.get("/live/%252e%252e/x").status, 404);
}
END_TEST

START_TEST(test_playlists_are_gzipped_where_welcome) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {});
  const std::string text = "#EXTM3U\n" + std::string(1000, '#') + "\n";
  topic->publish(origin.message(
      {7, 0}, text,
      {.content_type = "application/vnd.apple.mpegurl", .cache_control = "max-age=1", .etag = "\"7.0\""}));
  HttpClient client = origin.connect();
  const HttpReply plain = client.get("/live/v/index.m3u8", {{"Accept-Encoding", "br, gzip;q=0"}});
  ck_assert_int_eq(plain.status, 200);
  ck_assert(plain.body == text);
  ck_assert(plain.header("Vary") == "Accept-Encoding");
  ck_assert(!plain.has("Content-Encoding"));
  const HttpReply packed = client.get("/live/v/index.m3u8", {{"Accept-Encoding", "gzip, br"}});
  ck_assert(packed.header("Content-Encoding") == "gzip");
  ck_assert(packed.header("Vary") == "Accept-Encoding");
  ck_assert(packed.header("Content-Type") == "application/vnd.apple.mpegurl");
  ck_assert(packed.header("ETag") != plain.header("ETag"));
  ck_assert_uint_lt(packed.body.size(), text.size() / 2);
  ck_assert(gunzip(packed.body, text.size()) == text);
  // Each form has its own validator.
  const HttpReply same = client.get("/live/v/index.m3u8",
                                    {{"Accept-Encoding", "gzip"}, {"If-None-Match", packed.header("ETag")}});
  ck_assert_int_eq(same.status, 304);
  ck_assert(same.header("Vary") == "Accept-Encoding");
  const HttpReply other = client.get("/live/v/index.m3u8",
                                     {{"Accept-Encoding", "gzip"}, {"If-None-Match", plain.header("ETag")}});
  ck_assert_int_eq(other.status, 200);
}
END_TEST

START_TEST(test_newest_message_is_the_answer) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {});
  HttpClient client = origin.connect();
  for (uint64_t sequence = 1; sequence < 4; ++sequence) {
    topic->publish(origin.message({sequence, 0}, "message " + std::to_string(sequence)));
    ck_assert(client.get("/live/v/index.m3u8?_HLS_msn=1").body == "message " + std::to_string(sequence));
  }
  topic->seal();
  ck_assert(client.get("/live/v/index.m3u8").body == "message 3");
}
END_TEST

struct EchoResolver : store::Resolver {
  store::ObjectRef resolve(std::string_view name, std::string_view query) override {
    if (name != "api/echo") return nullptr;
    return store::make_object({Bytes::copy_of(query)}, {.content_type = "text/plain"});
  }
};

START_TEST(test_resolvers_make_what_is_not_stored) {
  HttpFixture origin;
  origin.store.add_resolver(std::make_shared<EchoResolver>());
  const HttpReply reply = origin.get("/api/echo?a=%20b&c");
  ck_assert_int_eq(reply.status, 200);
  ck_assert(reply.body == "a=%20b&c");
  ck_assert(origin.get("/api/echo").body.empty());
  check_error(origin.get("/api/other"), 404);
}
END_TEST

START_TEST(test_presentation_name_leads_to_its_page) {
  HttpFixture origin;
  origin.store.create_topic("live:1/index.m3u8", {});
  const HttpReply reply = origin.get("/live:1?t=5");
  ck_assert_int_eq(reply.status, 301);
  check_common_headers(reply);
  ck_assert(reply.header("Content-Type").starts_with("text/plain"));
  ck_assert(reply.body.find("error") == std::string::npos);
  ck_assert(reply.header("Location") == "./live%3A1/?t=5" || reply.header("Location") == "./live:1/?t=5");
  check_error(origin.get("/other"), 404);
  check_error(origin.get("/other/"), 404);
}
END_TEST

START_TEST(test_clock_and_health) {
  HttpFixture origin;
  const HttpReply time = origin.get("/time");
  ck_assert_int_eq(time.status, 200);
  ck_assert(time.header("Content-Type") == "text/plain");
  ck_assert(time.header("Cache-Control") == "no-store");
  ck_assert_uint_eq(time.body.size(), std::string("2026-11-22T14:52:03.250Z").size());
  ck_assert(time.body[19] == '.' && time.body.back() == 'Z');
  const HttpReply health = origin.get("/healthz");
  ck_assert(health.body == "{\"live\":true,\"ready\":true}\n");
  ck_assert(health.header("Content-Type") == "application/json");
}
END_TEST

START_TEST(test_server_status_counts) {
  SegmentFixture origin;
  for (const char* agent : {"one", "one", "two"}) origin.get("/live/v/1.m4s", {{"User-Agent", agent}});
  for (const char* viewer : {"192.0.2.1, 10.0.0.1", "192.0.2.2", "192.0.2.1"}) {
    origin.get("/live/v/1.m4s", {{"User-Agent", "two"}, {"X-Forwarded-For", viewer}});
  }
  origin.get("/missing/v/1.m4s");
  const HttpReply reply = origin.get("/api/server");
  ck_assert_int_eq(reply.status, 200);
  ck_assert(reply.header("Cache-Control") == "no-store");
  ck_assert_uint_eq(json_number(reply.body, "requests"), 8);
  ck_assert_uint_eq(json_number(reply.body, "accepted"), 8);
  ck_assert_uint_eq(json_number(reply.body, "held"), 0);
  ck_assert_uint_eq(json_number(reply.body, "used"), origin.store.stats().used_bytes);
  ck_assert_uint_eq(json_number(reply.body, "limit"), 64 << 20);
  ck_assert_uint_eq(json_number(reply.body, "objects"), 1);
  ck_assert_uint_gt(json_number(reply.body, "bytes_sent"), 60);
  ck_assert_msg(reply.body.find("\"viewers\":{\"live\":4}") != std::string::npos, "%s", reply.body.c_str());
}
END_TEST

START_TEST(test_http_1_0_clients) {
  SegmentFixture origin;
  for (const char* host : {"", "Host: x\r\n"}) {
    HttpClient client = origin.connect();
    client.send(std::string("GET /live/v/1.m4s?a=b HTTP/1.0\r\n") + host + "\r\n");
    const HttpReply reply = client.read_reply();
    ck_assert_int_eq(reply.status, 200);
    ck_assert(reply.body == "0123456789");
    client.expect_closed();
  }
  HttpClient client = origin.connect();
  for (int i = 0; i < 3; ++i) {
    client.send("GET /live/v/1.m4s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const HttpReply reply = client.read_reply();
    ck_assert_int_eq(reply.status, 200);
    ck_assert(reply.header("Connection") == "keep-alive");
  }
}
END_TEST

START_TEST(test_connection_is_kept_after_each_kind_of_answer) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (int round = 0; round < 3; ++round) {
    ck_assert_int_eq(client.get("/live/v/1.m4s").status, 200);
    ck_assert_int_eq(client.head("/live/v/1.m4s").status, 200);
    ck_assert_int_eq(client.get("/live/v/1.m4s", {{"Range", "bytes=1-2"}}).status, 206);
    ck_assert_int_eq(client.get("/live/v/1.m4s", {{"Range", "bytes=1-2,4-5"}}).status, 206);
    ck_assert_int_eq(client.get("/live/v/1.m4s", {{"If-None-Match", "*"}}).status, 304);
    ck_assert_int_eq(client.head("/live/v/1.m4s", {{"If-None-Match", "*"}}).status, 304);
    ck_assert_int_eq(client.get("/live/v/1.m4s", {{"Range", "bytes=99-"}}).status, 416);
    ck_assert_int_eq(client.get("/live/v/1.m4s", {{"If-Match", "\"no\""}}).status, 412);
    ck_assert_int_eq(client.get("/live/v/2.m4s").status, 404);
    ck_assert_int_eq(client.head("/live/v/2.m4s").status, 404);
    client.send_request("OPTIONS", "/live/v/1.m4s");
    ck_assert_int_eq(client.read_reply().status, 200);
    client.send_request("DELETE", "/live/v/1.m4s");
    ck_assert_int_eq(client.read_reply().status, 404);
  }
  ck_assert_uint_eq(json_number(client.get("/api/server").body, "accepted"), 1);
  const HttpReply last = client.get("/live/v/1.m4s", {{"Connection", "close"}});
  ck_assert(last.header("Connection") == "close");
  client.expect_closed();
}
END_TEST

START_TEST(test_pipelined_requests_are_answered_in_order) {
  HttpFixture origin;
  for (int i = 0; i < 8; ++i) origin.put("live/" + std::to_string(i), {"body " + std::to_string(i)});
  HttpClient client = origin.connect();
  std::string requests;
  for (int i = 0; i < 8; ++i) {
    requests += "GET /live/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    requests += "DELETE /live/" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.send(requests);
  for (int i = 0; i < 8; ++i) {
    ck_assert(client.read_reply().body == "body " + std::to_string(i));
    ck_assert_int_eq(client.read_reply().status, 404);
  }
}
END_TEST

std::string pattern(size_t size, unsigned seed) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 2654435761u + seed) >> 13);
  return text;
}

START_TEST(test_large_bodies_arrive_whole) {
  HttpFixture origin;
  const std::string first = pattern(5'000'001, 1), second = pattern(3, 2), third = pattern(3'000'000, 3);
  origin.put("live/big", {first, second, third});
  HttpClient client = origin.connect();
  const std::string all = first + second + third;
  ck_assert(client.get("/live/big").body == all);
  ck_assert(client.get("/live/big", {{"Range", "bytes=4999990-5000010"}}).body == all.substr(4'999'990, 21));
  ck_assert(client.get("/live/big", {{"Range", "bytes=1-"}}).body == all.substr(1));
}
END_TEST

START_TEST(test_bytes_of_a_slow_reader_stay_counted) {
  HttpFixture origin;
  constexpr size_t kSize = 16 << 20;
  const auto settles_at = [&](uint64_t bytes) {
    for (int i = 0; i < 1000 && origin.store.stats().used_bytes != bytes; ++i)
      std::this_thread::sleep_for(10ms);
    return origin.store.stats().used_bytes == bytes;
  };
  origin.put("live/big", {pattern(kSize, 1)});
  HttpClient slow = HttpClient::with_small_buffer(origin.port, 16 * 1024);
  slow.send_request("GET", "/live/big");
  ck_assert(slow.readable(10'000));
  ck_assert(origin.store.remove("live/big"));
  // Of the object itself, the worker lets go once it has done for now what the client has seen begin.
  ck_assert(settles_at(kSize));
  slow.shut_down();
  ck_assert(settles_at(0));
}
END_TEST

// Whose bytes left the store gives way before what is new is refused.
START_TEST(test_slow_readers_give_way_when_memory_is_short) {
  http::Server::Options options = HttpFixture::options();
  options.transport.threads = 1;  // another would look for slow readers later, and find who reads what is new
  options.transport.limits.min_send_rate_short_of_memory = 1 << 30;
  options.transport.limits.send_time_short_of_memory = {};
  HttpFixture origin(options);
  constexpr size_t kLimit = 64 << 20;
  origin.put("live/old", {pattern(kLimit / 2, 1)});
  HttpClient slow = HttpClient::with_small_buffer(origin.port, 16 * 1024);
  slow.send_request("GET", "/live/old");
  ck_assert(slow.readable(10'000));
  ck_assert(origin.store.remove("live/old"));
  origin.put("live/new", {pattern(kLimit / 2 - kLimit / 32, 2)});
  for (int i = 0; i < 1000 && origin.store.stats().used_bytes > kLimit / 2; ++i)
    std::this_thread::sleep_for(10ms);
  ck_assert_uint_lt(origin.store.stats().used_bytes, kLimit / 2);
  ck_assert_int_eq(origin.get("/live/new").status, 200);
}
END_TEST

START_TEST(test_many_clients_at_once) {
  SegmentFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {});
  topic->publish(origin.message({1, 0}, "1"));
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      HttpClient client = origin.connect();
      for (int round = 0; round < 200; ++round) {
        ck_assert(client.get("/live/v/1.m4s").body == "0123456789");
        ck_assert_int_eq(client.get("/live/v/index.m3u8", {{"Accept-Encoding", "gzip"}}).status, 200);
      }
    });
  }
  for (uint64_t i = 2; i < 100; ++i) topic->publish(origin.message({i, 0}, std::to_string(i)));
  for (std::thread& client : clients) client.join();
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_object_is_answered_with_its_headers,
      test_empty_object_has_length_zero,
      test_head_has_the_headers_of_get,
      test_options_allows_cross_origin_reading,
      test_other_methods_are_refused,
      test_what_the_guard_refuses_is_answered_like_all_else,
      test_all_forms_of_a_request_line_are_served,
      test_get_with_a_body_is_refused,
      test_missing_names_are_not_remembered_for_long,
      test_bad_paths_are_refused_and_never_climb,
      test_names_are_decoded_exactly_once,
      test_playlists_are_gzipped_where_welcome,
      test_newest_message_is_the_answer,
      test_resolvers_make_what_is_not_stored,
      test_presentation_name_leads_to_its_page,
      test_clock_and_health,
      test_server_status_counts,
      test_http_1_0_clients,
      test_connection_is_kept_after_each_kind_of_answer,
      test_pipelined_requests_are_answered_in_order,
      test_large_bodies_arrive_whole,
      test_bytes_of_a_slow_reader_stay_counted,
      test_slow_readers_give_way_when_memory_is_short,
      test_many_clients_at_once,
  };
  return run_tests("http server", tests);
}
