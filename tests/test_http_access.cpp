// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys and tokens over HTTP: who gets in, what the others are told, and what ends when a key is taken away.
#include <algorithm>
#include <thread>

#include "origin/access/signed_token.hpp"
#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

const std::string kSecret = "a secret of thirty-two bytes and more";
constexpr int64_t kLater = 4'000'000'000;

access::PathPrefixes paths(std::initializer_list<const char*> texts) {
  access::PathPrefixes prefixes;
  for (const char* text : texts) prefixes.push_back(*access::PathPrefix::parse(text));
  return prefixes;
}

access::Policy::ApiKey key(const char* text, const char* role, const char* path) {
  return {access::sha256(text), *access::rights_of(role), paths({path})};
}

// /free/ is open; "reader", "writer" and "boss" have keys.
std::shared_ptr<const access::Policy> policy(bool with_keys = true) {
  access::Policy::Options options;
  options.open = paths({"/free/"});
  options.keys["boss"] = key("boss-key", "admin", "/");
  if (with_keys) {
    options.keys["reader"] = key("reader-key", "read", "/live/");
    options.keys["writer"] = key("writer-key", "write", "/live/");
  }
  options.signing_keys["cdn"] = {kSecret, *access::rights_of("read"), paths({"/live/"})};
  return std::make_shared<const access::Policy>(options);
}

struct AccessFixture : HttpFixture {
  explicit AccessFixture(http::Server::Options server_options = options()) : HttpFixture(server_options) {
    for (const char* name : {"free/1.m4s", "live/v/1.m4s", "other/1.m4s"})
      put(name, {"0123456789"}, {.content_type = "video/mp4", .cache_control = "public, max-age=9"});
    server.set_policy(policy());
  }

  HttpReply send(std::string_view method, std::string_view target, const HeaderList& headers = {},
                 std::string_view body = {}) const {
    HttpClient client = connect();
    HeaderList all = headers;
    if (method != "GET") all.emplace_back("Content-Length", std::to_string(body.size()));
    client.send_request(method, target, all);
    client.send(std::string(body));
    return client.read_reply();
  }
};

HeaderList with_key(const std::string& key) {
  return {{"Authorization", "Bearer " + key}};
}

START_TEST(test_reading_needs_a_key_where_it_is_not_open) {
  http::Server::Options options = HttpFixture::options();
  options.fast_lane = _i == 0;
  const AccessFixture origin(options);
  ck_assert_int_eq(origin.get("/free/1.m4s").status, 200);
  ck_assert(origin.get("/free/1.m4s").header("Cache-Control") == "public, max-age=9");
  for (const char* page : {"/", "/time", "/healthz"}) ck_assert_int_eq(origin.get(page).status, 200);
  const HttpReply refused = origin.get("/live/v/1.m4s");
  ck_assert_int_eq(refused.status, 401);
  check_common_headers(refused);
  const auto challenges =
      std::ranges::count(refused.headers, "WWW-Authenticate", [](const auto& field) { return field.first; });
  ck_assert_int_eq(challenges, 2);
  ck_assert(refused.header("Cache-Control") == "no-store");
  ck_assert_int_eq(origin.get("/api/server").status, 401);
  ck_assert_int_eq(origin.get("/live/nothing").status, 401);

  const HttpReply got = origin.get("/live/v/1.m4s", with_key("reader-key"));
  ck_assert_int_eq(got.status, 200);
  ck_assert(got.body == "0123456789");
  // Not for everybody who asks a cache.
  ck_assert(got.header("Cache-Control") == "max-age=9");
  ck_assert_int_eq(origin.get("/live/v/1.m4s", {{"Authorization", "reader-key"}}).status, 200);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", {{"Authorization", "Basic eDpyZWFkZXIta2V5"}}).status, 200);
  ck_assert_int_eq(origin.get("/live/v/1.m4s?token=reader%2Dkey").status, 200);
  ck_assert_int_eq(origin.get("/other/1.m4s", with_key("reader-key")).status, 403);
  ck_assert_int_eq(origin.get("/other/1.m4s", with_key("boss-key")).status, 200);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", with_key("writer-key")).status, 403);
  ck_assert_int_eq(origin.connect().head("/live/v/1.m4s", with_key("reader-key")).status, 200);
  ck_assert_int_eq(origin.send("OPTIONS", "/live/v/1.m4s").status, 200);
}
END_TEST

// Relative URLs of playlists inherit the path, which every player keeps.
START_TEST(test_token_in_the_path_is_inherited) {
  http::Server::Options options = HttpFixture::options();
  options.fast_lane = _i == 0;
  const AccessFixture origin(options);
  const std::string token = access::sign_token("cdn", kSecret, kLater, "/live/v/");
  const std::string folder = "/_token/" + token;
  ck_assert(origin.get(folder + "/live/v/1.m4s").body == "0123456789");
  ck_assert(origin.get(folder + "/live/v/1.m4s", {{"Range", "bytes=2-3"}}).body == "23");
  ck_assert(origin.get("/live/v/1.m4s?token=" + token).body == "0123456789");
  for (const char* path : {"/live/", "/live/w/1.m4s", "/other/1.m4s", "/live/v/../../other/1.m4s"}) {
    const HttpReply refused = origin.get(folder + path);
    ck_assert_msg(refused.status == 403 || refused.status == 400, "%s: %d", path, refused.status);
  }
  const HttpReply missing = origin.get(folder + "/live/v/2.m4s");
  ck_assert_int_eq(missing.status, 404);
  ck_assert(missing.body.find(token) == std::string::npos);
  const std::string old = access::sign_token("cdn", kSecret, 1'700'000'000, "/live/v/");
  const HttpReply expired = origin.get("/_token/" + old + "/live/v/1.m4s");
  ck_assert_int_eq(expired.status, 403);
  ck_assert(expired.body.find("expired") != std::string::npos && expired.body.find(old) == std::string::npos);
  // Nothing to see in the folder of tokens itself.
  ck_assert_int_eq(origin.get("/_token/" + token).status, 401);
  ck_assert_int_eq(origin.get("/_token//live/v/1.m4s").status, 401);
  ck_assert_int_eq(origin.get("/_token/" + token + folder + "/live/v/1.m4s").status, 403);
}
END_TEST

START_TEST(test_writing_needs_a_key_once_there_are_keys) {
  const AccessFixture origin;
  ck_assert_int_eq(origin.send("PUT", "/live/w/1", {}, "abc").status, 401);
  ck_assert_int_eq(origin.send("PUT", "/live/w/1", with_key("reader-key"), "abc").status, 403);
  ck_assert_int_eq(origin.send("PUT", "/other/w/1", with_key("writer-key"), "abc").status, 403);
  ck_assert_int_eq(origin.send("PUT", "/free/1.m4s", {}, "abc").status, 401);
  ck_assert_int_eq(origin.send("PUT", "/live/w/1", with_key("writer-key"), "abc").status, 201);
  ck_assert_int_eq(origin.send("DELETE", "/live/w/1", with_key("reader-key")).status, 403);
  ck_assert(origin.get("/live/w/1", with_key("reader-key")).body == "abc");
  ck_assert_int_eq(origin.send("DELETE", "/live/w/1", with_key("writer-key")).status, 200);
  const std::string token = access::sign_token("cdn", kSecret, kLater, "/live/");
  ck_assert_int_eq(origin.send("PUT", "/_token/" + token + "/live/w/1", {}, "abc").status, 403);
}
END_TEST

START_TEST(test_nothing_is_written_where_only_playing_is) {
  HttpFixture origin;
  origin.put("live/v/1.m4s", {"0123456789"}, {.content_type = "video/mp4"});
  const auto playing = origin.server.listen("127.0.0.1", 0, http::Purpose::kPlaying);
  ck_assert(playing.ok());
  const auto ask = [&](uint16_t port, const char* method, const char* target) {
    HttpClient client(port);
    client.send_request(method, target, {{"Content-Length", "0"}});
    return client.read_reply();
  };
  for (const char* method : {"PUT", "POST", "DELETE"}) {
    const HttpReply refused = ask(*playing, method, "/live/w/1");
    ck_assert_int_eq(refused.status, 405);
    ck_assert(refused.header("Allow") == "GET, HEAD, OPTIONS");
  }
  ck_assert_int_eq(ask(origin.port, "PUT", "/live/w/1").status, 201);
  for (const char* name : {"/", "/api/server", "/metrics", "/api/anything"})
    ck_assert_msg(HttpClient(*playing).get(name).status == 404, "%s", name);
  ck_assert_int_eq(HttpClient(origin.port).get("/api/server").status, 200);
  for (const char* name : {"/live/v/1.m4s", "/live/w/1", "/time", "/healthz", "/_web/icon.svg"})
    ck_assert_msg(HttpClient(*playing).get(name).status == 200, "%s", name);
  // A key is none of its business.
  origin.server.set_policy(policy());
  HttpClient writer(*playing);
  writer.send_request("PUT", "/live/w/2", {{"Content-Length", "0"}, {"Authorization", "Bearer boss-key"}});
  ck_assert_int_eq(writer.read_reply().status, 405);
  ck_assert_int_eq(HttpClient(*playing).get("/live/v/1.m4s").status, 401);
  ck_assert_int_eq(HttpClient(*playing).get("/live/v/1.m4s", with_key("reader-key")).status, 200);
}
END_TEST

START_TEST(test_wrong_keys_are_limited_by_address) {
  http::Server::Options options = HttpFixture::options();
  options.access.max_failures = 3;
  const AccessFixture origin(options);
  for (int i = 0; i < 3; ++i)
    ck_assert_int_eq(origin.get("/live/v/1.m4s", with_key("guess " + std::to_string(i))).status, 403);
  const HttpReply locked = origin.get("/live/v/1.m4s", with_key("guess 4"));
  ck_assert_int_eq(locked.status, 429);
  const int wait = std::stoi(locked.header("Retry-After"));
  ck_assert(wait > 0 && wait <= 60);
  ck_assert_int_eq(origin.get("/live/v/1.m4s", with_key("reader-key")).status, 200);
}
END_TEST

std::string chunk(const std::string& content) {
  char size[24];
  std::snprintf(size, sizeof size, "%zx\r\n", content.size());
  return size + content + "\r\n";
}

START_TEST(test_what_tells_of_clients_is_for_administrators) {
  AccessFixture origin;
  const auto playing = origin.server.listen("127.0.0.1", 0, http::Purpose::kPlaying);
  for (const char* name :
       {"/api/connections", "/api/objects", "/api/%63onnections", "/api/objects?prefix=live"}) {
    ck_assert_int_eq(origin.get(name).status, 401);
    ck_assert_int_eq(origin.get(name, with_key("reader-key")).status, 403);
    ck_assert_int_eq(origin.get(name, with_key("boss-key")).status, 200);
    ck_assert_int_eq(HttpClient(*playing).get(name, with_key("boss-key")).status, 404);
  }
  // However the target is spelled that libsoup reads.
  const std::string key = "\r\nAuthorization: Bearer reader-key";
  for (const std::string& request :
       {"GET /_token/x?y=/api/connections HTTP/1.0" + key,
        "GET /%5Ftoken/x/api/connections HTTP/1.1\r\nHost: a" + key,
        "GET /_token/x/%5ftoken/y/api/objects HTTP/1.1\r\nHost: a" + key,
        "GET /%61pi/namespaces HTTP/1.0" + key, std::string("GET /_token/x?y=/api/connections HTTP/1.0"),
        std::string("GET http://a/api/objects HTTP/1.1\r\nHost: a")}) {
    HttpClient client = origin.connect();
    client.send(request + "\r\n\r\n");
    ck_assert_msg(client.read_reply().status != 200, "%s", request.c_str());
  }
  // Without keys: for who sits at this machine.
  const HttpFixture keyless;
  for (const char* request : {"GET /_token/x?y=/api/connections HTTP/1.0\r\nX-Forwarded-For: 10.0.0.1",
                              "GET /%5Ftoken/x/api/connections HTTP/1.1\r\nHost: a\r\nVia: b"}) {
    HttpClient client = keyless.connect();
    client.send(std::string(request) + "\r\n\r\n");
    ck_assert_int_eq(client.read_reply().status, 404);
  }
  // A name that leads here is a page's from elsewhere.
  {
    HttpClient client = keyless.connect();
    client.send("GET /api/connections HTTP/1.1\r\nHost: evil.example:8080\r\n\r\n");
    ck_assert_int_eq(client.read_reply().status, 403);
  }
  for (const char* name : {"/api/connections", "/api/%6fbjects"}) {
    ck_assert_int_eq(keyless.get(name).status, 200);
    ck_assert_int_eq(keyless.get(name, {{"X-Forwarded-For", "10.0.0.1"}}).status, 403);
    ck_assert_int_eq(keyless.get(name, {{"Origin", "https://page.example"}}).status, 403);
  }
}
END_TEST

START_TEST(test_revoked_keys_end_open_connections) {
  AccessFixture origin;
  HttpClient upload = origin.connect();
  upload.send_request("PUT", "/live/w/long",
                      {{"Authorization", "Bearer writer-key"}, {"Transfer-Encoding", "chunked"}});
  upload.send(chunk("first"));
  HttpClient reader = origin.connect();
  HttpClient kept = origin.connect();
  ck_assert_int_eq(kept.get("/live/v/1.m4s", with_key("reader-key")).status, 200);
  // Until what is uploaded can be read along.
  HttpReply head;
  for (int i = 0; i < 1000; ++i) {
    head = kept.get("/api/server", with_key("boss-key"));
    if (json_number(head.body, "uploads") == 1) break;
    std::this_thread::sleep_for(5ms);
  }
  reader.send_request("GET", "/live/w/long", with_key("reader-key"));
  (void)reader.read_until("first\r\n");
  origin.server.set_policy(policy(false));
  ck_assert_int_eq(upload.read_reply().status, 403);
  ck_assert_int_eq(kept.get("/live/v/1.m4s", with_key("reader-key")).status, 403);
  // It is broken off: no last chunk comes.
  reader.expect_closed();
  ck_assert_int_eq(origin.get("/live/w/long", with_key("boss-key")).status, 404);
}
END_TEST

START_TEST(test_new_policy_leaves_who_is_admitted_alone) {
  AccessFixture origin;
  HttpClient upload = origin.connect();
  upload.send_request("PUT", "/live/w/long",
                      {{"Authorization", "Bearer writer-key"}, {"Transfer-Encoding", "chunked"}});
  upload.send(chunk("first"));
  std::this_thread::sleep_for(50ms);
  origin.server.set_policy(policy());
  std::this_thread::sleep_for(50ms);
  upload.send(chunk("last") + "0\r\n\r\n");
  ck_assert_int_eq(upload.read_reply().status, 201);
  ck_assert(origin.get("/live/w/long", with_key("reader-key")).body == "firstlast");
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      {test_reading_needs_a_key_where_it_is_not_open, 2},
      {test_token_in_the_path_is_inherited, 2},
      test_writing_needs_a_key_once_there_are_keys,
      test_nothing_is_written_where_only_playing_is,
      test_wrong_keys_are_limited_by_address,
      test_what_tells_of_clients_is_for_administrators,
      test_revoked_keys_end_open_connections,
      test_new_policy_leaves_who_is_admitted_alone,
  };
  return run_tests("http access", tests);
}
