// SPDX-License-Identifier: LGPL-2.1-or-later
// Delivery directives of RFC 8216bis 6.2.5, as values and over HTTP.
#include "origin/http/directives.hpp"

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

using http::Directives;
using store::Position;

// Segment 9 is the last whole one and has 4 parts; 10 is being written and has `parts`.
store::MessageRef newest(uint64_t parts, std::string text = "#EXTM3U\n") {
  auto render = [text = std::move(text)](uint8_t edition) -> store::ObjectRef {
    if (edition > 1) return nullptr;
    return store::make_object({Bytes::take(text + (edition ? "delta" : "whole"))},
                              {.cache_control = "max-age=1"});
  };
  return std::make_shared<const store::Message>(
      Position{10, parts}, std::move(render), nullptr,
      store::Ahead{
          .parts_before = 4, .max_parts = 6, .hold_limit = 30s, .awaited_cache_control = "max-age=12"});
}

std::optional<Position> awaited(uint64_t sequence, std::optional<uint64_t> part, uint64_t parts_so_far = 2) {
  const auto position = http::awaited_position({.sequence = sequence, .part = part}, *newest(parts_so_far));
  ck_assert_msg(position.ok(), "%s", position.ok() ? "" : position.error().message.c_str());
  return *position;
}

bool refused(uint64_t sequence, std::optional<uint64_t> part) {
  return !http::awaited_position({.sequence = sequence, .part = part}, *newest(2)).ok();
}

}  // namespace

START_TEST(test_queries_are_read) {
  const auto directives = http::parse_directives("a=b&_HLS_msn=7&_HLS_part=0&_HLS_skip=YES&_HLS_other=1");
  ck_assert(directives.ok());
  ck_assert(directives->sequence == 7 && directives->part == 0);
  ck_assert_int_eq(directives->edition, 1);
  ck_assert_int_eq(http::parse_directives("_HLS_skip=v2")->edition, 2);
  ck_assert(!http::parse_directives("")->sequence);
}
END_TEST

START_TEST(test_wrong_queries_are_named) {
  for (const char* query :
       {"_HLS_part=1", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=1x", "_HLS_msn=0x10", "_HLS_msn",
        "_HLS_msn=18446744073709551616", "_HLS_msn=1&_HLS_msn=1", "_HLS_msn=1&_HLS_part=one", "_HLS_skip=NO",
        "_HLS_skip=", "_HLS_skip=YES&_HLS_skip=v2"}) {
    const auto directives = http::parse_directives(query);
    ck_assert_msg(!directives.ok(), "%s", query);
    ck_assert_msg(directives.error().message.find("_HLS_") != std::string::npos, "%s", query);
  }
}
END_TEST

START_TEST(test_positions_that_are_waited_for) {
  ck_assert(!awaited(3, {}) && !awaited(8, 100));    // long gone
  ck_assert(*awaited(9, {}) == (Position{10, 0}));   // whole, there
  ck_assert(*awaited(10, {}) == (Position{11, 0}));  // whole, to come
  ck_assert(*awaited(10, 1) == (Position{10, 2}));   // there
  ck_assert(*awaited(10, 2) == (Position{10, 3}));   // to come
  ck_assert(*awaited(9, 3) == (Position{9, 4}));     // the last part of a whole segment
  ck_assert(*awaited(9, 4) == (Position{10, 1}));    // past it: the first of the next
  ck_assert(*awaited(11, 0) == (Position{11, 1}));
}
END_TEST

START_TEST(test_what_is_too_far_ahead_is_refused) {
  ck_assert(!refused(11, {}));
  ck_assert(refused(12, {}) && refused(UINT64_MAX, {}));
  ck_assert(!refused(10, 7) && refused(10, 8) && refused(10, UINT64_MAX));
  // Two parts of segment 10 are there, and two more are to be expected before it ends.
  ck_assert(!refused(11, 3) && refused(11, 4) && refused(11, UINT64_MAX));
}
END_TEST

// Versions of a playlist follow each other within a second.
START_TEST(test_a_date_does_not_spare_a_playlist) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s});
  topic->publish(newest(2));
  const HttpReply first = origin.get("/live/v/index.m3u8");
  const HeaderList since = {{"If-Modified-Since", "Sun, 06 Nov 2094 08:49:37 GMT"}};
  ck_assert_int_eq(origin.get("/live/v/index.m3u8", since).status, 200);
  ck_assert_int_eq(origin.get("/live/v/index.m3u8?_HLS_msn=10&_HLS_part=1", since).status, 200);
}
END_TEST

// libsoup leaves the query in the path, where there is no Host.
START_TEST(test_old_requests_have_directives_too) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s});
  topic->publish(newest(2));
  for (const auto& [query, status] :
       {std::pair("_HLS_part=0", 400), {"_HLS_msn=x", 400}, {"_HLS_msn=9", 200}}) {
    HttpClient client = origin.connect();
    client.send(std::string("GET /live/v/index.m3u8?") + query + " HTTP/1.0\r\n\r\n");
    ck_assert_int_eq(client.read_reply().status, status);
  }
}
END_TEST

START_TEST(test_reload_is_answered_when_its_part_is_there) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s});
  topic->publish(newest(2));
  HttpClient client = origin.connect();
  client.send_request("GET", "/live/v/index.m3u8?_HLS_msn=10&_HLS_part=2");
  ck_assert(!client.readable(100));
  topic->publish(newest(3));
  const HttpReply reply = client.read_reply();
  ck_assert_int_eq(reply.status, 200);
  ck_assert(reply.header("Cache-Control") == "max-age=12");
  ck_assert(origin.get("/live/v/index.m3u8").header("Cache-Control") == "max-age=1");
  ck_assert(origin.get("/live/v/index.m3u8?_HLS_skip=YES").body.ends_with("delta"));
  ck_assert(origin.get("/live/v/index.m3u8?_HLS_skip=v2").body.ends_with("whole"));
  check_error(origin.get("/live/v/index.m3u8?_HLS_part=1"), 400);
  check_error(origin.get("/live/v/index.m3u8?_HLS_msn=99"), 400);
}
END_TEST

START_TEST(test_wrong_directives_are_refused_before_there_is_a_playlist) {
  HttpFixture origin;
  const auto topic =
      origin.store.create_topic("live/v/index.m3u8", {.hold_limit = 30s, .may_be_awaited = true});
  check_error(origin.get("/live/v/index.m3u8?_HLS_part=1"), 400);
  check_error(origin.get("/live/v/index.m3u8?_HLS_msn=x"), 400);
  HttpClient client = origin.connect();
  client.send_request("GET", "/live/v/index.m3u8?_HLS_msn=10");
  ck_assert(!client.readable(100));
  // What has no parts has no directives either.
  const auto plain = origin.store.create_topic("plain/v/index.m3u8", {.hold_limit = 30s});
  HttpClient other = origin.connect();
  other.send_request("GET", "/plain/v/index.m3u8?_HLS_part=1");
  ck_assert(!other.readable(100));
}
END_TEST

int main() {
  const Test tests[] = {
      test_queries_are_read,
      test_wrong_queries_are_named,
      test_positions_that_are_waited_for,
      test_what_is_too_far_ahead_is_refused,
      test_a_date_does_not_spare_a_playlist,
      test_old_requests_have_directives_too,
      test_reload_is_answered_when_its_part_is_there,
      test_wrong_directives_are_refused_before_there_is_a_playlist,
  };
  return run_tests("http directives", tests);
}
