// SPDX-License-Identifier: LGPL-2.1-or-later
// Names, ranges, conditions and Accept-Encoding by table.
#include "origin/base/json.hpp"
#include "origin/http/accept_encoding.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/name.hpp"
#include "origin/http/range.hpp"
#include "origin/http/request_id.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::http;

namespace {

struct NameCase {
  const char* path;
  const char* name;  // null: refused
};

constexpr NameCase kNames[] = {
    {"/", ""},
    {"/live/index.m3u8", "live/index.m3u8"},
    {"/live/a%20b.m4s", "live/a b.m4s"},
    {"/live/%61%7E~", "live/a~~"},
    {"/live/%C3%A9", "live/é"},
    {"/live/", "live/"},
    {"//live", "/live"},
    {"/live/...", "live/..."},
    {"/live/..a", "live/..a"},
    {"/live/.hidden", "live/.hidden"},
    {"/a%25b", "a%b"},
    {"/a%252e%252e/b", "a%2e%2e/b"},  // decoded once only
    {"/live:1/x", "live:1/x"},
    {"", nullptr},
    {"live", nullptr},
    {"*", nullptr},
    {"/live/%", nullptr},
    {"/live/%4", nullptr},
    {"/live/%zz", nullptr},
    {"/live/%+1", nullptr},
    {"/live/%00", nullptr},
    {"/live/%0d%0aX:1", nullptr},
    {"/live/%7f", nullptr},
    {"/live/%2f", nullptr},
    {"/live/%2F..", nullptr},
    {"/live/%5c..", nullptr},
    {"/live/a\\b", nullptr},
    {"/..", nullptr},
    {"/../etc/passwd", nullptr},
    {"/live/../x", nullptr},
    {"/live/./x", nullptr},
    {"/live/.", nullptr},
    {"/live/%2e%2e/x", nullptr},
    {"/live/.%2E/x", nullptr},
    {"/live/%2e./x", nullptr},
    {"/live/%2e/x", nullptr},
    {"/live/%ff", nullptr},            // not UTF-8
    {"/live/%c0%ae%c0%ae/", nullptr},  // overlong dots
    {"/live/%ed%a0%80", nullptr},      // surrogate
};

START_TEST(test_names_are_decoded_once_and_never_climb) {
  const NameCase& expected = kNames[_i];
  const auto name = parse_name(expected.path);
  if (expected.name) {
    ck_assert_msg(name.ok(), "%s", expected.path);
    ck_assert_str_eq(name->c_str(), expected.name);
  } else {
    ck_assert_msg(!name.ok(), "%s", expected.path);
    ck_assert(!name.error().message.empty());
  }
}
END_TEST

START_TEST(test_escaped_nul_does_not_shorten_a_name) {
  ck_assert(!parse_name(std::string_view("/live/\0x", 8)).ok());
  ck_assert(!parse_name("/live%00.m3u8").ok());
}
END_TEST

START_TEST(test_encoded_segment_parses_back) {
  for (const char* segment : {"live", "a b", "é", "50%", "a/b?c#d"}) {
    const std::string encoded = encode_segment(segment);
    ck_assert(encoded.find_first_of(" /?#") == std::string::npos);
  }
  const auto name = parse_name("/" + encode_segment("a b%é"));
  ck_assert(name.ok() && *name == "a b%é");
}
END_TEST

struct RangeCase {
  const char* field;
  uint64_t size;
  Ranges::Kind kind;
  std::vector<ByteRange> list;
};

using Kind = Ranges::Kind;

const RangeCase kRanges[] = {
    {"bytes=0-0", 10, Kind::kOne, {{0, 0}}},
    {"bytes=0-9", 10, Kind::kOne, {{0, 9}}},
    {"bytes=2-4", 10, Kind::kOne, {{2, 4}}},
    {"bytes=2-", 10, Kind::kOne, {{2, 9}}},
    {"bytes=9-", 10, Kind::kOne, {{9, 9}}},
    {"bytes=0-99", 10, Kind::kOne, {{0, 9}}},
    {"bytes=-3", 10, Kind::kOne, {{7, 9}}},
    {"bytes=-10", 10, Kind::kOne, {{0, 9}}},
    {"bytes=-99", 10, Kind::kOne, {{0, 9}}},
    {"BYTES=1-2", 10, Kind::kOne, {{1, 2}}},
    {"bytes=0-1,3-4", 10, Kind::kSeveral, {{0, 1}, {3, 4}}},
    {"bytes= 0-1 ,\t3-4 ,", 10, Kind::kSeveral, {{0, 1}, {3, 4}}},
    {"bytes=,,0-1", 10, Kind::kOne, {{0, 1}}},
    {"bytes=5-6,0-1", 10, Kind::kSeveral, {{5, 6}, {0, 1}}},
    {"bytes=50-60,0-1", 10, Kind::kOne, {{0, 1}}},
    {"bytes=0-18446744073709551615", 10, Kind::kOne, {{0, 9}}},
    {"bytes=0-99999999999999999999999", 10, Kind::kOne, {{0, 9}}},
    {"bytes=10-", 10, Kind::kUnsatisfiable, {}},
    {"bytes=10-20", 10, Kind::kUnsatisfiable, {}},
    {"bytes=99999999999999999999999-", 10, Kind::kUnsatisfiable, {}},
    {"bytes=-0", 10, Kind::kUnsatisfiable, {}},
    {"bytes=10-11,20-", 10, Kind::kUnsatisfiable, {}},
    {"bytes=0-0", 0, Kind::kUnsatisfiable, {}},
    {"bytes=-1", 0, Kind::kUnsatisfiable, {}},
    {"", 10, Kind::kWhole, {}},
    {"bytes", 10, Kind::kWhole, {}},
    {"bytes=", 10, Kind::kWhole, {}},
    {"bytes=,", 10, Kind::kWhole, {}},
    {"bytes=-", 10, Kind::kWhole, {}},
    {"bytes=a-b", 10, Kind::kWhole, {}},
    {"bytes=1", 10, Kind::kWhole, {}},
    {"bytes=4-2", 10, Kind::kWhole, {}},
    {"bytes=--1", 10, Kind::kWhole, {}},
    {"bytes=1--2", 10, Kind::kWhole, {}},
    {"bytes=+1-2", 10, Kind::kWhole, {}},
    {"bytes=1 -2", 10, Kind::kWhole, {}},
    {"bytes=0-1;3-4", 10, Kind::kWhole, {}},
    {"bytes=0-1,x", 10, Kind::kWhole, {}},
    {"items=0-1", 10, Kind::kWhole, {}},
    {"bytes=0-1, bytes=3-4", 10, Kind::kWhole, {}},       // two lines, joined
    {"bytes=0-9,0-9", 10, Kind::kWhole, {}},              // longer than the body
    {"bytes=0-0,1-1,2-2,3-3,4-4", 10, Kind::kWhole, {}},  // more than 4
};

START_TEST(test_ranges_mean_what_the_rfc_says) {
  const RangeCase& expected = kRanges[_i];
  const Ranges ranges = parse_ranges(expected.field, expected.size, 4);
  ck_assert_msg(ranges.kind == expected.kind, "'%s'", expected.field);
  const std::vector<ByteRange> found =
      ranges.kind == Kind::kOne ? std::vector<ByteRange>{ranges.one} : ranges.list;
  ck_assert_msg(found == expected.list, "'%s'", expected.field);
}
END_TEST

START_TEST(test_slices_share_the_memory_of_the_body) {
  const Body body{Bytes::of_static("0123"), Bytes::of_static(""), Bytes::of_static("4567"),
                  Bytes::of_static("89")};
  for (uint64_t first = 0; first < 10; ++first) {
    for (uint64_t last = first; last < 10; ++last) {
      const Body slices = slice_body(body, {first, last});
      ck_assert(flatten(slices) == std::string_view("0123456789").substr(first, last - first + 1));
      for (const Bytes& slice : slices) ck_assert_uint_gt(slice.size(), 0);
    }
  }
  ck_assert_ptr_eq(slice_body(body, {5, 8})[0].data(), body[2].data() + 1);
  ck_assert_ptr_eq(slice_body(body, {0, 3})[0].get(), body[0].get());
}
END_TEST

struct GzipCase {
  const char* accept_encoding;
  bool gzip;
};

constexpr GzipCase kGzip[] = {
    {"", false},
    {"gzip", true},
    {"x-gzip", true},
    {"GZip", true},
    {"gzip, deflate, br", true},
    {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
    {"deflate, br", false},
    {"gzip;q=0", false},
    {"gzip;q=0.000", false},
    {"gzip;q=0.001", true},
    {"gzip; Q=0.5", true},
    {"gzip ; q = 1", true},
    {"identity", false},
    {"identity;q=0", false},
    {"gzip;q=0.5, identity;q=0.4", true},
    {"gzip;q=0.5, identity", false},
    {"gzip, identity", true},
    {"*", true},
    {"*;q=0", false},
    {"*, gzip;q=0", false},
    {"gzip;q=2", false},
    {"gzip;q=0.1234", false},
    {"gzip;q=x", false},
    {"gzip;q=", false},
    {"gzip;q=1.5", false},
    {"gzipped", false},
    {",,gzip,", true},
    {";;,=,q=1", false},
};

START_TEST(test_gzip_is_used_where_it_is_welcome) {
  ck_assert_msg(prefers_gzip(kGzip[_i].accept_encoding) == kGzip[_i].gzip, "'%s'", kGzip[_i].accept_encoding);
}
END_TEST

constexpr UtcTime kModified{std::chrono::seconds(784111777) + 250ms};  // Sun, 06 Nov 1994 08:49:37.25 GMT
constexpr const char* kModifiedDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kEarlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kLater = "Sun, 06 Nov 1994 08:49:38 GMT";

struct ConditionCase {
  Conditions conditions;
  Verdict verdict;
};

const ConditionCase kConditions[] = {
    {{}, Verdict::kProceed},
    {{.if_none_match = "\"v1\""}, Verdict::kNotModified},
    {{.if_none_match = "W/\"v1\""}, Verdict::kNotModified},
    {{.if_none_match = "*"}, Verdict::kNotModified},
    {{.if_none_match = "\"v0\", W/\"v1\""}, Verdict::kNotModified},
    {{.if_none_match = "\"a,b\",\"v1\""}, Verdict::kNotModified},
    {{.if_none_match = "\"v0\""}, Verdict::kProceed},
    {{.if_none_match = "\"v1-gzip\""}, Verdict::kProceed},
    {{.if_none_match = "v1"}, Verdict::kProceed},
    {{.if_none_match = "\"v1"}, Verdict::kProceed},
    {{.if_none_match = "W/"}, Verdict::kProceed},
    {{.if_modified_since = kModifiedDate}, Verdict::kNotModified},
    {{.if_modified_since = kLater}, Verdict::kNotModified},
    {{.if_modified_since = kEarlier}, Verdict::kProceed},
    {{.if_modified_since = "Sunday, 06-Nov-94 08:49:37 GMT"}, Verdict::kNotModified},
    {{.if_modified_since = "Sun Nov  6 08:49:37 1994"}, Verdict::kNotModified},
    {{.if_modified_since = "yesterday"}, Verdict::kProceed},
    {{.if_modified_since = "Sun, 06 Nov 9194 08:49:37 GMT"}, Verdict::kNotModified},
    // RFC 9110 13.1.3: ignored beside If-None-Match.
    {{.if_none_match = "\"v0\"", .if_modified_since = kLater}, Verdict::kProceed},
    {{.if_none_match = "\"v1\"", .if_modified_since = kEarlier}, Verdict::kNotModified},
    {{.if_match = "\"v1\""}, Verdict::kProceed},
    {{.if_match = "*"}, Verdict::kProceed},
    {{.if_match = "\"v0\", \"v1\""}, Verdict::kProceed},
    {{.if_match = "\"v0\""}, Verdict::kFailed},
    {{.if_match = "W/\"v1\""}, Verdict::kFailed},  // strong comparison
    {{.if_match = "garbage"}, Verdict::kFailed},
    {{.if_unmodified_since = kEarlier}, Verdict::kFailed},
    {{.if_unmodified_since = kModifiedDate}, Verdict::kProceed},
    {{.if_unmodified_since = "soon"}, Verdict::kProceed},
    {{.if_match = "\"v1\"", .if_unmodified_since = kEarlier}, Verdict::kProceed},
    {{.if_match = "\"v0\"", .if_none_match = "\"v1\""}, Verdict::kFailed},
    {{.if_match = "\"v1\"", .if_none_match = "\"v1\""}, Verdict::kNotModified},
};

START_TEST(test_conditions_are_judged_in_order) {
  const Validators validators{"\"v1\"", kModified};
  ck_assert_int_eq(static_cast<int>(judge(kConditions[_i].conditions, validators)),
                   static_cast<int>(kConditions[_i].verdict));
}
END_TEST

START_TEST(test_without_validators_only_stars_match) {
  ck_assert(judge({.if_none_match = "\"v1\""}, {}) == Verdict::kProceed);
  ck_assert(judge({.if_none_match = "*"}, {}) == Verdict::kNotModified);
  ck_assert(judge({.if_match = "\"v1\""}, {}) == Verdict::kFailed);
  ck_assert(judge({.if_modified_since = kLater}, {}) == Verdict::kProceed);
  ck_assert(judge({.if_unmodified_since = kEarlier}, {}) == Verdict::kProceed);
}
END_TEST

START_TEST(test_range_counts_only_for_the_named_representation) {
  const Validators validators{"\"v1\"", kModified};
  const UtcTime later = kModified + 10s;
  ck_assert(range_applies("", validators, later));
  ck_assert(range_applies("\"v1\"", validators, later));
  ck_assert(!range_applies("\"v2\"", validators, later));
  ck_assert(!range_applies("W/\"v1\"", validators, later));
  ck_assert(!range_applies("\"v1\", \"v2\"", validators, later));
  ck_assert(!range_applies("\"v1", validators, later));
  ck_assert(range_applies(kModifiedDate, validators, later));
  ck_assert(!range_applies(kLater, validators, later));
  ck_assert(!range_applies(kEarlier, validators, later));
  ck_assert(!range_applies("nonsense", validators, later));
  // The same second may still bring another version.
  ck_assert(!range_applies(kModifiedDate, validators, kModified + 500ms));
  ck_assert(!range_applies("\"\"", {}, later));
}
END_TEST

START_TEST(test_request_ids_are_version_7_and_sort_by_time) {
  RequestIds ids;
  const UtcTime now{std::chrono::milliseconds(0x0193554a63d2)};
  std::string first, second, later;
  ids.append_next(first, now);
  ids.append_next(second, now);
  ids.append_next(later, now + 1ms);
  ck_assert_uint_eq(first.size(), 36);
  ck_assert(first.starts_with("0193554a-63d2-7"));
  ck_assert(std::string("89ab").find(first[19]) != std::string::npos);
  ck_assert(first != second);
  ck_assert(first < later && second < later);
}
END_TEST

START_TEST(test_json_escapes_what_it_is_given) {
  const std::string escaped = JsonDocument().add("error", "a \"b\"\n\\").text();
  ck_assert_str_eq(escaped.c_str(), "{\"error\":\"a \\\"b\\\"\\n\\\\\"}\n");
  const std::string nested = JsonDocument().begin("m").add("n", uint64_t{7}).end().add("b", true).text();
  ck_assert_str_eq(nested.c_str(), "{\"m\":{\"n\":7},\"b\":true}\n");
  JsonDocument list;
  list.begin_array("a").add_element("x").begin_element().add("d", 0.5).add("s", "y").end().end_array();
  const std::string listed = list.text();
  ck_assert_str_eq(listed.c_str(), "{\"a\":[\"x\",{\"d\":0.5,\"s\":\"y\"}]}\n");
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      {test_names_are_decoded_once_and_never_climb, std::ssize(kNames)},
      test_escaped_nul_does_not_shorten_a_name,
      test_encoded_segment_parses_back,
      {test_ranges_mean_what_the_rfc_says, std::ssize(kRanges)},
      test_slices_share_the_memory_of_the_body,
      {test_gzip_is_used_where_it_is_welcome, std::ssize(kGzip)},
      {test_conditions_are_judged_in_order, std::ssize(kConditions)},
      test_without_validators_only_stars_match,
      test_range_counts_only_for_the_named_representation,
      test_request_ids_are_version_7_and_sort_by_time,
      test_json_escapes_what_it_is_given,
  };
  return run_tests("http grammar", tests);
}
