// SPDX-License-Identifier: LGPL-2.1-or-later
// What the guard lets through, what it refuses and with which status, on bytes alone.
#include <array>
#include <string>
#include <vector>

#include "origin/transport/body_framing.hpp"
#include "origin/transport/request_head.hpp"
#include "origin/transport/request_target.hpp"
#include "tests/check_main.hpp"

using namespace origin::transport;
using namespace std::string_literals;

namespace {

constexpr HeadLimits kLimits{1024, 256};
constexpr size_t kFields = 8;

struct Parsed {
  HeadState state = HeadState::kIncomplete;
  RequestHead head;
  HeadError error;
  std::array<HeaderField, kFields> fields;
  std::string bytes;  // what the views are of
};

// All at once.
void parse(const std::string& bytes, Parsed& parsed) {
  size_t scanned = 0;
  parsed.bytes = bytes;
  parsed.state = parse_request_head(parsed.bytes, kLimits, parsed.fields, scanned, parsed.head, parsed.error);
}

// One byte more each time, as a slow client sends it.
void parse_slowly(const std::string& bytes, Parsed& parsed) {
  size_t scanned = 0;
  parsed.bytes = bytes;
  for (size_t size = 1; size <= bytes.size() && parsed.state == HeadState::kIncomplete; ++size) {
    const std::string_view part = std::string_view(parsed.bytes).substr(0, size);
    parsed.state = parse_request_head(part, kLimits, parsed.fields, scanned, parsed.head, parsed.error);
  }
}

struct Refused {
  std::string bytes;
  int status;
};

std::string with_field(const std::string& line) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
}
std::string with_target(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string with_host(const std::string& host) {
  return "GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}
std::string with_method(const std::string& method) {
  return method + " / HTTP/1.1\r\nHost: a\r\n\r\n";
}

const std::vector<Refused>& refused() {
  static const std::vector<Refused> table = {
      // request line
      {"GET\r\n", 400},
      {"GET /\r\n", 400},
      {"GET / \r\n", 400},
      {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"\tGET / HTTP/1.1\r\n", 400},
      {"\nGET / HTTP/1.1\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/11\r\nHost: a\r\n\r\n", 400},
      {"GET / ICY/1.0\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/0.9\r\n\r\n", 505},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"\x16\x03\x01\x02"s, 400},
      {"\0GET / HTTP/1.1\r\n"s, 400},
      {"G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"\xff\xfe\x00\x01"s, 400},
      {"{\"json\": true}\r\n", 400},
      // methods
      {with_method("TRACE"), 405},
      {with_method("CONNECT"), 405},
      {with_method("PATCH"), 405},
      {with_method("get"), 501},
      {with_method("PROPFIND"), 501},
      {with_method(std::string(200, 'M')), 501},
      {with_method("G(T"), 400},
      // line ends
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400},
      {with_field("X: a\rb"), 400},
      // header lines
      {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {with_field("X: a\r\n b"), 400},
      {with_field("X: a\r\n\tb"), 400},
      {with_field("X : a"), 400},
      {with_field(": a"), 400},
      {with_field("no colon"), 400},
      {with_field("X(y): a"), 400},
      {with_field("X\0Y: a"s), 400},
      {with_field("X: a\0b"s), 400},
      {with_field("X: a\x01"
                  "b"),
       400},
      {with_field("X: a\x7f"), 400},
      {with_field("X\xc3\xa4: a"), 400},
      // host
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nX: a\r\n\r\n", 400},
      {with_field("Host: a"), 400},
      {with_field("hOsT: b"), 400},
      {with_host(""), 400},
      {with_host("a b"), 400},
      {with_host("a,b"), 400},
      {with_host("a/b"), 400},
      {with_host("user@a"), 400},
      {with_host("a:b"), 400},
      {with_host("a:65536"), 400},
      {with_host("[::1"), 400},
      {with_host("[nope]"), 400},
      {with_host("[::1]x"), 400},
      // body framing
      {with_field("Content-Length: 5\r\nTransfer-Encoding: chunked"), 400},
      {with_field("Transfer-Encoding: chunked\r\nContent-Length: 5"), 400},
      {with_field("Content-Length: 5\r\nContent-Length: 5"), 400},
      {with_field("Content-Length: 5\r\nContent-Length: 6"), 400},
      {with_field("Content-Length: 5, 5"), 400},
      {with_field("Content-Length:"), 400},
      {with_field("Content-Length: -1"), 400},
      {with_field("Content-Length: +1"), 400},
      {with_field("Content-Length: 0x10"), 400},
      {with_field("Content-Length: 1e3"), 400},
      {with_field("Content-Length: 99999999999999999999"), 400},
      {with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400},
      {with_field("Transfer-Encoding: gzip"), 501},
      {with_field("Transfer-Encoding: gzip, chunked"), 501},
      {with_field("Transfer-Encoding: chunked, chunked"), 501},
      {with_field("Transfer-Encoding: xchunked"), 501},
      {with_field("Transfer-Encoding:"), 501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {with_field("Expect: the-spanish-inquisition"), 417},
      // targets
      {with_target("nope"), 400},
      {with_target("*"), 400},
      {with_target("https://a/"), 400},
      {with_target("ftp://a/"), 400},
      {with_target("http://a#b"), 400},
      {with_target("http://"), 400},
      {with_target("http://?x"), 400},
      {with_target("/./x"), 400},
      {with_target("/%2e/x"), 400},
      {with_target("http:///x"), 400},
      {with_target("http://u@a/x"), 400},
      {with_target("/%"), 400},
      {with_target("/%4"), 400},
      {with_target("/%zz"), 400},
      {with_target("/%00"), 400},
      {with_target("/a?b=%00"), 400},
      {with_target("/a#b"), 400},
      {with_target("/\xc3\xa4"), 400},
      {with_target("/\x01"), 400},
      {with_target("/a\\b"), 400},
      {with_target("/.."), 400},
      {with_target("/../x"), 400},
      {with_target("/a/../../x"), 400},
      {with_target("/%2e%2e/x"), 400},
      {with_target("/.%2E/x"), 400},
      {with_target("/a%2f..%2fx"), 400},
      {with_target("/a%2F%2e%2e"), 400},
      {with_target("/a%5c..%5cx"), 400},
      {with_target("http://a/../x"), 400},
      // sizes
      {with_target("/" + std::string(256, 'a')), 414},
      {with_target("/" + std::string(2000, 'a')), 414},
      {std::string(2000, 'A'), 414},
      {with_field("X: " + std::string(1024, 'a')), 431},
      {with_field("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\nG: 1\r\nH: 1"), 431},
  };
  return table;
}

}  // namespace

START_TEST(test_malformed_heads_are_refused_with_their_status) {
  const Refused& row = refused()[static_cast<size_t>(_i)];
  Parsed parsed;
  parse(row.bytes, parsed);
  ck_assert_msg(parsed.state == HeadState::kBad, "row %d was not refused: %s", _i, row.bytes.c_str());
  ck_assert_msg(parsed.error.status == row.status, "row %d: %d instead of %d (%s) for %s", _i,
                parsed.error.status, row.status, parsed.error.reason.c_str(), row.bytes.c_str());
  ck_assert_int_gt(static_cast<int>(parsed.error.reason.size()), 10);
}
END_TEST

START_TEST(test_a_slow_sender_gets_the_same_verdict) {
  const Refused& row = refused()[static_cast<size_t>(_i)];
  Parsed parsed;
  parse_slowly(row.bytes, parsed);
  ck_assert_msg(parsed.state == HeadState::kBad, "row %d was not refused: %s", _i, row.bytes.c_str());
  ck_assert_msg(parsed.error.status == row.status, "row %d: %d instead of %d", _i, parsed.error.status,
                row.status);
}
END_TEST

START_TEST(test_a_good_head_is_understood) {
  const std::string bytes =
      "POST /live/v%20x/index.m3u8?_HLS_msn=3&x=%2e%2e HTTP/1.1\r\nhOST: [2001:db8::1]:8080\r\n"
      "Content-Length:\t5 \r\nX-Empty:\r\nConnection: foo, Close\r\nEXPECT: 100-Continue\r\n\r\n";
  for (auto* run : {parse, parse_slowly}) {
    Parsed parsed;
    run(bytes + (run == parse ? "hello" : ""), parsed);
    ck_assert_msg(parsed.state == HeadState::kComplete, "%s", parsed.error.reason.c_str());
    const RequestHead& head = parsed.head;
    ck_assert(head.bytes == bytes);
    ck_assert(head.method == "POST");
    ck_assert(head.target == "/live/v%20x/index.m3u8?_HLS_msn=3&x=%2e%2e");
    ck_assert(head.path == "/live/v%20x/index.m3u8");
    ck_assert(head.query == "_HLS_msn=3&x=%2e%2e");
    ck_assert_int_eq(head.minor_version, 1);
    ck_assert(head.has_body && !head.chunked && head.expects_continue && !head.keep_alive);
    ck_assert_uint_eq(head.content_length, 5);
    ck_assert_uint_eq(head.field_count, 5);
    ck_assert(head.field("host") == "[2001:db8::1]:8080");
    ck_assert(head.field("content-length") == "5");
    ck_assert(head.field("x-empty").empty() && head.field("x-missing").empty());
  }
}
END_TEST

START_TEST(test_keep_alive_follows_version_and_connection) {
  const struct {
    const char* head;
    bool keep_alive;
  } table[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: CLOSE\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", true},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (const auto& row : table) {
    Parsed parsed;
    parse(row.head, parsed);
    ck_assert_msg(parsed.state == HeadState::kComplete, "%s", row.head);
    ck_assert_msg(parsed.head.keep_alive == row.keep_alive, "%s", row.head);
  }
}
END_TEST

START_TEST(test_all_forms_of_target_are_taken) {
  const struct {
    const char* line;
    const char* target;
  } table[] = {
      {"GET / HTTP/1.1", "/"},
      {"GET //a HTTP/1.1", "//a"},
      {"GET /a..b/..c/d../... HTTP/1.1", "/a..b/..c/d../..."},
      {"GET /?a=/../ HTTP/1.1", "/?a=/../"},
      {"GET http://a:80/x?y HTTP/1.1", "/x?y"},
      {"GET HTTP://[::1]/x HTTP/1.1", "/x"},
      {"OPTIONS * HTTP/1.1", "*"},
      {"GET / HTTP/1.2", "/"},
      {"GET / HTTP/1.9", "/"},
  };
  for (const auto& row : table) {
    Parsed parsed;
    parse(std::string(row.line) + "\r\nHost: a\r\n\r\n", parsed);
    ck_assert_msg(parsed.state == HeadState::kComplete, "%s: %s", row.line, parsed.error.reason.c_str());
    ck_assert_msg(parsed.head.target == row.target, "%s", row.line);
    ck_assert_int_eq(parsed.head.minor_version, 1);
  }
}
END_TEST

START_TEST(test_an_empty_path_is_the_root) {
  for (const char* query : {"", "x=1"}) {
    Parsed parsed;
    parse(with_target(std::string("http://a:80") + (*query ? "?" : "") + query), parsed);
    ck_assert_msg(parsed.state == HeadState::kComplete, "%s", parsed.error.reason.c_str());
    ck_assert(parsed.head.path == "/" && parsed.head.query == query);
  }
}
END_TEST

START_TEST(test_reasons_are_ascii_whatever_the_client_sent) {
  Parsed parsed;
  parse(with_host("a\\\t\xff\x80"), parsed);
  ck_assert_str_eq(parsed.error.reason.c_str(),
                   "Host 'a\\??"
                   "?' is not a host name with an optional port");
}
END_TEST

namespace {

RequestHead chunked_head() {
  RequestHead head;
  head.has_body = head.chunked = true;
  return head;
}

// Feeds in pieces of `step` bytes; what is left over is in `rest`.
std::string feed(BodyFraming& framing, std::string_view bytes, size_t step, std::string_view& rest) {
  std::string sink;
  while (!bytes.empty() && !framing.complete() && !framing.error()) {
    const size_t used = framing.feed(bytes.substr(0, step), 7, &sink);
    bytes.remove_prefix(used);
  }
  rest = bytes;
  return sink;
}

}  // namespace

START_TEST(test_bodies_end_where_their_framing_says) {
  const std::string chunked =
      "5;ext=\"x\"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nTrailer: x\r\nSecond: y\r\n\r\nGET /";
  for (size_t step = 1; step <= chunked.size(); ++step) {
    BodyFraming framing(chunked_head());
    std::string_view rest;
    const std::string sink = feed(framing, chunked, step, rest);
    ck_assert_msg(framing.complete() && !framing.error(), "%s", framing.error());
    ck_assert(sink == "5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n");
    ck_assert(rest == "GET /");
  }
  RequestHead with_length;
  with_length.content_length = 5;
  BodyFraming framing(with_length);
  std::string_view rest;
  ck_assert(feed(framing, "helloGET /", 3, rest) == "hello");
  ck_assert(framing.complete() && rest == "GET /");
  ck_assert(BodyFraming(RequestHead{}).complete());
}
END_TEST

START_TEST(test_a_full_sink_stops_the_body) {
  RequestHead head;
  head.content_length = 100;
  BodyFraming framing(head);
  std::string sink;
  const std::string body(100, 'x');
  ck_assert_uint_eq(framing.feed(body, 30, &sink), 30);
  ck_assert_uint_eq(framing.feed(body, 0, &sink), 0);
  ck_assert_uint_eq(framing.feed(body, 1000, &sink), 70);
  ck_assert(framing.complete());
}
END_TEST

START_TEST(test_malformed_chunks_are_refused) {
  const std::string table[] = {
      "\r\n",
      "x\r\n",
      "-5\r\nhello\r\n",
      "0x5\r\nhello\r\n",
      " 5\r\nhello\r\n",
      ";x\r\n",
      "5\nhello\r\n",
      "5\rhello\r\n",
      "5\r\nhello\n",
      "5\r\nhelloX\r\n",
      "5\r\nhello\r\r\n",
      "5\r\nhel\r\n0\r\n\r\n",
      "5;a\nb\r\nhello\r\n",
      "5;" + std::string(5000, 'x') + "\r\n",
      "fffffffffffffffff\r\n",
      "0\r\n\n",
      "0\r\nA: b\n\r\n",
      "0\r\n\rX",
      "0\r\nA: \0\r\n\r\n"s,
      "0\r\n" + std::string(20000, 'x'),
  };
  for (const std::string& bytes : table) {
    for (const size_t step : {bytes.size(), size_t{1}}) {
      BodyFraming framing(chunked_head());
      std::string_view rest;
      feed(framing, bytes, step, rest);
      ck_assert_msg(framing.error() && !framing.complete(), "was taken: %s", bytes.c_str());
    }
  }
}
END_TEST

int main() {
  const int rows = static_cast<int>(refused().size());
  const Test tests[] = {
      {test_malformed_heads_are_refused_with_their_status, rows},
      {test_a_slow_sender_gets_the_same_verdict, rows},
      test_a_good_head_is_understood,
      test_keep_alive_follows_version_and_connection,
      test_all_forms_of_target_are_taken,
      test_an_empty_path_is_the_root,
      test_reasons_are_ascii_whatever_the_client_sent,
      test_bodies_end_where_their_framing_says,
      test_a_full_sink_stops_the_body,
      test_malformed_chunks_are_refused,
  };
  return run_tests("guard", tests);
}
