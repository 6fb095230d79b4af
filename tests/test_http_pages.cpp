// SPDX-License-Identifier: LGPL-2.1-or-later
// The dashboard, the player page and what they are made of, as the server embeds them; and who counts as a
// viewer.
#include "origin/http/viewers.hpp"
#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

START_TEST(test_dashboard_is_at_the_root) {
  HttpFixture origin;
  const HttpReply page = origin.get("/");
  ck_assert_int_eq(page.status, 200);
  ck_assert(page.header("Content-Type") == "text/html; charset=utf-8");
  ck_assert(page.header("Cache-Control") == "no-cache");
  ck_assert(page.body.find("<html") != std::string::npos);
  ck_assert_int_eq(origin.get("/", {{"If-None-Match", page.header("ETag")}}).status, 304);
}
END_TEST

START_TEST(test_player_page_needs_a_presentation) {
  HttpFixture origin;
  ck_assert_int_eq(origin.get("/live/").status, 404);
  origin.store.create_topic("live/index.m3u8", {});
  const HttpReply page = origin.get("/live/");
  ck_assert_int_eq(page.status, 200);
  ck_assert(page.header("Content-Type") == "text/html; charset=utf-8");
  ck_assert(page.body != origin.get("/").body);
  ck_assert_int_eq(origin.get("/live").status, 301);
  // Only the presentation has a page.
  origin.store.create_topic("live/video_0/index.m3u8", {});
  ck_assert_int_eq(origin.get("/live/video_0/").status, 404);
  ck_assert_int_eq(origin.get("/live/video_0").status, 404);
}
END_TEST

START_TEST(test_page_parts_have_their_types) {
  HttpFixture origin;
  HttpClient client = origin.connect();
  const std::pair<const char*, const char*> parts[] = {
      {"/_web/style.css", "text/css; charset=utf-8"},
      {"/_web/player.js", "text/javascript; charset=utf-8"},
      {"/_web/icon.svg", "image/svg+xml"},
  };
  for (const auto& [target, type] : parts) {
    const HttpReply part = client.get(target);
    ck_assert_msg(part.status == 200, "%s", target);
    ck_assert_msg(part.header("Content-Type") == type, "%s", target);
    ck_assert_int_eq(client.get(target, {{"If-None-Match", part.header("ETag")}}).status, 304);
  }
}
END_TEST

START_TEST(test_page_parts_are_gzipped_where_welcome) {
  HttpFixture origin;
  HttpClient client = origin.connect();
  for (const char* target : {"/", "/_web/style.css", "/_web/player.js", "/_web/icon.svg"}) {
    const HttpReply plain = client.get(target);
    const HttpReply packed = client.get(target, {{"Accept-Encoding", "gzip, br"}});
    ck_assert(!plain.has("Content-Encoding"));
    ck_assert(packed.header("Content-Encoding") == "gzip");
    for (const HttpReply& reply : {plain, packed}) ck_assert(reply.header("Vary") == "Accept-Encoding");
    ck_assert(packed.header("Content-Type") == plain.header("Content-Type"));
    ck_assert(packed.header("ETag") != plain.header("ETag"));
    ck_assert_uint_lt(packed.body.size(), plain.body.size());
    ck_assert(gunzip(packed.body, plain.body.size()) == plain.body);
    const HeaderList again = {{"Accept-Encoding", "gzip"}, {"If-None-Match", packed.header("ETag")}};
    ck_assert_int_eq(client.get(target, again).status, 304);
  }
}
END_TEST

START_TEST(test_pages_only_ask_for_what_is_embedded) {
  HttpFixture origin;
  origin.store.create_topic("live/index.m3u8", {});
  HttpClient client = origin.connect();
  for (const char* page : {"/", "/live/"}) {
    const std::string html = client.get(page).body;
    for (size_t at = html.find("_web/"); at != std::string::npos; at = html.find("_web/", at + 1)) {
      const std::string file = html.substr(at, html.find_first_of("\"' >?", at) - at);
      ck_assert_msg(client.get("/" + file).status == 200, "%s of %s", file.c_str(), page);
    }
  }
}
END_TEST

constexpr MonotonicTime kStart{std::chrono::hours(1)};

START_TEST(test_viewers_are_counted_once_and_forgotten) {
  http::Viewers viewers(15s, 1000);
  viewers.note("live", {"a"}, kStart);
  viewers.note("live", {"a"}, kStart + 1s);
  viewers.note("live", {"b"}, kStart);
  viewers.note("other", {"a"}, kStart);
  auto counts = viewers.count(kStart + 2s);
  ck_assert_uint_eq(counts.size(), 2);
  ck_assert_uint_eq(counts["live"], 2);
  ck_assert_uint_eq(counts["other"], 1);
  counts = viewers.count(kStart + 15s);
  ck_assert_uint_eq(counts.size(), 1);
  ck_assert_uint_eq(counts["live"], 1);
  ck_assert(viewers.count(kStart + 16s).empty());
}
END_TEST

START_TEST(test_viewers_stay_within_their_capacity) {
  http::Viewers viewers(15s, 160);
  const auto flood = [&](const char* prefix, MonotonicTime now) {
    for (int i = 0; i < 10'000; ++i) viewers.note("live", {prefix, std::to_string(i)}, now);
  };
  flood("a", kStart);
  const uint64_t full = viewers.count(kStart)["live"];
  ck_assert_uint_ge(full, 100);
  ck_assert_uint_le(full, 176);
  flood("b", kStart + 1s);
  ck_assert_uint_eq(viewers.count(kStart + 1s)["live"], full);
  // Those who left make room.
  flood("c", kStart + 20s);
  ck_assert_uint_ge(viewers.count(kStart + 20s)["live"], 100);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_dashboard_is_at_the_root,
      test_player_page_needs_a_presentation,
      test_page_parts_have_their_types,
      test_page_parts_are_gzipped_where_welcome,
      test_pages_only_ask_for_what_is_embedded,
      test_viewers_are_counted_once_and_forgotten,
      test_viewers_stay_within_their_capacity,
  };
  return run_tests("http pages", tests);
}
