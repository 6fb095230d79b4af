// SPDX-License-Identifier: LGPL-2.1-or-later
// origin-bench reads HTTP/1.1 responses, in one piece as byte by byte.
#include "origin/bench/response_parser.hpp"
#include "tests/check_main.hpp"

using namespace origin::bench;

namespace {

struct Case {
  const char* bytes;
  int status;
  const char* body;  // null: the response is refused
  bool keeps_alive = true;
  const char* rest = "";
};

constexpr Case kCases[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP", 200, "hello", true, "HTTP"},
    {"HTTP/1.1 200\r\ncontent-length:\t0 \r\n\r\n", 200, ""},
    {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "hi"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, ""},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ""},
    {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A;n=v\r\n0123456789\r\n0\r\n\r\n",
     200, "abc0123456789"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\nnext", 200, "a", true,
     "next"},
    {"HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 1\r\n\r\na", 200, "a", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a", false},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", 200, "a"},
    {"HTTP/1.1 500 No\r\n\r\nuntil it closes", 500, "until it closes", false},
    {"HTTP/2 200 OK\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 2xx OK\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 099 Low\r\n\r\n", 0, nullptr},
    {"ICY 200 OK\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 101 Switching\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nna me: x\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\n: x\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 0, nullptr},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 0, nullptr},
};
constexpr int kCaseCount = sizeof kCases / sizeof kCases[0];

struct Outcome {
  std::string body;
  std::string rest;
};

Outcome feed(ResponseParser& parser, std::string_view bytes, size_t step) {
  Outcome outcome;
  while (!bytes.empty() && !parser.complete() && !parser.failed()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    while (!piece.empty() && !parser.complete() && !parser.failed()) outcome.body += parser.feed(piece);
    outcome.rest = piece;
  }
  outcome.rest += bytes;
  return outcome;
}

void check_case(const Case& wanted, size_t step) {
  ResponseParser parser;
  ck_assert(!parser.started());
  const Outcome outcome = feed(parser, wanted.bytes, step);
  if (!wanted.body) {
    ck_assert_msg(parser.failed() && *parser.error(), "%s", wanted.bytes);
    return;
  }
  ck_assert_msg(!parser.failed() && parser.finish(), "%s: %s", wanted.bytes, parser.error());
  ck_assert_int_eq(parser.status(), wanted.status);
  ck_assert_str_eq(outcome.body.c_str(), wanted.body);
  ck_assert_str_eq(outcome.rest.c_str(), wanted.rest);
  ck_assert_msg(parser.keeps_alive() == wanted.keeps_alive, "%s", wanted.bytes);
}

}  // namespace

START_TEST(test_responses_by_table) {
  const Case& wanted = kCases[_i];
  for (const size_t step : {size_t{1}, size_t{3}, size_t{10'000}}) check_case(wanted, step);
}
END_TEST

START_TEST(test_what_is_cut_off_is_not_complete) {
  for (const char* bytes : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"}) {
    ResponseParser parser;
    feed(parser, bytes, 100);
    ck_assert_msg(!parser.complete() && !parser.failed() && !parser.finish(), "%s", bytes);
  }
}
END_TEST

START_TEST(test_fields_are_found_whatever_their_case) {
  ResponseParser parser;
  feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nORIGIN-published:  12 \r\nEmpty:\r\n\r\n", 7);
  ck_assert(parser.field("Origin-Published") == "12");
  ck_assert(parser.field("empty").empty());
  ck_assert(parser.field("Published").empty());
}
END_TEST

START_TEST(test_a_connection_carries_one_response_after_another) {
  ResponseParser parser;
  for (int i = 0; i < 3; ++i) {
    parser.reset();
    const Outcome outcome = feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 4);
    ck_assert(parser.complete() && outcome.body == "a");
  }
}
END_TEST

START_TEST(test_an_endless_head_is_refused) {
  ResponseParser parser;
  feed(parser, "HTTP/1.1 200 OK\r\n", 100);
  const std::string line = "X: " + std::string(1000, 'y') + "\r\n";
  for (int i = 0; i < 100 && !parser.failed(); ++i) feed(parser, line, 10'000);
  ck_assert(parser.failed());
}
END_TEST

int main() {
  const Test tests[] = {
      {test_responses_by_table, kCaseCount},     test_what_is_cut_off_is_not_complete,
      test_fields_are_found_whatever_their_case, test_a_connection_carries_one_response_after_another,
      test_an_endless_head_is_refused,
  };
  return run_tests("bench_response_parser", tests);
}
