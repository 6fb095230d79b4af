// SPDX-License-Identifier: LGPL-2.1-or-later
// What namespaces may cost: how much is stored, read and written, and for how long it is kept.
#include "origin/http/namespaces.hpp"

#include "origin/http/namespace_documents.hpp"
#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;
using http::Namespaces;
using http::NamespaceTerms;
using Traffic = Namespaces::Traffic;

namespace {

void check_error(const HttpReply& reply, int status, const char* text) {
  ck_assert_int_eq(reply.status, status);
  ck_assert_msg(reply.body.find(text) != std::string::npos, "no '%s' in %s", text, reply.body.c_str());
}

MonotonicTime at(Duration time) {
  return MonotonicTime(1h + time);
}

}  // namespace

START_TEST(test_a_namespace_that_is_full_takes_nothing_more) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"small", {.max_objects = 2, .max_bytes = 10}}});
  ck_assert_int_eq(origin.send("PUT", "/small/a", "01234").status, 201);
  // Known before the body comes, and found when it is there.
  check_error(origin.send("PUT", "/small/b", "012345"), 507, "max_bytes of 10 bytes");
  HttpClient chunked = origin.connect();
  chunked.send_request("PUT", "/small/b", {{"Transfer-Encoding", "chunked"}});
  chunked.send("6\r\n012345\r\n0\r\n\r\n");
  check_error(chunked.read_reply(), 507, "namespace 'small' is full");
  ck_assert_int_eq(origin.get("/small/b").status, 404);
  ck_assert_int_eq(origin.send("PUT", "/small/b", "01").status, 201);
  check_error(origin.send("PUT", "/small/c", "0"), 507, "max_objects of 2");
  // In the place of another it is no more than that.
  ck_assert_int_eq(origin.send("PUT", "/small/a", "01234567").status, 200);
  check_error(origin.send("PUT", "/small/a", "012345678"), 507, "max_bytes");
  ck_assert(origin.get("/small/a").body == "01234567");
  ck_assert_int_eq(origin.send("PUT", "/other/c", std::string(1000, 'x')).status, 201);
  ck_assert_int_eq(origin.send("DELETE", "/small/b").status, 200);
  ck_assert_int_eq(origin.send("PUT", "/small/c", "01").status, 201);
}
END_TEST

START_TEST(test_what_goes_by_itself_makes_room) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"small", {.max_objects = 1}}});
  ck_assert_int_eq(origin.send("PUT", "/small/a?ttl_seconds=1", "0").status, 201);
  check_error(origin.send("PUT", "/small/b", "0"), 507, "max_objects");
  while (origin.get("/small/a").status == 200) {
    g_usleep(50'000);
    origin.store.expire_due();
  }
  ck_assert_int_eq(origin.send("PUT", "/small/b", "0").status, 201);
}
END_TEST

START_TEST(test_requests_are_counted_by_the_second) {
  store::Store store({}, Clock::system());
  Namespaces namespaces(store);
  ck_assert(namespaces.all_is_free());
  namespaces.configure({{"a", {.reads_per_second = 2}}, {"b", {.writes_per_second = 1}}});
  ck_assert(!namespaces.all_is_free());
  for (int i = 0; i < 2; ++i) ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 0s);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 500ms);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(250ms)) == 250ms);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(500ms)) == 0s);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(500ms)) > 0s);
  // No more is saved up than comes in a second.
  for (int i = 0; i < 2; ++i) ck_assert(namespaces.admit("a", Traffic::kRead, at(1h)) == 0s);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(1h)) > 0s);
  for (int i = 0; i < 10; ++i) {
    ck_assert(namespaces.admit("a", Traffic::kWrite, at(1h)) == 0s);
    ck_assert(namespaces.admit("b", Traffic::kRead, at(1h)) == 0s);
    ck_assert(namespaces.admit("c", Traffic::kRead, at(1h)) == 0s);
  }
  ck_assert(namespaces.admit("b", Traffic::kWrite, at(1h)) == 0s);
  ck_assert(namespaces.admit("b", Traffic::kWrite, at(1h)) == 1s);
}
END_TEST

START_TEST(test_bytes_are_paid_for_afterwards) {
  store::Store store({}, Clock::system());
  Namespaces namespaces(store);
  namespaces.configure({{"a", {.read_bytes_per_second = 1000}}});
  ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 0s);
  namespaces.charge("a", Traffic::kRead, 3000, at(0s));
  ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 2s);
  ck_assert(namespaces.admit("a", Traffic::kRead, at(2s)) == 0s);
  namespaces.charge("a", Traffic::kRead, 500, at(2s));
  ck_assert(namespaces.admit("a", Traffic::kRead, at(2s)) == 500ms);
  // What is said anew counts at once.
  namespaces.configure({});
  ck_assert(namespaces.admit("a", Traffic::kRead, at(2s)) == 0s);
  ck_assert(namespaces.all_is_free());
}
END_TEST

START_TEST(test_who_reads_too_much_is_told_when_to_come_again) {
  http::Server::Options options = HttpFixture::options();
  options.fast_lane = _i == 0;
  HttpFixture origin(options);
  origin.put("live/v/1.m4s", {"0123456789"});
  origin.put("other/v/1.m4s", {"0123456789"});
  origin.server.configure_namespaces({{"live", {.read_bytes_per_second = 2}}});
  ck_assert_int_eq(origin.get("/live/v/1.m4s").status, 200);
  const HttpReply refused = origin.get("/live/v/1.m4s");
  check_error(refused, 429, "namespace 'live' is read more than its limits allow");
  const int seconds = std::stoi(refused.header("Retry-After"));
  ck_assert_int_ge(seconds, 1);
  ck_assert_int_le(seconds, 4);
  ck_assert_int_eq(origin.connect().head("/live/v/2.m4s").status, 429);
  for (const char* other : {"/other/v/1.m4s", "/time", "/api/server", "/"})
    ck_assert_int_eq(origin.get(other).status, 200);
}
END_TEST

START_TEST(test_who_writes_too_much_is_told_when_to_come_again) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"b", {.write_bytes_per_second = 1}}});
  ck_assert_int_eq(origin.send("PUT", "/b/1", std::string(1000, 'x')).status, 201);
  const HttpReply refused = origin.send("PUT", "/b/2", "0");
  check_error(refused, 429, "namespace 'b' is written to more than its limits allow");
  ck_assert_int_ge(std::stoi(refused.header("Retry-After")), 1);
  ck_assert_int_eq(origin.send("PUT", "/c/1", "0").status, 201);
}
END_TEST

// Not stored: by the store's lane and by libsoup's, and yet one request.
START_TEST(test_what_is_not_stored_counts_once) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"notes", {.reads_per_second = 1}}});
  ck_assert_int_eq(origin.get("/notes/?prefix=").status, 200);
  origin.server.configure_namespaces({{"other", {.reads_per_second = 1}}});
  ck_assert_int_eq(origin.get("/other/none").status, 404);
}
END_TEST

// A limit that comes later begins with all that it allows.
START_TEST(test_what_was_free_is_not_owed) {
  store::Store store({}, Clock::system());
  Namespaces namespaces(store);
  namespaces.configure({{"a", {.reads_per_second = 10}}});
  ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 0s);
  namespaces.set("a", {.read_bytes_per_second = 1000});
  for (int i = 0; i < 1000; ++i) ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 0s);
  ck_assert(namespaces.reset("a"));
  ck_assert(namespaces.admit("a", Traffic::kRead, at(0s)) == 0s);
}
END_TEST

START_TEST(test_what_is_read_along_is_charged) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"live", {.read_bytes_per_second = 10}}});
  HttpClient upload = origin.connect();
  upload.send_request("PUT", "/live/a", {{"Content-Length", "1000"}});
  upload.send(std::string(999, 'x'));
  while (json_number(origin.get("/api/server").body, "uploads") != 1) g_usleep(5'000);
  HttpClient reader = origin.connect();
  reader.send_request("GET", "/live/a");
  (void)reader.read_until(std::string(999, 'x'));
  ck_assert_int_eq(origin.get("/live/a").status, 429);
}
END_TEST

START_TEST(test_ttls_have_bounds) {
  HttpFixture origin;
  origin.server.configure_namespaces(
      {{"a", {.default_ttl = 60, .min_ttl = 10, .max_ttl = 100}}, {"b", {.max_ttl = 30}}});
  check_error(origin.send("PUT", "/a/1?ttl_seconds=9", "0"), 400, "of 10 to 100");
  check_error(origin.send("PUT", "/a/1?ttl_seconds=101", "0"), 400, "of 10 to 100");
  ck_assert_int_eq(origin.send("PUT", "/a/1?ttl_seconds=100", "0").status, 201);
  check_error(origin.send("PUT", "/b/1?ttl_seconds=31", "0"), 400, "of 1 to 30");
  // Playlists and media are cached no longer than they are kept.
  ck_assert_int_eq(origin.send("PUT", "/a/2.m4s", "0").status, 201);
  ck_assert(origin.get("/a/2.m4s").header("Cache-Control") == "public, max-age=60");
  ck_assert_int_eq(origin.send("PUT", "/b/2.m4s", "0").status, 201);
  ck_assert(origin.get("/b/2.m4s").header("Cache-Control") == "public, max-age=30");
  ck_assert_int_eq(origin.send("PUT", "/c/2.m4s?ttl_seconds=1000", "0").status, 201);
}
END_TEST

START_TEST(test_administrators_set_them_over_http) {
  HttpFixture origin;
  origin.server.configure_namespaces({{"live", {.max_objects = 5}}});
  ck_assert_int_eq(origin.send("PUT", "/notes/a", "0123").status, 201);
  const std::string all = origin.get("/api/namespaces").body;
  ck_assert_str_eq(
      all.c_str(),
      "{\"namespaces\":[{\"name\":\"live\",\"objects\":0,\"bytes\":0,\"set_by\":\"configuration\","
      "\"limits\":{\"max_objects\":5}},{\"name\":\"notes\",\"objects\":1,\"bytes\":4,"
      "\"set_by\":\"\",\"limits\":{}}]}\n");
  ck_assert_int_eq(origin.send("PUT", "/api/namespaces/notes", "{\"max_bytes\":6,\"max_ttl\":10}").status,
                   200);
  const std::string one = origin.get("/api/namespaces/notes").body;
  ck_assert_str_eq(one.c_str(),
                   "{\"name\":\"notes\",\"objects\":1,\"bytes\":4,\"set_by\":\"administrator\","
                   "\"limits\":{\"max_bytes\":6,\"max_ttl\":10}}\n");
  check_error(origin.send("PUT", "/notes/b", "0123"), 507, "max_bytes");
  // The configuration is read again: what was set over HTTP stays.
  origin.server.configure_namespaces({{"notes", {.max_bytes = 1000}}});
  check_error(origin.send("PUT", "/notes/b", "0123"), 507, "max_bytes");
  ck_assert_int_eq(origin.send("DELETE", "/api/namespaces/notes").status, 200);
  ck_assert_int_eq(origin.send("PUT", "/notes/b", "0123").status, 201);
  ck_assert_int_eq(origin.send("DELETE", "/api/namespaces/notes").status, 404);
  ck_assert_int_eq(origin.get("/api/namespaces/none").status, 404);
  for (const char* name : {"", "/", "/a/b", "/api", "/_x", "/time"}) {
    const int status = origin.send("PUT", std::string("/api/namespaces") + name, "{}").status;
    ck_assert_msg(status == 405 || status == 400, "%s: %d", name, status);
  }
}
END_TEST

START_TEST(test_wrong_limits_are_named) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"", "no JSON"},
      {"[]", "no JSON object"},
      {"{\"max_bytes\":", "no JSON"},
      {"{\"max_byte\":1}", "\"max_byte\" is no limit; there are max_objects"},
      {"{\"max_bytes\":-1}", "\"max_bytes\" is not a whole number"},
      {"{\"max_bytes\":1.5}", "\"max_bytes\" is not a whole number"},
      {"{\"max_bytes\":\"1\"}", "\"max_bytes\" is not a whole number"},
      {"{\"max_bytes\":{}}", "\"max_bytes\" is not a whole number"},
      {"{\"min_ttl\":5,\"max_ttl\":4}", "min_ttl of 5 is more than max_ttl of 4"},
      {"{\"default_ttl\":5,\"max_ttl\":4}", "default_ttl of 5 is more than max_ttl of 4"},
      {"{\"default_ttl\":5,\"min_ttl\":6}", "default_ttl of 5 is less than min_ttl of 6"}};
  const auto& [text, reason] = kWrong[_i];
  const auto terms = http::parse_namespace_terms(text);
  ck_assert(!terms.ok());
  ck_assert_msg(terms.error().message.find(reason) != std::string::npos, "%s: %s", text,
                terms.error().message.c_str());
  HttpFixture origin;
  ck_assert_int_eq(origin.send("PUT", "/api/namespaces/live", text).status, 400);
  ck_assert_int_eq(origin.get("/api/namespaces/live").status, 404);
}
END_TEST

START_TEST(test_only_administrators_may) {
  HttpFixture origin;
  for (const auto& [method, target] : {std::pair("PUT", "/api/namespaces/a"),
                                       {"DELETE", "/api/namespaces/a"},
                                       {"GET", "/api/namespaces"},
                                       {"GET", "/api/%6eamespaces/a"}})
    ck_assert_int_eq(origin.send(method, target, "", {{"X-Forwarded-For", "10.0.0.1"}}).status, 403);
  access::Policy::Options options;
  const auto key = [](const char* text, const char* role) {
    return access::Policy::ApiKey{
        access::sha256(text), *access::rights_of(role), {*access::PathPrefix::parse("/")}};
  };
  options.keys["boss"] = key("boss-key", "admin");
  options.keys["writer"] = key("writer-key", "readwrite");
  origin.server.set_policy(std::make_shared<const access::Policy>(options));
  const auto ask = [&](const char* method, const char* secret) {
    const std::string body = std::string_view(method) == "PUT" ? "{}" : "";
    return origin
        .send(method, "/api/namespaces/a", body, {{"Authorization", std::string("Bearer ") + secret}})
        .status;
  };
  ck_assert_int_eq(origin.send("PUT", "/api/namespaces/a", "{}").status, 401);
  for (const char* method : {"PUT", "GET", "DELETE"}) ck_assert_int_eq(ask(method, "writer-key"), 403);
  for (const char* method : {"PUT", "GET", "DELETE"}) ck_assert_int_eq(ask(method, "boss-key"), 200);
}
END_TEST

int main() {
  const Test tests[] = {test_a_namespace_that_is_full_takes_nothing_more,
                        test_what_goes_by_itself_makes_room,
                        test_requests_are_counted_by_the_second,
                        test_bytes_are_paid_for_afterwards,
                        {test_who_reads_too_much_is_told_when_to_come_again, 2},
                        test_who_writes_too_much_is_told_when_to_come_again,
                        test_what_is_not_stored_counts_once,
                        test_what_was_free_is_not_owed,
                        test_what_is_read_along_is_charged,
                        test_ttls_have_bounds,
                        test_administrators_set_them_over_http,
                        {test_wrong_limits_are_named, 11},
                        test_only_administrators_may};
  return run_tests("http namespaces", tests);
}
