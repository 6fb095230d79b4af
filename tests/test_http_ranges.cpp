// SPDX-License-Identifier: LGPL-2.1-or-later
// Ranges and conditional requests over real sockets.
#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

START_TEST(test_conditional_requests) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  for (const HeaderList& condition :
       {HeaderList{{"If-None-Match", "\"v1\""}},
        HeaderList{{"If-None-Match", "\"v0\""}, {"If-None-Match", "W/\"v1\""}},
        HeaderList{{"If-None-Match", "*"}}, HeaderList{{"If-Modified-Since", kModifiedDate}}}) {
    for (const bool head : {false, true}) {
      const HttpReply reply =
          head ? client.head("/live/v/1.m4s", condition) : client.get("/live/v/1.m4s", condition);
      ck_assert_int_eq(reply.status, 304);
      check_common_headers(reply);
      ck_assert(reply.header("ETag") == "\"v1\"");
      ck_assert(reply.header("Cache-Control") == "max-age=12");
      ck_assert(!reply.has("Content-Length"));
      ck_assert(!reply.has("Content-Type"));
    }
  }
  ck_assert_int_eq(client.get("/live/v/1.m4s", {{"If-None-Match", "\"v2\""}}).status, 200);
  check_error(client.get("/live/v/1.m4s", {{"If-Match", "\"v2\""}}), 412);
  check_error(client.get("/live/v/1.m4s", {{"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}), 412);
  ck_assert_int_eq(client.get("/live/v/1.m4s", {{"If-Match", "\"v1\""}}).status, 200);
  check_error(client.get("/live/missing", {{"If-None-Match", "*"}}), 404);
}
END_TEST

START_TEST(test_single_ranges) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
      {"bytes=0-0", {"bytes 0-0/10", "0"}},        {"bytes=2-5", {"bytes 2-5/10", "2345"}},
      {"bytes=8-", {"bytes 8-9/10", "89"}},        {"bytes=-3", {"bytes 7-9/10", "789"}},
      {"bytes=3-99", {"bytes 3-9/10", "3456789"}},
  };
  for (const auto& [range, expected] : cases) {
    const HttpReply reply = client.get("/live/v/1.m4s", {{"Range", range}});
    ck_assert_int_eq(reply.status, 206);
    check_common_headers(reply);
    ck_assert(reply.header("Content-Range") == expected.first);
    ck_assert(reply.body == expected.second);
    ck_assert(reply.header("Content-Type") == "video/mp4");
    ck_assert(reply.header("ETag") == "\"v1\"");
  }
  for (const char* ignored : {"bytes=5-2", "bytes=x", "items=0-1", "bytes=0-9,0-9"}) {
    const HttpReply reply = client.get("/live/v/1.m4s", {{"Range", ignored}});
    ck_assert_int_eq(reply.status, 200);
    ck_assert(reply.body == "0123456789");
  }
  const HttpReply beyond = client.get("/live/v/1.m4s", {{"Range", "bytes=10-"}});
  check_error(beyond, 416);
  ck_assert(beyond.header("Content-Range") == "bytes */10");
  const HttpReply head = client.head("/live/v/1.m4s", {{"Range", "bytes=0-0"}});
  ck_assert_int_eq(head.status, 200);
  ck_assert(head.header("Content-Length") == "10");
}
END_TEST

START_TEST(test_range_is_conditional_on_if_range) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  const auto status_with = [&](const char* if_range) {
    return client.get("/live/v/1.m4s", {{"Range", "bytes=0-1"}, {"If-Range", if_range}}).status;
  };
  ck_assert_int_eq(status_with("\"v1\""), 206);
  ck_assert_int_eq(status_with("\"v2\""), 200);
  ck_assert_int_eq(status_with("W/\"v1\""), 200);
  ck_assert_int_eq(status_with(kModifiedDate), 206);
  ck_assert_int_eq(status_with("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
}
END_TEST

START_TEST(test_several_ranges_come_as_multipart) {
  SegmentFixture origin;
  HttpClient client = origin.connect();
  const HttpReply reply = client.get("/live/v/1.m4s", {{"Range", "bytes=0-1,5-,-1"}});
  ck_assert_int_eq(reply.status, 206);
  ck_assert(!reply.has("Content-Range"));
  const std::string type = reply.header("Content-Type"), prefix = "multipart/byteranges; boundary=";
  ck_assert(type.starts_with(prefix));
  const std::string boundary = "--" + type.substr(prefix.size());
  const auto part = [&](const char* range, const char* bytes) {
    return boundary + "\r\nContent-Type: video/mp4\r\nContent-Range: bytes " + range + "/10\r\n\r\n" + bytes +
           "\r\n";
  };
  ck_assert(reply.body == part("0-1", "01") + part("5-9", "56789") + part("9-9", "9") + boundary + "--\r\n");
  // One that is left of several needs no parts.
  const HttpReply one = client.get("/live/v/1.m4s", {{"Range", "bytes=20-30,0-1"}});
  ck_assert_int_eq(one.status, 206);
  ck_assert(one.header("Content-Range") == "bytes 0-1/10");
  std::string many = "bytes=0-0";
  for (int i = 0; i < 16; ++i) many += ",1-1";
  ck_assert_int_eq(client.get("/live/v/1.m4s", {{"Range", many}}).status, 200);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_conditional_requests,
      test_single_ranges,
      test_range_is_conditional_on_if_range,
      test_several_ranges_come_as_multipart,
  };
  return run_tests("http ranges", tests);
}
