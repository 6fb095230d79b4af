// SPDX-License-Identifier: LGPL-2.1-or-later
// The fast lane answers as libsoup would: a few thousand requests, valid, odd and hostile, go both ways.
#include <array>

#include "tests/both_ways.hpp"
#include "tests/check_main.hpp"

using namespace origin::tests;

namespace {

constexpr const char* kTargets[] = {
    "/live/v/1.m4s",
    "/live/v/gap.m4s",
    "/live/plain",
    "/live/index.m3u8",
    "/live/v/index.m3u8",
    "/live/v/index.m3u8?_HLS_msn=9",
    "/live/v/index.m3u8?_HLS_msn=10&_HLS_part=1&CMCD=br%3D1000",
    "/live/v/index.m3u8?_HLS_skip=YES",
    "/live/v/index.m3u8?_HLS_msn=9&_HLS_skip=v2&token=abc",
    "/live/v/index.m3u8?_HLS_part=1",
    "/live/v/index.m3u8?_HLS_msn=99",
    "/live/v/index.m3u8?_HLS_msn=10&_HLS_msn=10",
    "/live/v/index.m3u8?_HLS_msn=10&_HLS_part=99",
    "/live/v/index.m3u8?_HLS_msn=%39",
    "/live/v/index.m3u8?_HLS_skip=%59ES",
    "/live/v/index.m3u8?%5FHLS_msn=99",
    "/live/v/index.m3u8?_HLS%5fpart=1",
    "/live/v/index.m3u8?_HLS_msn=%2f&%zz=%4",
    "/live/v/2.m4s",   // held until the client goes
    "/live/v/3.m4s",   // never came to be
    "/live/v/99.m4s",  // not known
    "/a%20b/c.txt",
    "/live/v/1%2em4s",
    "/live%2fv/1.m4s",
    "/live/v/%ff",
    "/live/v/../v/1.m4s",
    "/live//v/1.m4s",
    "/live",
    "/live/",
    "/",
    "/healthz",
    "/topics",
    "/live/v/1.m4s?",
    "/live/v/1.m4s?a=b?c",
    "http://other.example/live/v/1.m4s",
    "http://other.example",
    "*",
    "live/v/1.m4s",
};

constexpr const char* kMethods[] = {"GET", "HEAD", "OPTIONS", "PUT", "get", "BREW"};

constexpr const char* kFields[] = {
    "",
    "Range: bytes=2-5\r\n",
    "Range: bytes=-3\r\n",
    "Range: bytes=99-\r\n",
    "Range: bytes=0-1,4-5\r\n",
    "Range: bytes=0-1\r\nRange: bytes=4-5\r\n",
    "Range:\r\nRange: bytes=0-1\r\n",
    "If-Range:\r\nRange: bytes=0-1\r\nIf-Range: \"v1\"\r\n",
    "If-Modified-Since:\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    "Range: lines=1\r\n",
    "Range: bytes=0-1\r\nIf-Range: \"v1\"\r\n",
    "Range: bytes=0-1\r\nIf-Range: \"v2\"\r\n",
    "If-None-Match: \"v1\"\r\n",
    "If-None-Match: \"x\"\r\nIf-None-Match: \"v1\"\r\n",
    "If-None-Match: *\r\n",
    "If-None-Match:\r\n",
    "If-Match: \"nothing\"\r\n",
    "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
    "If-Unmodified-Since: Sun, 06 Nov 1983 08:49:37 GMT\r\n",
    "Accept-Encoding: gzip\r\n",
    "Accept-Encoding: br, gzip;q=0\r\n",
    "accept-encoding: br\r\nACCEPT-ENCODING: gzip\r\n",
    "CMCD-Request: mtp=25400\r\nCMCD-Session: sid=\"a\"\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Connection: close, keep-alive\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
    "Expect: 100-continue\r\n",
    "Content-Length: 0\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Authorization: Bearer abc\r\nCookie: a=b\r\nOrigin: https://page.example\r\n",
    "X-Forwarded-For: 10.0.0.1\r\nVia: 1.1 cache\r\nForwarded: for=10.0.0.1\r\n",
    "Host: again\r\n",
    " folded: line\r\n",
    "No colon\r\n",
    "Odd: \x01\r\n",
    "Latin: \xe9t\xe9\r\n",
};

constexpr const char* kVersions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/1.9", "HTTP/2.0"};

void compare(const BothWays& both, const std::string& bytes) {
  const BothWays::Answers answers = both.send(bytes);
  ck_assert_msg(answers.alike(), "to\n%s\nthe fast lane says\n%s\nand libsoup\n%s", bytes.c_str(),
                answers.fast.c_str(), answers.soup.c_str());
}

std::string request(std::string_view method, std::string_view target, std::string_view version,
                    std::string_view fields) {
  std::string bytes(method);
  bytes.append(" ").append(target).append(" ").append(version).append("\r\nHost: origin.example\r\n");
  return bytes.append(fields).append("\r\n");
}

START_TEST(test_every_target_with_all_fields) {
  const BothWays both;
  for (const char* fields : kFields) {
    for (const char* method : {"GET", "HEAD"})
      compare(both, request(method, kTargets[_i], "HTTP/1.1", fields));
  }
  for (const char* version : kVersions) {
    for (const char* method : kMethods) compare(both, request(method, kTargets[_i], version, ""));
  }
}
END_TEST

// What it takes, and what it leaves alone.
START_TEST(test_fast_lane_takes_plain_requests_for_what_is_stored) {
  const BothWays both;
  const auto taken = [&](const std::string& bytes) {
    const uint64_t before = both.taken_by_fast_lane();
    both.send(bytes);
    return both.taken_by_fast_lane() - before;
  };
  const auto with = [](std::string_view fields) {
    return request("GET", "/live/v/1.m4s", "HTTP/1.1", fields);
  };
  for (const char* target :
       {"/live/v/1.m4s", "/live/v/index.m3u8?_HLS_msn=10&CMCD=a&token=b", "/a%20b/c.txt"}) {
    ck_assert_uint_eq(taken(request("GET", target, "HTTP/1.1", "")), 1);
    ck_assert_uint_eq(taken(request("HEAD", target, "HTTP/1.1", "")), 1);
  }
  for (const char* fields : {"Range: bytes=2-5\r\n", "If-None-Match: \"v1\"\r\n", "Accept-Encoding: gzip\r\n",
                             "CMCD-Request: mtp=1\r\n", "Connection: close\r\n"}) {
    ck_assert_uint_eq(taken(with(fields)), 1);
  }
  ck_assert_uint_eq(taken(with("") + with("") + with("Connection: close\r\n")), 3);
  ck_assert_uint_eq(taken(request("GET", "/live/v/2.m4s", "HTTP/1.1", "")), 1);  // it waits there
  for (const char* fields : {"Upgrade: websocket\r\n", "Expect: 100-continue\r\n", "Content-Length: 0\r\n",
                             "Range: bytes=0-1\r\nRange: bytes=2-3\r\n"}) {
    ck_assert_uint_eq(taken(with(fields)), 0);
  }
  for (const char* version : {"HTTP/1.0", "HTTP/1.9"})
    ck_assert_uint_eq(taken(request("GET", "/live/v/1.m4s", version, "")), 0);
  for (const char* target : {"/live/v/99.m4s", "/", "/healthz", "http://a/live/v/1.m4s"})
    ck_assert_uint_eq(taken(request("GET", target, "HTTP/1.1", "")), 0);
  ck_assert_uint_eq(taken(request("OPTIONS", "/live/v/1.m4s", "HTTP/1.1", "")), 0);
  // After libsoup has answered, the connection is back.
  ck_assert_uint_eq(taken(with("Upgrade: a\r\n") + with("") + with("Expect: 100-continue\r\n") + with("")),
                    2);
  ck_assert_uint_eq(both.taken_without_fast_lane(), 0);
}
END_TEST

START_TEST(test_what_is_pipelined_is_answered_in_order) {
  const BothWays both;
  std::string all;
  for (const char* target : kTargets) {
    // A request that is held ends with its client, and one that is malformed ends its connection.
    const std::string_view name(target);
    if (name == "/live/v/2.m4s" || !name.starts_with('/') || name.find("..") != std::string_view::npos)
      continue;
    all += request("GET", target, "HTTP/1.1", "");
    all += request("HEAD", target, "HTTP/1.1", "");
    all += request("GET", "/healthz", "HTTP/1.1", "");
  }
  compare(both, all);
  for (const size_t cut : std::array<size_t, 4>{1, 20, 200, 2000}) {
    compare(both, all.substr(0, all.size() - cut));
    compare(both, all.substr(cut));
  }
}
END_TEST

START_TEST(test_odd_bytes) {
  const BothWays both;
  const std::string plain = request("GET", "/live/v/1.m4s", "HTTP/1.1", "Accept: */*\r\n");
  for (size_t at = 0; at < plain.size(); ++at) {
    for (const char byte : {'\0', '\r', '\n', ' ', '\t', ':', '/', '%', '\x80'}) {
      std::string changed = plain;
      changed[at] = byte;
      compare(both, changed);
    }
    compare(both, plain.substr(0, at));
    compare(both, plain.substr(0, at) + plain.substr(at + 1));
  }
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      {test_every_target_with_all_fields, std::size(kTargets)},
      test_fast_lane_takes_plain_requests_for_what_is_stored,
      test_what_is_pipelined_is_answered_in_order,
      test_odd_bytes,
  };
  return run_tests("http both ways", tests, 240);
}
