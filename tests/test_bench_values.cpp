// SPDX-License-Identifier: LGPL-2.1-or-later
// The small parts of origin-bench: times, URLs, boxes, quantiles.
#include <string>

#include "origin/base/gzip.hpp"
#include "origin/bench/box_walk.hpp"
#include "origin/bench/histogram.hpp"
#include "origin/bench/published.hpp"
#include "origin/bench/redirect.hpp"
#include "origin/bench/tally.hpp"
#include "origin/bench/time_text.hpp"
#include "origin/bench/url.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::bench;

namespace {

constexpr UtcTime kMoment(std::chrono::milliseconds(1'795'359'123'250));  // 2026-11-22T14:52:03.250Z

struct Reference {
  const char* text;
  const char* resolved;  // null: an error
};

// Of http://h:81/a/b/c.m3u8?q=1, as RFC 3986 5.4 does it.
constexpr Reference kReferences[] = {
    {"g.m4s", "http://h:81/a/b/g.m4s"},
    {"./g", "http://h:81/a/b/g"},
    {"../g?x=../y#f", "http://h:81/a/g?x=../y"},
    {"../../../g", "http://h:81/g"},
    {"d/./e/../g/", "http://h:81/a/b/d/g/"},
    {"..", "http://h:81/a/"},
    {"/g", "http://h:81/g"},
    {"?y", "http://h:81/a/b/c.m3u8?y"},
    {"", "http://h:81/a/b/c.m3u8?q=1"},
    {"//o/g", "http://o/g"},
    {"http://[::1]:8080/g", "http://[::1]:8080/g"},
    {"https://o/g", nullptr},
    {"a b", nullptr},
    {"data:,x", nullptr},
};
constexpr int kReferenceCount = sizeof kReferences / sizeof kReferences[0];

std::string box(const char* type, const std::string& content) {
  const size_t size = content.size() + 8;
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift);
  return bytes + type + content;
}

// 2026-11-22T14:52:03.25 as NTP has it.
std::string prft(char flags) {
  return box("prft", std::string("\1\0\0", 3) + flags +
                         std::string("\0\0\0\1\xee\xad\x80\x13\x40\0\0\0\0\0\0\0\0\0\0\0", 20));
}

BoxWalk walk(const std::string& bytes, size_t step) {
  BoxWalk boxes;
  for (size_t i = 0; i < bytes.size(); i += step) boxes.feed(std::string_view(bytes).substr(i, step));
  return boxes;
}

}  // namespace

START_TEST(test_times) {
  for (const char* text : {"2026-11-22T14:52:03.250Z", "2026-11-22T15:52:03.25+01:00",
                           "2026-11-22t07:22:03.250-0730", "2026-11-22T14:52:03.250000000"}) {
    ck_assert_msg(parse_rfc3339(text) == kMoment, "%s", text);
    ck_assert(parse_published(text) == kMoment);
  }
  for (const char* text : {"", "2026-11-22", "2026-02-30T00:00:00Z", "2026-11-22T14:52:03.Z",
                           "2026-11-22T14:52:03Zx", "1600-11-22T14:52:03Z", "2026-11-22 14:52:03Z"}) {
    ck_assert_msg(!parse_rfc3339(text), "%s", text);
  }
  ck_assert(parse_published("1795359123250000") == kMoment);
  ck_assert(!parse_published("99999999999999999999") && !parse_published("soon"));
  ck_assert(parse_http_date("Sun, 22 Nov 2026 14:52:03 GMT") == kMoment - 250ms);
  ck_assert(!parse_http_date("Sunday, 22-Nov-26 14:52:03 GMT") && !parse_http_date(""));
  ck_assert(parse_seconds("0.25") == 250ms && !parse_seconds("-1") && !parse_seconds("1s") &&
            !parse_seconds("inf"));
}
END_TEST

START_TEST(test_references_by_table) {
  const Result<Url> base = parse_url("http://h:81/a/b/c.m3u8?q=1#f");
  const Result<Url> url = resolve(*base, kReferences[_i].text);
  if (kReferences[_i].resolved) {
    ck_assert_msg(url->text() == kReferences[_i].resolved, "%s", kReferences[_i].text);
  } else {
    ck_assert_msg(!url, "%s", kReferences[_i].text);
  }
}
END_TEST

START_TEST(test_urls) {
  ck_assert(parse_url("http://host")->text() == "http://host/");
  ck_assert(parse_url("http://host?a")->text() == "http://host/?a");
  ck_assert(parse_url("http://[::1]:99/x")->host == "::1");
  for (const char* text :
       {"ftp://h/", "h/x", "http://", "http://h:0/", "http://h:99999/", "http://[::1/", "http://u:p@h/"}) {
    ck_assert_msg(!parse_url(text), "%s", text);
  }
  ck_assert(with_parameter("/a", "b=1") == "/a?b=1");
  ck_assert(with_parameter("/a?c", "b=1") == "/a?c&b=1");
}
END_TEST

START_TEST(test_redirects_lead_where_they_say) {
  for (const int status : {301, 302, 307, 308}) ck_assert(is_redirect(status));
  for (const int status : {200, 300, 303, 304, 404}) ck_assert(!is_redirect(status));
  const Url from = *parse_url("http://h:81/a/b.m3u8?q=1");
  ck_assert(follow_redirect(from, "../c/d.m3u8", 1)->text() == "http://h:81/c/d.m3u8");
  ck_assert(follow_redirect(from, "http://o/", kMaxRedirects)->text() == "http://o/");
  const auto refused = [&from](const char* location, int count, const char* why) {
    const Result<Url> url = follow_redirect(from, location, count);
    ck_assert_msg(!url && url.error().message.find(why) != std::string::npos, "%s", location);
  };
  refused("", 1, "without a Location");
  refused("/b", kMaxRedirects + 1, "last to /b");
  refused("https://h/a", 1, "'https://h/a' needs TLS");
}
END_TEST

START_TEST(test_boxes_tell_when_they_were_made_and_whether_they_are_whole) {
  const std::string part =
      box("styp", "cmfl") + prft(2) + box("moof", "0123") + box("mdat", std::string(1000, 'x'));
  for (const size_t step : {size_t{1}, size_t{7}, size_t{5000}}) {
    const BoxWalk whole = walk(part, step);
    ck_assert(whole.is_whole() && whole.produced() == kMoment);
    ck_assert(!walk(part.substr(0, part.size() - 1), step).is_whole());
    ck_assert(!walk(part.substr(0, 30), step).is_whole());
    const std::string large = std::string("\0\0\0\1mdat\0\0\0\0\0\0\0\x14", 16) + "0123";
    ck_assert(walk(large, step).is_whole() && !walk(large.substr(0, 19), step).is_whole());
  }
  ck_assert(walk(prft(4), 1).produced() == kMoment);
  for (const char of_a_frame : {0, 1, 8, 24}) ck_assert(!walk(prft(of_a_frame), 1).produced());
  ck_assert(walk("", 1).is_whole());
  ck_assert(walk(std::string("\0\0\0\0mdat", 8) + "x", 1).is_whole());
  // MPEG-TS, and a box that claims to be smaller than its header.
  ck_assert(walk("G@\x11\x10 and so on, and on", 4).is_whole());
  ck_assert(walk(std::string("\0\0\0\4mdat", 8) + "x", 1).is_whole());
}
END_TEST

START_TEST(test_quantiles_are_within_a_hundredth) {
  Histogram histogram;
  ck_assert(histogram.quantile(0.5) == 0s && histogram.max() == 0s);
  for (int i = 1; i <= 100'000; ++i) histogram.add(i * Duration(10us));
  ck_assert_uint_eq(histogram.count(), 100'000);
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double found = to_seconds(histogram.quantile(q));
    ck_assert_msg(found >= q && found <= q * 1.01, "%f: %f", q, found);
  }
  ck_assert(histogram.max() == 1s && histogram.quantile(1) == 1s);
  histogram.add(-1s);
  ck_assert_uint_eq(histogram.negative(), 1);
  histogram.add(24h * 365);
  ck_assert(histogram.quantile(1) == 24h * 365);
}
END_TEST

START_TEST(test_the_best_source_says_when_something_was_published) {
  PublicationSources sources{"1795359123250000", kMoment + 1s, kMoment + 2s, "Sun, 22 Nov 2026 14:52:03 GMT"};
  ck_assert(publication_of(sources).by == PublishedBy::kHeader && publication_of(sources).time == kMoment);
  sources.header = "yesterday";
  ck_assert(publication_of(sources).by == PublishedBy::kProducerTime);
  sources.produced.reset();
  ck_assert(publication_of(sources).time == kMoment + 2s);
  sources.date.reset();
  ck_assert(publication_of(sources).by == PublishedBy::kLastModified);
  sources.last_modified = {};
  ck_assert(publication_of(sources).by == PublishedBy::kNothing);
}
END_TEST

START_TEST(test_deliveries_stay_in_order_however_many) {
  Tally tally;
  for (int part = 0; part < 1000; ++part) {
    for (int client = 0; client < 3; ++client) {
      tally.part(std::to_string(part), 3, {PublishedBy::kHeader, kMoment}, kMoment + client * 10ms);
    }
  }
  const std::vector<Delivery> all = tally.deliveries();
  ck_assert_uint_eq(all.size(), 1000);
  for (size_t i = 0; i < all.size(); ++i) {
    ck_assert(all[i].name == std::to_string(i));
    ck_assert(all[i].served == 3 && all[i].audience == 3 && all[i].spread == 20ms && all[i].max == 20ms);
  }
}
END_TEST

START_TEST(test_gunzip_gives_what_gzip_took) {
  const std::string text(100'000, 'a');
  const Bytes zipped = gzip({Bytes::copy_of(text)});
  ck_assert(*gunzip(zipped.span(), text.size()) == text);
  ck_assert(!gunzip(zipped.span(), text.size() - 1));
  ck_assert(!gunzip(zipped.span().subspan(0, zipped.size() / 2), text.size()));
  ck_assert(!gunzip(as_bytes("no gzip"), 100) && !gunzip({}, 100));
}
END_TEST

int main() {
  const Test tests[] = {
      test_times,
      test_redirects_lead_where_they_say,
      {test_references_by_table, kReferenceCount},
      test_urls,
      test_boxes_tell_when_they_were_made_and_whether_they_are_whole,
      test_quantiles_are_within_a_hundredth,
      test_the_best_source_says_when_something_was_published,
      test_deliveries_stay_in_order_however_many,
      test_gunzip_gives_what_gzip_took,
  };
  return run_tests("bench_values", tests);
}
