// SPDX-License-Identifier: LGPL-2.1-or-later
// What is on the wire when something is published, and what happens with servers that do as they like.
#include <dlfcn.h>
#include <netdb.h>

#include <atomic>

#include "origin/publish/publisher.hpp"
#include "tests/publish_fixture.hpp"
#include "tests/raw_server.hpp"

using namespace origin;
using tests::Encoder;
using tests::eventually;
using tests::Published;
using tests::RawConnection;
using tests::RawServer;

namespace {

const std::string kEnd("\0\0\0\x14styplmsg\0\0\0\0lmsg", 20);

// A resolver that is waited for.
std::atomic<int> resolving = 0;
std::atomic<bool> may_resolve = false;

// What came, from several threads.
class Log {
 public:
  void add(std::string text) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  size_t size() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

std::string query_of(const std::string& head) {
  const size_t begin = head.find('?');
  return head.substr(begin, head.find(' ', begin) - begin);
}

// A server that answers each request with `status` as soon as its head is there, then waits.
RawServer::Script answering(const std::string& status, const std::string& body = "",
                            const std::string& fields = "") {
  return [=](RawConnection& connection, int) {
    connection.read_head();
    connection.answer(status, body, fields);
    connection.wait_for_end();
  };
}

// Publishes a few frames to a server that does so each time; until it was tried again.
void check_is_tried_again(const RawServer::Script& script, const char* reason,
                          const std::function<void(publish::Options&)>& change = {}, size_t extra = 0) {
  RawServer server(script, 0, 4096);
  publish::Options options = Published::options(server.uri());
  // A connection counts that has held so long: the server is to say no before, on a busy machine, too.
  options.retry_after = options.max_retry_after = 500ms;
  if (change) change(options);
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 3, extra);
  eventually("it is tried again", [&] { return server.connections() >= 3; });
  published.listener->check_has(std::string("disconnected: track video: ") + reason);
  ck_assert_uint_eq(published.listener->count("connected"), 0);
  ck_assert_uint_eq(published.listener->count("disconnected"), 1);
  ck_assert_uint_eq(published.listener->count("refused"), 0);
  ck_assert(!published.stats().connected);
  ck_assert(!published.stats().last_failure.empty());
}

void check_is_final(const RawServer::Script& script, ErrorCode code, const char* reason) {
  RawServer server(script);
  Published published(server.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 30);
  const Status status = published.publisher->finish(40s);
  ck_assert(!status.ok());
  ck_assert_int_eq(static_cast<int>(status.error().code), static_cast<int>(code));
  ck_assert_msg(status.error().message.find(reason) != std::string::npos, "%s",
                status.error().message.c_str());
  published.listener->check_has(std::string("refused: ") + status.error().message);
  ck_assert_int_eq(server.connections(), 1);
}

}  // namespace

extern "C" [[gnu::visibility("default")]] int getaddrinfo(const char* node, const char* service,
                                                          const addrinfo* hints, addrinfo** result) {
  if (node && std::string_view(node) == "slow.invalid") {
    ++resolving;
    while (!may_resolve) std::this_thread::sleep_for(1ms);
    --resolving;
    return EAI_FAIL;
  }
  static const auto next = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}

START_TEST(test_request_on_the_wire) {
  Log heads, chunks;
  RawServer server([&](RawConnection& connection, int) {
    heads.add(connection.read_head());
    while (const auto chunk = connection.read_chunk()) {
      chunks.add(*chunk);
      if (chunk->empty()) return connection.answer("200 OK");
    }
  });
  publish::Options options = Published::options(server.uri() + "/base/");
  options.api_key = "secret";
  Published published(options);
  Encoder encoder;
  const Bytes header = encoder.header();
  const auto track = published.begin(encoder, "vi deo");
  eventually("the header comes at once", [&] { return chunks.size() == 1; });
  std::vector<std::string> expected = {std::string(header.view())};
  for (int i = 0; i < 30; ++i) {
    const bool starts = encoder.is_at_segment();
    const Bytes chunk = encoder.chunk();
    expected.emplace_back(chunk.view());
    published.publisher->chunk(track, chunk, starts);
    // Sometimes one by one, sometimes several that wait.
    if (i % 3 == 0) eventually("it comes", [&] { return chunks.size() == expected.size(); });
  }
  published.publisher->end(track);
  published.finish();
  expected.push_back(kEnd);
  expected.emplace_back();
  ck_assert(chunks.all() == expected);

  ck_assert_uint_eq(heads.size(), 1);
  const std::string head = heads.all().front();
  ck_assert(head.starts_with(
      "POST /base/_ingest/live/vi%20deo/stream.mp4?playlist_type=vod&segment_duration=1&publisher="));
  ck_assert(query_of(head).ends_with("&aligned=true"));
  for (const char* field :
       {"Content-Type: video/mp4", "Transfer-Encoding: chunked", "Authorization: Bearer secret"})
    ck_assert_msg(head.find(std::string("\r\n") + field + "\r\n") != std::string::npos, "%s", head.c_str());
  ck_assert_msg(head.find("Expect") == std::string::npos, "%s", head.c_str());
}
END_TEST

START_TEST(test_large_chunks_are_whole) {
  Log bodies;
  RawServer server([&](RawConnection& connection, int) {
    connection.read_head();
    bodies.add(connection.read_body());
    connection.answer("200 OK");
  });
  Published published(server.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  std::string expected(encoder.header().view());
  for (int i = 0; i < 8; ++i) {
    const Bytes chunk = encoder.chunk(1'000'000);
    expected += chunk.view();
    published.publisher->chunk(track, chunk, i == 0);
  }
  published.finish();
  ck_assert(bodies.all().at(0) == expected);
}
END_TEST

// Same publisher, header first, from the start of a segment on.
START_TEST(test_each_connection_begins_anew) {
  Log queries, bodies;
  RawServer server([&](RawConnection& connection, int number) {
    queries.add(query_of(connection.read_head()));
    if (number < 3) {
      connection.read_some(5'000);
      return;
    }
    bodies.add(connection.read_body());
    connection.answer("200 OK");
  });
  Published published(server.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  std::string expected(encoder.header().view());
  for (int i = 0; i < 100; ++i) {
    const bool starts = encoder.is_at_segment();
    const Bytes chunk = encoder.chunk(1000);
    expected += chunk.view();
    published.publisher->chunk(track, chunk, starts);
  }
  published.publisher->end(track);
  published.finish();
  ck_assert(bodies.all().at(0) == expected + kEnd);
  ck_assert_uint_eq(queries.size(), 4);
  const std::string first = queries.all().front();
  for (const std::string& query : queries.all()) ck_assert_str_eq(query.c_str(), first.c_str());
  ck_assert(first.ends_with("&aligned=true"));
  Published another(server.uri());
  another.publisher->describe(another.add(), "language=de");
  another.publisher->header(0, encoder.header());
  eventually("it comes", [&] { return queries.size() == 5; });
  ck_assert(queries.all()[4].ends_with("&aligned=true&language=de"));
  ck_assert(queries.all()[4].substr(0, first.size()) != first);
}
END_TEST

START_TEST(test_what_passes_is_tried_again) {
  const std::pair<const char*, const char*> kPassing[] = {{"200 OK", "HTTP 200"},
                                                          {"408 Request Timeout", "HTTP 408"},
                                                          {"409 Conflict", "HTTP 409"},
                                                          {"412 Precondition Failed", "HTTP 412"},
                                                          {"429 Too Many Requests", "HTTP 429"},
                                                          {"500 Oops", "HTTP 500"},
                                                          {"503 Service Unavailable", "HTTP 503"},
                                                          {"502 Bad Gateway", "HTTP 502"}};
  const auto& [status, reason] = kPassing[_i];
  check_is_tried_again(answering(status, "{\"error\":\"not now\"}\n"),
                       (std::string(reason) + ": not now").c_str());
}
END_TEST

START_TEST(test_what_lasts_is_final) {
  const struct {
    const char *status, *body, *fields;
    ErrorCode code;
    const char* reason;
  } kLasting[] = {
      {"400 Bad Request", "{\"error\":\"no CMAF\"}\n", "", ErrorCode::kInvalid, "HTTP 400: no CMAF"},
      {"401 Unauthorized", "", "", ErrorCode::kInvalid, "HTTP 401"},
      {"403 Forbidden", "<html>\nno", "", ErrorCode::kInvalid, "HTTP 403: <html>"},
      {"404 Not Found", "", "", ErrorCode::kNotFound, "HTTP 404"},
      {"413 Too Large", "", "", ErrorCode::kTooLarge, "HTTP 413"},
      {"415 Unsupported", "", "", ErrorCode::kUnsupported, "HTTP 415"},
      {"501 Not Implemented", "", "", ErrorCode::kUnsupported, "HTTP 501"},
      {"301 Moved", "", "Location: https://other/\r\n", ErrorCode::kInvalid,
       "HTTP 301: it is at https://other/"}};
  const auto& lasting = kLasting[_i];
  check_is_final(answering(lasting.status, lasting.body, lasting.fields), lasting.code, lasting.reason);
}
END_TEST

START_TEST(test_server_that_hangs_up) {
  const std::pair<const char*, RawServer::Script> kWays[] = {
      {"", [](RawConnection&, int) {}},
      {"", [](RawConnection& connection, int) { connection.read_head(); }},
      // Nothing is being sent when it does.
      {"the server has closed the connection",
       [](RawConnection& connection, int) {
         connection.read_head();
         for (int i = 0; i < 4; ++i) connection.read_chunk();
       }},
      {"",
       [](RawConnection& connection, int) {
         connection.read_head();
         for (int i = 0; i < 4; ++i) connection.read_chunk();
         connection.send("HTTP/1.1 200 O");
       }},
      {"", [](RawConnection& connection, int) {
         connection.read_head();
         connection.send("garbage\r\n\r\n");
         connection.wait_for_end();
       }}};
  check_is_tried_again(kWays[_i].second, kWays[_i].first);
}
END_TEST

START_TEST(test_server_that_reads_nothing_is_given_up) {
  check_is_tried_again(
      [](RawConnection& connection, int) {
        pollfd end{connection.fd(), 0, 0};
        poll(&end, 1, -1);
      },
      "",
      [](publish::Options& options) {
        options.stall_timeout = 200ms;
        options.retry_after = options.max_retry_after = 1s;
      },
      4'000'000);
}
END_TEST

START_TEST(test_server_that_never_answers_is_given_up) {
  RawServer server([](RawConnection& connection, int) {
    connection.read_head();
    connection.read_body();
    connection.wait_for_end();
  });
  publish::Options options = Published::options(server.uri());
  options.stall_timeout = 100ms;
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 3);
  published.publisher->end(track);
  eventually("it is tried again", [&] { return server.connections() >= 3; });
  published.listener->check_has("the server does not answer");
  const Status status = published.publisher->finish(10ms);
  ck_assert(!status.ok());
  ck_assert_int_eq(static_cast<int>(status.error().code), static_cast<int>(ErrorCode::kUnavailable));
  ck_assert_msg(status.error().message.find("video") != std::string::npos, "%s",
                status.error().message.c_str());
}
END_TEST

// The connection is open, and nothing comes over it.
START_TEST(test_server_that_never_accepts_is_given_up) {
  check_is_tried_again([](RawConnection& connection, int) { connection.wait_for_end(); }, "",
                       [](publish::Options& options) {
                         options.location.replace(0, 4, "https");
                         options.stall_timeout = 100ms;
                       });
}
END_TEST

// The answer that confirms the end is lost; the next one says that the track has ended.
START_TEST(test_end_whose_answer_was_lost_is_confirmed) {
  RawServer server([](RawConnection& connection, int number) {
    connection.read_head();
    connection.read_body();
    if (number > 0) connection.answer("409 Conflict", "{\"error\":\"track 'video' has ended\"}\n");
  });
  Published published(server.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 3);
  published.publisher->end(track);
  published.finish();
  ck_assert_int_eq(server.connections(), 2);
}
END_TEST

// A track with rare frames: the server does not wait for the next one, and that is no outage.
START_TEST(test_idle_track_is_taken_up_again) {
  Log bodies;
  std::atomic<bool> may_time_out = false;
  RawServer server([&](RawConnection& connection, int number) {
    connection.read_head();
    if (number == 0) {
      for (int i = 0; i < 4; ++i) connection.read_chunk();
      while (!may_time_out) std::this_thread::sleep_for(1ms);
      connection.answer("408 Request Timeout");
      return;
    }
    bodies.add(connection.read_body());
    connection.answer("200 OK");
  });
  Published published(server.uri());
  Encoder encoder;
  const auto track = published.begin(encoder);
  published.push(track, encoder, 3);
  published.wait_until_sent();
  may_time_out = true;
  // Time for what should not happen.
  std::this_thread::sleep_for(50ms);
  ck_assert_int_eq(server.connections(), 1);
  published.push(track, encoder, 1);
  published.publisher->end(track);
  published.finish();
  ck_assert_uint_eq(published.listener->count("disconnected"), 0);
  ck_assert_int_eq(server.connections(), 2);
  ck_assert(bodies.all().at(0).ends_with(kEnd));
}
END_TEST

// Slower than what comes: what is oldest is lost, and what is sent stays a stream of whole chunks.
START_TEST(test_server_that_is_too_slow) {
  Log bodies;
  std::atomic<bool> slow = true;
  RawServer server(
      [&](RawConnection& connection, int) {
        connection.read_head();
        while (slow) std::this_thread::sleep_for(1ms);
        bodies.add(connection.read_body());
        connection.answer("200 OK");
      },
      0, 4096);
  publish::Options options = Published::options(server.uri());
  options.max_buffered = 4 << 20;
  Published published(options);
  Encoder encoder;
  const auto track = published.begin(encoder);
  const size_t header_size = encoder.header().size();
  std::vector<std::string> chunks;
  for (int i = 0; i < 500; ++i) {
    const bool starts = encoder.is_at_segment();
    const Bytes chunk = encoder.chunk(50'000);
    chunks.emplace_back(chunk.view());
    published.publisher->chunk(track, chunk, starts);
    ck_assert_uint_le(published.stats().bytes_buffered, options.max_buffered);
  }
  eventually("losses are told", [&] { return published.listener->count("dropped") > 0; });
  slow = false;
  published.publisher->end(track);
  published.finish();
  const std::string body = bodies.all().at(0);
  size_t at = header_size, missing = 0;
  for (const std::string& chunk : chunks) {
    if (body.compare(at, chunk.size(), chunk) == 0) {
      at += chunk.size();
    } else {
      ++missing;
    }
  }
  ck_assert(body.substr(at) == kEnd);
  ck_assert_uint_gt(missing, 0);
  ck_assert_uint_eq(missing, published.stats().chunks_dropped);
  ck_assert_uint_eq(published.listener->count("dropped"), 1);
  ck_assert_uint_eq(published.listener->count("disconnected"), 0);
}
END_TEST

enum Way { kNothing, kRefused, kConnecting, kHandshake, kAsking, kSending, kPaused, kAnswering, kWays };

// Takes as much of a request as it says, and then nothing.
RawServer::Script reading_until(Way way) {
  return [way](RawConnection& connection, int) {
    if (way == kPaused || way == kAnswering) connection.read_head();
    if (way == kAnswering) connection.read_body();
    if (way == kPaused) return connection.wait_for_end();
    pollfd end{connection.fd(), 0, 0};
    poll(&end, 1, -1);
  };
}

// A port where nobody listens, or where the queue is full, so that the kernel answers nobody.
class DeadPort {
 public:
  explicit DeadPort(bool is_full) : fd_(tests::bind_loopback(port_)) {
    if (!is_full) return;
    ck_assert_int_eq(listen(fd_, 0), 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int& client : clients_) {
      client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
  }
  ~DeadPort() {
    for (const int client : clients_) {
      if (client >= 0) close(client);
    }
    close(fd_);
  }
  std::string uri() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  uint16_t port_ = 0;
  const int fd_;
  int clients_[3] = {-1, -1, -1};
};

// Whatever goes on: it is over, which the test's timeout sees to.
START_TEST(test_destruction_ends_at_once) {
  const Way way = static_cast<Way>(_i);
  RawServer server(reading_until(way), 0, 4096);
  DeadPort dead(way == kConnecting);
  publish::Options options =
      Published::options(way == kRefused || way == kConnecting ? dead.uri() : server.uri());
  if (way == kHandshake) options.location.replace(0, 4, "https");
  options.stall_timeout = options.max_retry_after = std::chrono::hours(1);
  if (way == kRefused) options.retry_after = options.max_retry_after;
  Published published(options);
  Encoder encoder;
  if (way != kNothing) {
    const auto track = published.begin(encoder);
    published.push(track, encoder, 20, way == kSending ? 1'000'000 : 10);
    if (way == kAnswering) published.publisher->end(track);
  }
  if (way == kRefused)
    eventually("nobody is there", [&] { return published.listener->count("disconnected") > 0; });
  if (way >= kHandshake) eventually("it is connected", [&] { return server.connections() > 0; });
  std::this_thread::sleep_for(30ms);
  published.publisher = nullptr;
  ck_assert_uint_eq(published.listener->count("refused"), 0);
}
END_TEST

START_TEST(test_destruction_does_not_wait_for_a_resolver) {
  {
    Published published("http://slow.invalid");
    Encoder encoder;
    published.push(published.begin(encoder), encoder, 3);
    eventually("it is asked", [] { return resolving > 0; });
  }
  ck_assert_int_eq(resolving, 1);
  may_resolve = true;
  eventually("the resolver ends", [] { return resolving == 0; });
}
END_TEST

// Many threads, one publisher, servers that come and go.
START_TEST(test_many_tracks_at_once) {
  std::atomic<int> confirmed = 0;
  RawServer server([&](RawConnection& connection, int number) {
    connection.read_head();
    if (number % 3 == 0) {
      connection.read_some(20'000);
      return;
    }
    if (!connection.read_body().ends_with(kEnd)) return;
    ++confirmed;
    connection.answer("200 OK");
  });
  publish::Options options = Published::options(server.uri());
  options.max_buffered = 2 << 20;
  Published published(options);
  constexpr int kTracks = 6;
  std::vector<std::thread> threads;
  for (int i = 0; i < kTracks; ++i) {
    threads.emplace_back([&published, i] {
      Encoder encoder;
      const auto track = published.begin(encoder, "video_" + std::to_string(i));
      for (int round = 0; round < 40; ++round) {
        published.push(track, encoder, 5, 500);
        (void)published.stats();
      }
      published.publisher->end(track);
    });
  }
  for (std::thread& thread : threads) thread.join();
  published.finish();
  ck_assert_int_eq(confirmed, kTracks);
}
END_TEST

int main() {
  const Test tests[] = {test_request_on_the_wire,
                        test_large_chunks_are_whole,
                        test_each_connection_begins_anew,
                        {test_what_passes_is_tried_again, 8},
                        {test_what_lasts_is_final, 8},
                        {test_server_that_hangs_up, 5},
                        test_server_that_reads_nothing_is_given_up,
                        test_server_that_never_answers_is_given_up,
                        test_server_that_never_accepts_is_given_up,
                        test_end_whose_answer_was_lost_is_confirmed,
                        test_idle_track_is_taken_up_again,
                        test_server_that_is_too_slow,
                        {test_destruction_ends_at_once, kWays},
                        test_destruction_does_not_wait_for_a_resolver,
                        test_many_tracks_at_once};
  return run_tests("publish_faults", tests);
}
