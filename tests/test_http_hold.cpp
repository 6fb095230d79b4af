// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests for what will exist soon: held, woken, given up, forgotten.
#include <thread>

#include "tests/http_fixture.hpp"

using namespace origin;
using namespace origin::tests;

namespace {

const store::TopicOptions kPlaylist{.hold_limit = 30s};
const store::TopicOptions kGrowing{.hold_limit = 30s, .keep = 0};

uint64_t held(const HttpFixture& origin) {
  return json_number(origin.get("/api/server").body, "held");
}

void wait_for_held(const HttpFixture& origin, uint64_t count) {
  for (int i = 0; i < 2000 && held(origin) != count; ++i) std::this_thread::sleep_for(5ms);
  ck_assert_uint_eq(held(origin), count);
}

HttpClient hold(const HttpFixture& origin, std::string_view target, std::string_view method = "GET") {
  HttpClient client = origin.connect();
  client.send_request(method, target);
  return client;
}

std::vector<HttpClient> hold_many(const HttpFixture& origin, int count, std::string_view target) {
  std::vector<HttpClient> clients;
  for (int i = 0; i < count; ++i) clients.push_back(hold(origin, target));
  return clients;
}

void check_unavailable(const HttpReply& reply) {
  ck_assert_int_eq(reply.status, 503);
  ck_assert(reply.header("Retry-After") == "1");
  ck_assert(reply.header("Content-Type") == "application/json");
  ck_assert(reply.header("Access-Control-Allow-Origin") == "*");
  ck_assert(reply.body.starts_with("{\"error\":\""));
}

START_TEST(test_first_playlist_is_held_until_published) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/index.m3u8", kPlaylist);
  HttpClient get = hold(origin, "/live/index.m3u8"), head = hold(origin, "/live/index.m3u8", "HEAD");
  wait_for_held(origin, 2);
  ck_assert(!get.readable(50));
  topic->publish(origin.message({1, 0}, "#EXTM3U\n"));
  const HttpReply reply = get.read_reply();
  ck_assert_int_eq(reply.status, 200);
  ck_assert(reply.body == "#EXTM3U\n");
  ck_assert(head.read_reply(true).header("Content-Length") == "8");
  wait_for_held(origin, 0);
  ck_assert_int_eq(get.get("/live/index.m3u8").status, 200);
}
END_TEST

START_TEST(test_growing_segment_is_held_until_it_is_an_object) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/1.m4s", kGrowing);
  HttpClient whole = hold(origin, "/live/v/1.m4s");
  HttpClient range = origin.connect();
  range.send_request("GET", "/live/v/1.m4s", {{"Range", "bytes=3-4"}});
  wait_for_held(origin, 2);
  topic->publish(origin.message({0, 0}, "0123"));
  topic->publish(origin.message({1, 0}, "4567"));
  ck_assert(!whole.readable(100));
  ck_assert_uint_eq(held(origin), 2);
  origin.store.seal_into(topic, origin.make_object({"0123", "4567"}), {.pinned = true});
  ck_assert(whole.read_reply().body == "01234567");
  const HttpReply part = range.read_reply();
  ck_assert_int_eq(part.status, 206);
  ck_assert(part.body == "34");
}
END_TEST

START_TEST(test_hold_expires_at_deadline) {
  HttpFixture origin;
  origin.store.create_topic("live/a.m3u8", {.hold_limit = 300ms});
  origin.store.create_topic("live/b.m3u8", {.hold_limit = 100ms});
  HttpClient later = hold(origin, "/live/a.m3u8");
  HttpClient sooner = hold(origin, "/live/b.m3u8");
  check_unavailable(sooner.read_reply());
  check_unavailable(later.read_reply());
  ck_assert_uint_eq(held(origin), 0);
  // The connection goes on.
  ck_assert_int_eq(later.get("/healthz").status, 200);
  // Publishing afterwards disturbs nobody.
  HttpClient head = hold(origin, "/live/b.m3u8", "HEAD");
  ck_assert_int_eq(head.read_reply(true).status, 503);
}
END_TEST

START_TEST(test_client_that_hangs_up_frees_its_place) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/index.m3u8", kPlaylist);
  HttpClient stays = hold(origin, "/live/index.m3u8");
  std::vector<HttpClient> leaving = hold_many(origin, 20, "/live/index.m3u8");
  wait_for_held(origin, 21);
  leaving.clear();
  wait_for_held(origin, 1);
  topic->publish(origin.message({1, 0}, "x"));
  ck_assert(stays.read_reply().body == "x");
}
END_TEST

START_TEST(test_one_publish_wakes_200) {
  HttpFixture origin;
  const auto topic = origin.store.create_topic("live/v/index.m3u8", kPlaylist);
  std::vector<HttpClient> clients = hold_many(origin, 200, "/live/v/index.m3u8");
  wait_for_held(origin, 200);
  topic->publish(origin.message({1, 0}, "woken"));
  for (HttpClient& client : clients) ck_assert(client.read_reply().body == "woken");
  wait_for_held(origin, 0);
  for (HttpClient& client : clients) ck_assert(client.get("/live/v/index.m3u8").body == "woken");
}
END_TEST

START_TEST(test_removed_name_ends_the_wait_with_404) {
  HttpFixture origin;
  origin.store.create_topic("live/v/1.m4s", kGrowing);
  origin.store.create_topic("live/v/index.m3u8", kPlaylist);
  HttpClient segment = hold(origin, "/live/v/1.m4s"), playlist = hold(origin, "/live/v/index.m3u8");
  wait_for_held(origin, 2);
  ck_assert_uint_eq(origin.store.remove_prefix("live/"), 2);
  ck_assert_int_eq(segment.read_reply().status, 404);
  ck_assert_int_eq(playlist.read_reply().status, 404);
  // A topic that ended without a word.
  origin.store.create_topic("live/v/2.m3u8", kPlaylist)->seal();
  ck_assert_int_eq(origin.get("/live/v/2.m3u8").status, 404);
}
END_TEST

START_TEST(test_sealed_topic_that_is_replaced_is_looked_up_again) {
  HttpFixture origin;
  const auto first = origin.store.create_topic("live/v/index.m3u8", kPlaylist);
  HttpClient client = hold(origin, "/live/v/index.m3u8");
  wait_for_held(origin, 1);
  // A restarted presentation: the same name, held on under the new topic.
  const auto second = origin.store.create_topic("live/v/index.m3u8", kPlaylist);
  first->seal();
  ck_assert(!client.readable(50));
  second->publish(origin.message({1, 0}, "second run"));
  ck_assert(client.read_reply().body == "second run");
}
END_TEST

START_TEST(test_holds_are_limited) {
  http::Server::Options options = HttpFixture::options();
  options.limits.max_held = 3;
  HttpFixture origin(options);
  const auto topic = origin.store.create_topic("live/index.m3u8", kPlaylist);
  std::vector<HttpClient> clients = hold_many(origin, 3, "/live/index.m3u8");
  wait_for_held(origin, 3);
  check_unavailable(origin.get("/live/index.m3u8"));
  topic->publish(origin.message({1, 0}, "x"));
  for (HttpClient& client : clients) ck_assert_int_eq(client.read_reply().status, 200);
}
END_TEST

START_TEST(test_stop_answers_all_that_wait) {
  HttpFixture origin;
  origin.store.create_topic("live/index.m3u8", kPlaylist);
  std::vector<HttpClient> clients = hold_many(origin, 50, "/live/index.m3u8");
  wait_for_held(origin, 50);
  origin.server.stop();
  for (HttpClient& client : clients) {
    const HttpReply reply = client.read_reply();
    check_unavailable(reply);
    ck_assert(reply.header("Connection") == "close");
    client.expect_closed();
  }
  origin.server.stop();
}
END_TEST

START_TEST(test_stop_lets_a_running_answer_end) {
  http::Server::Options options = HttpFixture::options();
  options.limits.stop_grace = 60s;
  HttpFixture origin(options);
  const std::string content(32 << 20, 'x');
  origin.put("live/big", {content});
  HttpClient client = HttpClient::with_small_buffer(origin.port, 16 * 1024);
  client.send_request("GET", "/live/big");
  ck_assert(client.readable(10'000));
  std::thread stopping([&] { origin.server.stop(); });
  ck_assert(client.read_reply().body == content);
  client.expect_closed();
  stopping.join();
}
END_TEST

START_TEST(test_publishers_and_readers_race) {
  HttpFixture origin;
  constexpr int kSegments = 300;
  std::vector<store::TopicRef> topics;
  for (int i = 0; i < kSegments; ++i) {
    topics.push_back(origin.store.create_topic("live/v/" + std::to_string(i), kGrowing));
  }
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 6; ++reader) {
    readers.emplace_back([&] {
      HttpClient client = origin.connect();
      for (int i = 0; i < kSegments; ++i) {
        ck_assert(client.get("/live/v/" + std::to_string(i)).body == "segment " + std::to_string(i));
      }
    });
  }
  for (int i = 0; i < kSegments; ++i) {
    topics[i]->publish(origin.message({0, 0}, "chunk"));
    origin.store.seal_into(topics[i], origin.make_object({"segment " + std::to_string(i)}), {.pinned = true});
    std::this_thread::yield();
  }
  for (std::thread& reader : readers) reader.join();
  wait_for_held(origin, 0);
}
END_TEST

START_TEST(test_server_stops_while_the_store_publishes) {
  store::Store store({}, Clock::system());
  const auto topic = store.create_topic("live/index.m3u8", {.hold_limit = 30s});
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    while (!done) {
      store.create_topic("live/next", {.keep = 0});
      std::this_thread::sleep_for(100us);
      store.remove("live/next");
    }
  });
  for (int round = 0; round < 20; ++round) {
    http::Server server(HttpFixture::options(), store);
    const auto port = server.listen("127.0.0.1", 0);
    ck_assert(port.ok());
    std::vector<HttpClient> clients;
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back(*port);
      clients.back().send_request("GET", i % 2 ? "/live/next" : "/live/index.m3u8");
    }
    server.stop();
  }
  done = true;
  publisher.join();
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      test_first_playlist_is_held_until_published,
      test_growing_segment_is_held_until_it_is_an_object,
      test_hold_expires_at_deadline,
      test_client_that_hangs_up_frees_its_place,
      test_one_publish_wakes_200,
      test_removed_name_ends_the_wait_with_404,
      test_sealed_topic_that_is_replaced_is_looked_up_again,
      test_holds_are_limited,
      test_stop_answers_all_that_wait,
      test_stop_lets_a_running_answer_end,
      test_publishers_and_readers_race,
      test_server_stops_while_the_store_publishes,
  };
  return run_tests("http hold", tests);
}
