// SPDX-License-Identifier: LGPL-2.1-or-later
// Encoders that upload a segment each so often, and viewers who fetch each segment of theirs once it is
// there.
//   segment_load ENCODERS VIEWERS SECONDS SEGMENT_SECONDS SEGMENT_BYTES URL
// Prints one line of JSON: how many uploads and downloads there were, how long they took, and what went
// wrong. Encoders and viewers are spread over a segment's time, as if nobody knew of the others.
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <queue>
#include <string>
#include <vector>

#include "origin/base/clock.hpp"
#include "origin/base/json.hpp"
#include "origin/base/text.hpp"
#include "origin/bench/connection.hpp"
#include "origin/bench/histogram.hpp"
#include "origin/bench/resources.hpp"
#include "origin/bench/response_parser.hpp"
#include "origin/bench/url.hpp"

using namespace origin;
using namespace origin::bench;

namespace {

// Segments are kept for so many of their lengths.
constexpr uint64_t kKept = 4;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "segment_load: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

struct Options {
  uint64_t encoders, viewers, seconds, segment_seconds, segment_bytes;
  Url url;
};

struct Peer {
  size_t number = 0;
  bool encodes = false;
  uint64_t segment = 0;  // that it uploads or fetches
  bool busy = false;
  MonotonicTime asked;
  size_t received = 0;
  Connection connection;
  ResponseParser parser;
};

// What one side has done.
struct Tally {
  Histogram times;
  uint64_t errors = 0;
  uint64_t late = 0;  // those who were still busy when their next turn came
  std::string first_error;

  void fail(const std::string& why) {
    if (errors++ == 0) first_error = why;
  }
  void write(JsonDocument& json, const char* name) const {
    const auto ms = [this](double q) { return to_seconds(times.quantile(q)) * 1e3; };
    json.begin(name).add("count", times.count()).add("errors", errors).add("late", late);
    json.add("first_error", first_error).add("p50_ms", ms(0.5)).add("p99_ms", ms(0.99));
    json.add("max_ms", to_seconds(times.max()) * 1e3).end();
  }
};

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), segment_(options.segment_bytes, 'x'), buffer_(256 << 10) {}

  void run();

 private:
  struct Turn {
    MonotonicTime due;
    Peer* peer;
    bool operator>(const Turn& other) const { return due > other.due; }
  };

  Tally& tally(const Peer& peer) { return peer.encodes ? uploads_ : downloads_; }
  Peer& add(bool encodes, size_t number);
  void take_turn(const Turn& turn);
  void ask(Peer& peer);
  void fail(Peer& peer, const std::string& why);
  void read(Peer& peer);
  void complete(Peer& peer);
  void report(Duration length, const Resources& before) const;

  const Options options_;
  const std::string segment_;
  const Duration period_ = std::chrono::seconds(options_.segment_seconds);
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  Endpoint server_;
  std::deque<Peer> peers_;
  std::vector<std::vector<Peer*>> viewers_;  // by encoder
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns_;
  std::vector<char> buffer_;
  Tally uploads_, downloads_;
  uint64_t bytes_sent_ = 0, bytes_received_ = 0;
};

Peer& Load::add(bool encodes, size_t number) {
  Peer& peer = peers_.emplace_back();
  peer.encodes = encodes;
  peer.number = number;
  return peer;
}

void Load::ask(Peer& peer) {
  if (!peer.connection.is_open()) {
    if (const Status opened = peer.connection.open(epoll_, &peer, server_, std::nullopt); !opened)
      return fail(peer, opened.error().message);
  }
  peer.parser.reset();
  peer.busy = true;
  peer.received = 0;
  peer.asked = Clock::system().monotonic();
  const size_t encoder = peer.encodes ? peer.number : peer.number % options_.encoders;
  std::string head = std::string(peer.encodes ? "PUT" : "GET") + " /load-" + std::to_string(encoder) + "/" +
                     std::to_string(peer.segment) + ".m4s";
  if (peer.encodes) head += "?ttl_seconds=" + std::to_string(kKept * options_.segment_seconds);
  head += " HTTP/1.1\r\nHost: " + options_.url.authority() + "\r\n";
  if (!peer.encodes) return peer.connection.send(head + "\r\n");
  bytes_sent_ += segment_.size();
  peer.connection.send(head + "Content-Length: " + std::to_string(segment_.size()) + "\r\n\r\n" + segment_);
}

void Load::fail(Peer& peer, const std::string& why) {
  tally(peer).fail((peer.encodes ? "PUT: " : "GET: ") + why);
  peer.busy = false;
  peer.connection.close();
}

void Load::read(Peer& peer) {
  while (peer.connection.is_open()) {
    const Received received = peer.connection.receive(buffer_);
    if (received.what == Received::What::kNothingYet) return;
    if (received.what != Received::What::kBytes) {
      if (peer.busy) return fail(peer, "the server closed the connection");
      return peer.connection.close();
    }
    bytes_received_ += received.bytes.size();
    std::string_view bytes = received.bytes;
    while (!bytes.empty() && !peer.parser.complete() && !peer.parser.failed())
      peer.received += peer.parser.feed(bytes).size();
    if (peer.parser.failed()) return fail(peer, peer.parser.error());
    if (peer.busy && peer.parser.complete()) complete(peer);
  }
}

void Load::complete(Peer& peer) {
  const int status = peer.parser.status();
  if (status / 100 != 2) return fail(peer, "status " + std::to_string(status));
  if (!peer.encodes && peer.received != segment_.size()) return fail(peer, "a segment of another length");
  const MonotonicTime now = Clock::system().monotonic();
  peer.busy = false;
  tally(peer).times.add(now - peer.asked);
  if (!peer.encodes) return;
  const auto& audience = viewers_[peer.number];
  for (size_t i = 0; i < audience.size(); ++i)
    turns_.push({now + period_ * i / audience.size(), audience[i]});
}

void Load::take_turn(const Turn& turn) {
  Peer& peer = *turn.peer;
  if (peer.encodes) turns_.push({turn.due + period_, &peer});
  if (peer.busy) {
    ++tally(peer).late;
    return;
  }
  if (peer.encodes) {
    ++peer.segment;
  } else {
    peer.segment = std::max<uint64_t>(peer.segment, 1);
    // The newest that is there.
    const Peer& encoder = peers_[peer.number % options_.encoders];
    peer.segment = encoder.busy ? encoder.segment - 1 : encoder.segment;
  }
  ask(peer);
}

void Load::run() {
  const Result<Endpoint> server = look_up(options_.url.host, options_.url.port);
  if (!server) give_up(server.error().message);
  server_ = *server;
  viewers_.resize(options_.encoders);
  const MonotonicTime start = Clock::system().monotonic();
  for (size_t i = 0; i < options_.encoders; ++i)
    turns_.push({start + period_ * i / options_.encoders, &add(true, i)});
  for (size_t i = 0; i < options_.viewers; ++i) viewers_[i % options_.encoders].push_back(&add(false, i));
  const Resources before = Resources::now();
  const Duration length = std::chrono::seconds(options_.seconds);
  for (MonotonicTime now = start; now < start + length; now = Clock::system().monotonic()) {
    while (!turns_.empty() && turns_.top().due <= now) {
      const Turn turn = turns_.top();
      turns_.pop();
      take_turn(turn);
    }
    const auto wait = turns_.empty() ? Duration(100ms) : turns_.top().due - now;
    std::array<epoll_event, 256> events;
    const int ready = epoll_wait(epoll_, events.data(), events.size(),
                                 static_cast<int>(std::clamp<int64_t>(wait / 1ms, 0, 100)));
    for (int i = 0; i < ready; ++i) {
      Peer& peer = *static_cast<Peer*>(events[static_cast<size_t>(i)].data.ptr);
      if (peer.connection.is_open()) peer.connection.flush();
      read(peer);
    }
  }
  report(Clock::system().monotonic() - start, before);
}

void Load::report(Duration length, const Resources& before) const {
  const Resources after = Resources::now();
  const auto per_second = [&](uint64_t bytes) { return static_cast<double>(bytes) / to_seconds(length); };
  JsonDocument json;
  json.add("encoders", options_.encoders).add("viewers", options_.viewers).add("seconds", to_seconds(length));
  uploads_.write(json, "put");
  downloads_.write(json, "get");
  json.add("sent_bytes_per_second", per_second(bytes_sent_))
      .add("received_bytes_per_second", per_second(bytes_received_))
      .add("cpu", to_seconds(after.user + after.system - before.user - before.system) / to_seconds(length));
  std::fputs(json.text().c_str(), stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::array<uint64_t, 5> numbers{};
  for (int i = 0; i < 5; ++i) {
    const auto number = argc == 7 ? parse_number(argv[i + 1]) : std::nullopt;
    if (!number || (*number == 0 && i != 1)) {
      std::fprintf(stderr,
                   "usage: segment_load ENCODERS VIEWERS SECONDS SEGMENT_SECONDS SEGMENT_BYTES URL\n");
      return 2;
    }
    numbers[static_cast<size_t>(i)] = *number;
  }
  const Result<Url> url = parse_url(argv[6]);
  if (!url) give_up(url.error().message);
  Load({numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], *url}).run();
  return 0;
}
