// SPDX-License-Identifier: LGPL-2.1-or-later
// Clients that all wait for the same part, and when its first byte reached each.
//   waiters COUNT SECONDS URL
// URL is a media playlist whose hinted parts are waited for; if it is no playlist, it is what is waited for
// itself. For each round that all clients were waiting in it prints "MSN PART BYTES" and the times (UTC,
// nanoseconds) in order. MSN is -1 where there is no playlist.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <optional>
#include <vector>

#include "origin/base/clock.hpp"
#include "origin/base/text.hpp"
#include "origin/bench/connection.hpp"
#include "origin/bench/media_playlist.hpp"
#include "origin/bench/response_parser.hpp"
#include "origin/bench/url.hpp"

using namespace origin;
using namespace origin::bench;

namespace {

constexpr Duration kPatience = 20s;
// A server may limit the connections of one address: those over so many come from 127.0.0.2 and so on.
constexpr size_t kPerAddress = 4'000;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "waiters: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

struct Waiter {
  std::optional<in_addr> source;
  Connection connection;
  ResponseParser parser;
  std::string body;
  UtcTime first_byte;
};

struct Round {
  int64_t sequence = -1;
  size_t part = 0;
  std::string target;
};

class Waiters {
 public:
  Waiters(Url url, size_t count) : url_(std::move(url)), waiters_(count), buffer_(256 << 10) {}

  void run(Duration length);

 private:
  void request(Waiter& waiter, const std::string& target);
  std::optional<in_addr> address_of(size_t waiter) const;
  // Until `count` of those asked have their answer.
  void wait(size_t count);
  bool read(Waiter& waiter);
  Round next_round();
  std::string fetch(const std::string& target);

  const Url url_;
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  Endpoint server_;
  std::deque<Waiter> waiters_;
  Waiter reader_;  // of playlists
  std::optional<MediaPlaylist> playlist_;
  bool has_playlist_ = true;
  std::vector<char> buffer_;
};

std::optional<in_addr> Waiters::address_of(size_t waiter) const {
  const size_t address = waiter / kPerAddress;
  if (address == 0 || url_.host != "127.0.0.1") return std::nullopt;
  return in_addr{htonl(INADDR_LOOPBACK + static_cast<uint32_t>(address))};
}

void Waiters::request(Waiter& waiter, const std::string& target) {
  waiter.parser.reset();
  waiter.body.clear();
  if (!waiter.connection.is_open()) {
    const Status status = waiter.connection.open(epoll_, &waiter, server_, waiter.source);
    if (!status) give_up(status.error().message);
  }
  waiter.connection.send("GET " + target + " HTTP/1.1\r\nHost: " + url_.authority() + "\r\n\r\n");
}

void Waiters::wait(size_t count) {
  const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
  while (count > 0) {
    if (Clock::system().monotonic() > deadline) give_up("no answer within 20 s");
    std::array<epoll_event, 256> events;
    const int ready = epoll_wait(epoll_, events.data(), events.size(), 1000);
    for (int i = 0; i < ready; ++i) {
      Waiter& waiter = *static_cast<Waiter*>(events[static_cast<size_t>(i)].data.ptr);
      waiter.connection.flush();
      if (read(waiter)) --count;
    }
  }
}

// Whether that completed the answer.
bool Waiters::read(Waiter& waiter) {
  for (;;) {
    const Received received = waiter.connection.receive(buffer_);
    if (received.what == Received::What::kNothingYet) return false;
    if (received.what != Received::What::kBytes) give_up("the server closed a connection");
    if (!waiter.parser.started()) waiter.first_byte = received.arrived;
    std::string_view bytes = received.bytes;
    while (!bytes.empty() && !waiter.parser.complete() && !waiter.parser.failed()) {
      waiter.body += waiter.parser.feed(bytes);
    }
    if (waiter.parser.failed()) give_up(waiter.parser.error());
    if (waiter.parser.complete()) return true;
  }
}

std::string Waiters::fetch(const std::string& target) {
  const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
  for (;;) {
    request(reader_, target);
    wait(1);
    if (reader_.parser.status() == 200) return reader_.body;
    // The presentation is about to start.
    if (reader_.parser.status() != 503 || Clock::system().monotonic() > deadline) {
      give_up("status " + std::to_string(reader_.parser.status()) + " for " + target);
    }
    usleep(100'000);
  }
}

Round Waiters::next_round() {
  if (!has_playlist_) return {-1, 0, url_.target};
  std::string target = url_.target;
  if (playlist_) {
    const Position edge = playlist_->edge();
    target = with_parameter(
        target, "_HLS_msn=" + std::to_string(edge.sequence) + "&_HLS_part=" + std::to_string(edge.part));
  }
  const std::string text = fetch(target);
  if (!playlist_ && !text.starts_with("#EXTM3U")) {
    has_playlist_ = false;
    return next_round();
  }
  Result<MediaPlaylist> playlist = parse_media_playlist(text);
  if (!playlist) give_up(playlist.error().message);
  playlist_ = std::move(*playlist);
  if (!playlist_->hint) give_up("the playlist hints at no part (EXT-X-PRELOAD-HINT)");
  const Position edge = playlist_->edge();
  return {static_cast<int64_t>(edge.sequence), edge.part, resolve(url_, playlist_->hint->uri)->target};
}

void Waiters::run(Duration length) {
  const Result<Endpoint> server = look_up(url_.host, url_.port);
  if (!server) give_up(server.error().message);
  server_ = *server;
  for (size_t i = 0; i < waiters_.size(); ++i) waiters_[i].source = address_of(i);
  const MonotonicTime end = Clock::system().monotonic() + length;
  while (Clock::system().monotonic() < end) {
    const Round round = next_round();
    for (Waiter& waiter : waiters_) request(waiter, round.target);
    const UtcTime all_asked = Clock::system().utc();
    wait(waiters_.size());
    // A hint that came to nothing: there was no such part.
    if (waiters_.front().parser.status() == 404 && has_playlist_) continue;
    std::vector<UtcTime> times;
    for (const Waiter& waiter : waiters_) {
      if (waiter.parser.status() != 200) {
        give_up("status " + std::to_string(waiter.parser.status()) + " for " + round.target);
      }
      times.push_back(waiter.first_byte);
    }
    std::ranges::sort(times);
    // The server has to have had time to see all of them.
    if (times.front() < all_asked + 5ms) continue;
    std::printf("%lld %zu %zu", static_cast<long long>(round.sequence), round.part,
                waiters_.front().body.size());
    for (const UtcTime time : times)
      std::printf(" %lld", static_cast<long long>(time.time_since_epoch().count()));
    std::printf("\n");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = argc == 4 ? parse_number(argv[1]) : std::nullopt;
  const auto seconds = argc == 4 ? parse_number(argv[2]) : std::nullopt;
  if (!count || !seconds || *count < 1 || *count > 15'000 || *seconds < 1) {
    std::fprintf(stderr, "usage: waiters COUNT SECONDS URL: from 1 to 15000, and at least 1\n");
    return 2;
  }
  Result<Url> url = parse_url(argv[3]);
  if (!url) give_up(url.error().message);
  Waiters(std::move(*url), *count).run(std::chrono::seconds(*seconds));
}
