// SPDX-License-Identifier: LGPL-2.1-or-later
// PUT, POST and DELETE: objects that come whole, in pieces, or not to their end, and who may send them.
#include <thread>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

HttpReply send(const HttpFixture& origin, std::string_view method, std::string_view target,
               const std::string& body = {}, HeaderList headers = {}) {
  HttpClient client = origin.connect();
  headers.emplace_back("Content-Length", std::to_string(body.size()));
  client.send_request(method, target, headers);
  client.send(body);
  return client.read_reply();
}

// A PUT that has sent its head, but nothing of its body.
HttpClient begin(const HttpFixture& origin, std::string_view target, HeaderList headers) {
  HttpClient client = origin.connect();
  client.send_request("PUT", target, headers);
  return client;
}
HttpClient begin_chunked(const HttpFixture& origin, std::string_view target) {
  return begin(origin, target, {{"Transfer-Encoding", "chunked"}});
}

std::string chunk(const std::string& content) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", content.size());
  return size + content + "\r\n";
}

uint64_t server_number(const HttpFixture& origin, const char* name) {
  return json_number(origin.get("/api/server").body, name);
}

void wait_for(const HttpFixture& origin, const char* name, uint64_t count) {
  for (int i = 0; i < 2000 && server_number(origin, name) != count; ++i) std::this_thread::sleep_for(5ms);
  ck_assert_uint_eq(server_number(origin, name), count);
}

START_TEST(test_an_object_is_put_replaced_and_deleted) {
  HttpFixture origin;
  for (const char* method : {"PUT", "POST"}) {
    const HttpReply created = send(origin, method, "/show/a%20b/1.m4s", "0123456789");
    ck_assert_int_eq(created.status, 201);
    ck_assert(created.body.empty());
    check_common_headers(created);
    const HttpReply got = origin.get("/show/a%20b/1.m4s");
    ck_assert_int_eq(got.status, 200);
    ck_assert(got.body == "0123456789");
    ck_assert(got.header("Content-Type") == "video/iso.segment");
    ck_assert(got.header("ETag") == created.header("ETag"));
    ck_assert(got.header("Cache-Control") == "public, max-age=3600");
    ck_assert(got.has("Last-Modified"));
    ck_assert(origin.get("/show/a%20b/1.m4s", {{"Range", "bytes=2-3"}}).body == "23");
    const HttpReply replaced = send(origin, method, "/show/a%20b/1.m4s", "other");
    ck_assert_int_eq(replaced.status, 200);
    ck_assert(replaced.header("ETag") != created.header("ETag"));
    ck_assert(origin.get("/show/a%20b/1.m4s").body == "other");
    ck_assert_int_eq(send(origin, "DELETE", "/show/a%20b/1.m4s").status, 200);
    check_error(origin.get("/show/a%20b/1.m4s"), 404);
    check_error(send(origin, "DELETE", "/show/a%20b/1.m4s"), 404);
  }
  ck_assert(send(origin, "PUT", "/show/same", "x").header("ETag") ==
            send(origin, "PUT", "/show/other", "x").header("ETag"));
  ck_assert_int_eq(send(origin, "PUT", "/show/empty").status, 201);
  ck_assert(origin.get("/show/empty").header("Content-Length") == "0");
}
END_TEST

START_TEST(test_a_connection_goes_on_behind_an_upload) {
  HttpFixture origin;
  HttpClient client = begin_chunked(origin, "/show/1");
  client.send(chunk("01234") + chunk("56789") + "0\r\n\r\nGET /show/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  ck_assert_int_eq(client.read_reply().status, 201);
  ck_assert(client.read_reply().body == "0123456789");
  client.send_request("DELETE", "/show/1");
  ck_assert_int_eq(client.read_reply().status, 200);
  ck_assert_int_eq(client.get("/show/1").status, 404);
}
END_TEST

START_TEST(test_an_upload_is_read_while_it_comes) {
  for (const bool chunked : {true, false}) {
    HttpFixture origin;
    HttpClient sender = chunked ? begin_chunked(origin, "/show/1.m4s")
                                : begin(origin, "/show/1.m4s", {{"Content-Length", "10"}});
    wait_for(origin, "uploads", 1);
    HttpClient early = origin.connect(), ranged = origin.connect(), late = origin.connect();
    early.send_request("GET", "/show/1.m4s");
    ranged.send_request("GET", "/show/1.m4s", {{"Range", "bytes=0-1"}});
    wait_for(origin, "held", 2);
    sender.send(chunked ? chunk("01234") : "01234");
    early.read_until(chunked ? "5\r\n01234\r\n" : "01234");
    late.send_request("GET", "/show/1.m4s");
    late.read_until("01234");
    ck_assert(!ranged.readable(50));
    ck_assert(!early.readable(50));
    sender.send(chunked ? chunk("56789") + "0\r\n\r\n" : "56789");
    ck_assert_int_eq(sender.read_reply().status, 201);
    for (HttpClient* reader : {&early, &late}) {
      reader->read_until(chunked ? "5\r\n56789\r\n0\r\n\r\n" : "56789");
      // The connection is of further use.
      ck_assert(reader->get("/show/1.m4s").body == "0123456789");
    }
    ck_assert(ranged.read_reply().body == "01");
    wait_for(origin, "held", 0);
  }
}
END_TEST

START_TEST(test_an_upload_that_breaks_off_never_was) {
  HttpFixture origin;
  const uint64_t before = origin.store.budget()->used();
  for (const bool cut_in_framing : {false, true}) {
    HttpClient sender = begin_chunked(origin, "/show/1");
    sender.send(chunk("01234"));
    HttpClient reader = origin.connect();
    wait_for(origin, "uploads", 1);
    reader.send_request("GET", "/show/1");
    reader.read_until("5\r\n01234\r\n");
    if (cut_in_framing) {
      sender.send("zz\r\n");
      ck_assert_int_eq(sender.read_reply().status, 400);
    } else {
      const HttpClient gone = std::move(sender);
    }
    reader.expect_closed();
    wait_for(origin, "uploads", 0);
    check_error(origin.get("/show/1"), 404);
  }
  for (int i = 0; i < 400 && origin.store.budget()->used() != before; ++i) std::this_thread::sleep_for(5ms);
  ck_assert_uint_eq(origin.store.budget()->used(), before);
}
END_TEST

START_TEST(test_the_old_object_is_served_until_the_new_one_is_whole) {
  HttpFixture origin;
  send(origin, "PUT", "/show/list.m3u8", "old");
  {
    HttpClient sender = begin(origin, "/show/list.m3u8", {{"Content-Length", "6"}});
    sender.send("new");
    wait_for(origin, "uploads", 1);
    ck_assert(origin.get("/show/list.m3u8").body == "old");
  }
  wait_for(origin, "uploads", 0);
  ck_assert(origin.get("/show/list.m3u8").body == "old");
  ck_assert(origin.get("/show/list.m3u8").header("Cache-Control") == "public, max-age=1");
}
END_TEST

START_TEST(test_of_two_that_write_one_name_the_last_to_end_counts) {
  HttpFixture origin;
  HttpClient first = begin(origin, "/show/1", {{"Content-Length", "2"}});
  first.send("1");
  wait_for(origin, "uploads", 1);
  HttpClient reader = origin.connect();
  reader.send_request("GET", "/show/1");
  reader.read_until("1");
  ck_assert_int_eq(send(origin, "PUT", "/show/1", "second").status, 201);
  ck_assert(origin.get("/show/1").body == "second");
  first.send("2");
  ck_assert_int_eq(first.read_reply().status, 200);
  reader.read_until("2");
  ck_assert(origin.get("/show/1").body == "12");
}
END_TEST

START_TEST(test_too_large_objects_are_refused_before_they_come) {
  http::Server::Options options = HttpFixture::options();
  options.limits.max_object_bytes = 100;
  HttpFixture origin(options);
  HttpClient declared = begin(origin, "/show/1", {{"Content-Length", "101"}});
  check_error(declared.read_reply(), 413);
  HttpClient counted = begin_chunked(origin, "/show/1");
  counted.send(chunk(std::string(60, 'a')) + chunk(std::string(60, 'b')));
  check_error(counted.read_reply(), 413);
  check_error(origin.get("/show/1"), 404);
  ck_assert_int_eq(send(origin, "PUT", "/show/1", std::string(100, 'a')).status, 201);
}
END_TEST

START_TEST(test_memory_that_is_not_there_is_503_and_nothing_is_lost) {
  HttpFixture origin;  // 64 MiB
  origin.put("live/pinned", {std::string(63 << 20, 'a')});
  send(origin, "PUT", "/show/small", "kept");
  HttpClient sender = begin_chunked(origin, "/show/large");
  const std::string mebibyte(1 << 20, 'b');
  sender.send(chunk(mebibyte) + chunk(mebibyte));
  const HttpReply refused = sender.read_reply();
  check_error(refused, 503);
  ck_assert(refused.has("Retry-After"));
  ck_assert_int_eq(origin.get("/live/pinned").status, 200);
}
END_TEST

START_TEST(test_a_body_is_asked_for) {
  HttpFixture origin;
  HttpClient client = begin(origin, "/show/1", {{"Content-Length", "3"}, {"Expect", "100-continue"}});
  client.read_until("HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  ck_assert_int_eq(client.read_reply().status, 201);
  HttpClient refused = begin(origin, "/api/1", {{"Content-Length", "3"}, {"Expect", "100-continue"}});
  check_error(refused.read_reply(), 405);
}
END_TEST

START_TEST(test_conditions_of_writes) {
  HttpFixture origin;
  const HeaderList create = {{"If-None-Match", "*"}};
  check_error(send(origin, "PUT", "/show/1", "a", {{"If-Match", "*"}}), 412);
  ck_assert_int_eq(send(origin, "PUT", "/show/1", "a", create).status, 201);
  check_error(send(origin, "PUT", "/show/1", "b", create), 412);
  const std::string tag = origin.get("/show/1").header("ETag");
  ck_assert_int_eq(send(origin, "PUT", "/show/1", "b", {{"If-Match", tag}}).status, 200);
  check_error(send(origin, "PUT", "/show/1", "c", {{"If-Match", tag}}), 412);
  check_error(send(origin, "DELETE", "/show/1", {}, {{"If-Match", tag}}), 412);
  ck_assert_int_eq(send(origin, "DELETE", "/show/1", {}, {{"If-Match", "*"}}).status, 200);
  // Who was first to begin is not the first to end.
  HttpClient slow = begin(origin, "/show/2", {{"Content-Length", "1"}, create[0]});
  wait_for(origin, "uploads", 1);
  ck_assert_int_eq(send(origin, "PUT", "/show/2", "fast", create).status, 201);
  slow.send("s");
  check_error(slow.read_reply(), 412);
  ck_assert(origin.get("/show/2").body == "fast");
}
END_TEST

START_TEST(test_names_of_presentations_are_theirs) {
  HttpFixture origin;
  ck_assert(origin.store.claim("live"));
  origin.put("live/v/1.m4s", {"media"});
  check_error(send(origin, "PUT", "/live/v/1.m4s", "x"), 409);
  check_error(send(origin, "PUT", "/live/v/new", "x"), 409);
  check_error(send(origin, "DELETE", "/live/v/1.m4s"), 409);
  HttpClient before = begin(origin, "/next/1", {{"Content-Length", "1"}});
  wait_for(origin, "uploads", 1);
  ck_assert(origin.store.claim("next"));
  before.send("x");
  check_error(before.read_reply(), 409);
  origin.store.release("next");
  ck_assert_int_eq(send(origin, "PUT", "/next/1", "x").status, 201);
  ck_assert(!origin.store.claim("next"));
  ck_assert(origin.store.claim("nex"));
}
END_TEST

START_TEST(test_who_writes_without_a_key_sits_at_this_machine) {
  HttpFixture origin;
  const std::string host = "127.0.0.1:" + std::to_string(origin.port);
  const std::pair<const char*, std::string> foreign[] = {{"X-Forwarded-For", "127.0.0.1"},
                                                         {"Forwarded", "for=127.0.0.1"},
                                                         {"Via", "1.1 edge"},
                                                         {"X-Real-IP", "127.0.0.1"},
                                                         {"Origin", "http://example.com"},
                                                         {"Origin", "null"},
                                                         {"Origin", "https://" + host},
                                                         {"Origin", "http://" + host + ".example.com"},
                                                         {"Via", ""}};
  for (const auto& field : foreign) {
    check_error(send(origin, "PUT", "/show/1", "x", {field}), 403);
    check_error(send(origin, "DELETE", "/show/1", {}, {field}), 403);
  }
  HttpClient rebound = origin.connect();
  rebound.send(
      "PUT /show/1 HTTP/1.1\r\nHost: 127.example.com\r\nOrigin: http://127.example.com\r\nContent-Length: "
      "0\r\n\r\n");
  check_error(rebound.read_reply(), 403);
  HttpClient page = origin.connect();
  page.send("PUT /show/1 HTTP/1.1\r\nHost: " + host + "\r\nOrigin: http://" + host +
            "\r\nContent-Length: 0\r\n\r\n");
  ck_assert_int_eq(page.read_reply().status, 201);
}
END_TEST

START_TEST(test_what_an_upload_says_of_its_object) {
  HttpFixture origin;
  send(origin, "PUT", "/show/a.mpd", "x",
       {{"Content-Type", "application/octet-stream"},
        {"X-Title", "match 1"},
        {"Origin-Meta-Take", "3"},
        {"Content-Language", "de"},
        {"X-Accel-Redirect", "/etc/passwd"},
        {"X-Sendfile", "/etc/passwd"},
        {"Set-Cookie", "a=b"},
        {"Location", "http://example.com"}});
  const HttpReply got = origin.get("/show/a.mpd");
  ck_assert(got.header("Content-Type") == "application/dash+xml");
  ck_assert(got.header("X-Title") == "match 1");
  ck_assert(got.header("Origin-Meta-Take") == "3");
  ck_assert(got.header("Content-Language") == "de");
  for (const char* bad : {"X-Accel-Redirect", "X-Sendfile", "Set-Cookie", "Location"})
    ck_assert(!got.has(bad));
  send(origin, "PUT", "/show/b", "x", {{"Content-Type", "text/x-mine"}, {"Cache-Control", "no-cache"}});
  ck_assert(origin.get("/show/b").header("Content-Type") == "text/x-mine");
  ck_assert(origin.get("/show/b").header("Cache-Control") == "no-cache");
  send(origin, "PUT", "/show/c.ts?ttl_seconds=10", "x");
  ck_assert(origin.get("/show/c.ts").header("Cache-Control") == "public, max-age=10");
  for (const char* bad : {"0", "-1", "1.5", "x", "", "99999999999", "5&ttl_seconds=6"})
    check_error(send(origin, "PUT", "/show/d?ttl_seconds=" + std::string(bad), "x"), 400);
  check_error(send(origin, "PUT", "/show/d", "x", {{"Origin-Persistence", "durable"}}), 501);
  check_error(send(origin, "PUT", "/show/d", "x", {{"Origin-Persistence", "forever"}}), 400);
  ck_assert_int_eq(send(origin, "PUT", "/show/d", "x", {{"Origin-Persistence", "ephemeral"}}).status, 201);
}
END_TEST

START_TEST(test_names_that_objects_cannot_have) {
  HttpFixture origin;
  for (const char* reserved :
       {"/", "/api/x", "/topics/a/b", "/time", "/healthz", "/metrics", "/_web/a", "/.a/b"})
    check_error(send(origin, "PUT", reserved, "x"), 405);
  for (const char* bad :
       {"/show", "/show/", "/show/../a", "/show/%2e%2e/a", "/show/%2fa", "/show/a%00", "/show/%zz"})
    check_error(send(origin, "PUT", bad, "x"), 400);
  check_error(send(origin, "PUT", "/show/a", "x", {{"Content-Range", "bytes 0-0/2"}}), 400);
}
END_TEST

START_TEST(test_listing_comes_in_pages) {
  HttpFixture origin;
  for (const char* key : {"b/2", "a/1", "b/1", "b/3", "c"})
    send(origin, "PUT", std::string("/show/") + key, "x");
  send(origin, "PUT", "/shown/b/9", "x");
  const std::string all = origin.get("/show/?prefix=").body;
  size_t at = 0;
  for (const char* key : {"\"a/1\"", "\"b/1\"", "\"b/2\"", "\"b/3\"", "\"c\""}) {
    at = all.find(key, at);
    ck_assert_msg(at != std::string::npos, "%s in %s", key, all.c_str());
  }
  ck_assert(all.find("next") == std::string::npos && all.find("b/9") == std::string::npos);
  const std::string first = origin.get("/show/?prefix=b%2F&limit=2").body;
  ck_assert(first.find("\"b/2\"") != std::string::npos && first.find("\"b/3\"") == std::string::npos);
  ck_assert(first.find("\"next\":\"b/2\"") != std::string::npos);
  const std::string second = origin.get("/show/?prefix=b/&limit=2&after=b/2").body;
  ck_assert(second.find("\"b/3\"") != std::string::npos && second.find("next") == std::string::npos);
  ck_assert(second.find("\"c\"") == std::string::npos);
}
END_TEST

START_TEST(test_uploads_that_never_go_on_cost_little) {
  http::Server::Options options = HttpFixture::options();
  options.limits.max_uploads = 200;
  HttpFixture origin(options);
  const uint64_t before = origin.store.budget()->used();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(begin(origin, "/show/" + std::to_string(i), {{"Content-Length", "10000000"}}));
    clients.back().send("x");
  }
  wait_for(origin, "uploads", 200);
  ck_assert_uint_le(origin.store.budget()->used() - before, 200u * 20'000);
  check_error(begin(origin, "/show/more", {{"Content-Length", "5"}}).read_reply(), 503);
  clients.clear();
  wait_for(origin, "uploads", 0);
  ck_assert_uint_eq(origin.store.budget()->used(), before);
}
END_TEST

START_TEST(test_a_server_that_stops_breaks_uploads_off) {
  HttpFixture origin;
  HttpClient sender = begin(origin, "/show/1", {{"Content-Length", "10"}});
  wait_for(origin, "uploads", 1);
  std::thread stopping([&] { origin.server.stop(); });
  check_error(sender.read_reply(), 503);
  stopping.join();
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_an_object_is_put_replaced_and_deleted,
      test_a_connection_goes_on_behind_an_upload,
      test_an_upload_is_read_while_it_comes,
      test_an_upload_that_breaks_off_never_was,
      test_the_old_object_is_served_until_the_new_one_is_whole,
      test_of_two_that_write_one_name_the_last_to_end_counts,
      test_too_large_objects_are_refused_before_they_come,
      test_memory_that_is_not_there_is_503_and_nothing_is_lost,
      test_a_body_is_asked_for,
      test_conditions_of_writes,
      test_names_of_presentations_are_theirs,
      test_who_writes_without_a_key_sits_at_this_machine,
      test_what_an_upload_says_of_its_object,
      test_names_that_objects_cannot_have,
      test_listing_comes_in_pages,
      test_uploads_that_never_go_on_cost_little,
      test_a_server_that_stops_breaks_uploads_off,
  };
  return run_tests("http uploads", tests);
}
