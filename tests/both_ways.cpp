// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/both_ways.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "origin/base/text.hpp"

namespace origin::tests {

namespace {

constexpr int kPatienceMs = 60'000;

// The result of a system call that no signal has cut short: libFuzzer has an alarm.
template <typename Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::perror(what);
  std::abort();
}

http::Server::Options options(bool fast_lane) {
  http::Server::Options options;
  options.transport.threads = 1;
  options.fast_lane = fast_lane;
  options.limits.max_uploads = 0;  // both look at one store
  return options;
}

// A connection attempt that a signal has cut short goes on by itself: whether it comes to anything.
bool connects(int fd) {
  pollfd poll_fd{fd, POLLOUT, 0};
  int error = 0;
  socklen_t size = sizeof(error);
  return uninterrupted([&] { return poll(&poll_fd, 1, kPatienceMs); }) > 0 &&
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

// The value of a header line without what differs from answer to answer.
std::string without_chance(std::string line) {
  for (const std::string_view name : {"Date: ", "Origin-Request-Id: "}) {
    if (line.starts_with(name)) return std::string(name) + "...";
  }
  const size_t boundary = line.find("boundary=part-");
  return boundary == std::string::npos ? line : line.substr(0, boundary);
}

std::string without_boundaries(std::string body) {
  for (size_t at = 0; (at = body.find("--part-", at)) != std::string::npos; ++at) {
    const size_t end = body.find_first_not_of("0123456789abcdef", at + 7);
    body.erase(at + 7, std::min(end, body.size()) - (at + 7));
  }
  return body;
}

// Takes one head off the front: its status line, then its header lines sorted. Nothing if there is no whole
// one.
std::vector<std::string> take_head(std::string_view& rest) {
  const size_t end = rest.find("\r\n\r\n");
  std::vector<std::string> lines;
  if (!rest.starts_with("HTTP/1.") || end == std::string_view::npos) return lines;
  std::string_view head = rest.substr(0, end + 2);
  rest.remove_prefix(end + 4);
  while (!head.empty()) {
    const size_t line_end = head.find("\r\n");
    lines.push_back(without_chance(std::string(head.substr(0, line_end))));
    head.remove_prefix(line_end + 2);
  }
  std::sort(lines.begin() + 1, lines.end());
  return lines;
}

// How much of what follows is this head's body, if it is no answer to HEAD.
size_t body_length(const std::vector<std::string>& head) {
  constexpr std::string_view kLength = "Content-Length: ";
  for (const std::string& line : head) {
    if (line.starts_with(kLength))
      return static_cast<size_t>(parse_number(std::string_view(line).substr(kLength.size())).value_or(0));
  }
  return 0;
}

// Answers one after the other with their header lines in order.
std::string comparable(std::string_view rest) {
  std::string text;
  while (!rest.empty()) {
    const std::vector<std::string> head = take_head(rest);
    if (head.empty()) return text + without_boundaries(std::string(rest));
    for (const std::string& line : head) text += line + '\n';
    // What follows an answer to HEAD is the next answer.
    if (rest.starts_with("HTTP/1.")) continue;
    const size_t length = std::min(body_length(head), rest.size());
    text += without_boundaries(std::string(rest.substr(0, length))) + '\n';
    rest.remove_prefix(length);
  }
  return text;
}

store::MessageRef playlist(store::Position position, std::shared_ptr<store::Renderings> renderings) {
  const auto render = [](uint8_t edition) {
    store::Headers headers{.content_type = "application/vnd.apple.mpegurl",
                           .cache_control = "max-age=1",
                           .etag = "\"e" + std::to_string(edition) + "\""};
    return store::make_object({Bytes::take("#EXTM3U edition " + std::to_string(edition) + "\n")},
                              std::move(headers));
  };
  return std::make_shared<const store::Message>(
      position, render, std::move(renderings),
      store::Ahead{
          .parts_before = 4, .max_parts = 6, .hold_limit = 1h, .awaited_cache_control = "max-age=12"});
}

}  // namespace

BothWays::Way::Way(bool fast_lane, store::Store& store) : server(options(fast_lane), store) {
  const Result<uint16_t> listening = server.listen("127.0.0.1", 0);
  require(listening.ok(), "listen");
  port = *listening;
}

BothWays::BothWays()
    : store_({.memory_limit = 64 << 20}, Clock::system()), fast_(true, store_), soup_(false, store_) {
  fill();
}

// Something of each kind that a request can meet.
void BothWays::fill() {
  const UtcTime modified{std::chrono::seconds(784111777)};
  const auto put = [&](const char* name, Body body, store::Headers headers) {
    store_.put(name, store::Object{.body = std::move(body), .headers = std::move(headers)}, {.pinned = true});
  };
  put("live/v/1.m4s", {Bytes::copy_of("0123"), Bytes::copy_of("4567"), Bytes::copy_of("89")},
      {.content_type = "video/mp4",
       .cache_control = "max-age=12",
       .etag = "\"v1\"",
       .last_modified = modified,
       .custom = {{"Origin-Published", "1"}, {"Bad\r\nName", "x"}, {"Bad-Value", "a\r\nInjected: yes"}}});
  put("live/v/gap.m4s", {}, {.content_type = "video/mp4", .etag = "\"gap\""});
  put("live/plain", {Bytes::copy_of("x")}, {});
  put("a b/c.txt", {Bytes::copy_of("with a blank in its name")}, {.content_type = "text/plain"});
  store_.create_topic("live/v/index.m3u8", {})->publish(playlist({10, 2}, store_.renderings()));
  store_.create_topic("live/index.m3u8", {})
      ->publish(std::make_shared<const store::Message>(
          store::Position{1, 0}, store::make_object({Bytes::copy_of("#EXTM3U\n")},
                                                    {.content_type = "application/vnd.apple.mpegurl"})));
  store_.create_topic("live/v/2.m4s", {.keep = 0});
  const auto ended = store_.create_topic("live/v/3.m4s", {.keep = 0});
  ended->seal();
}

std::string BothWays::Way::send(std::string_view bytes) const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  require(fd >= 0, "socket");
  require(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 ||
              (errno == EINTR && connects(fd)),
          "connect");
  // The server may have enough before all is sent.
  while (!bytes.empty()) {
    const ssize_t sent = uninterrupted([&] { return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  shutdown(fd, SHUT_WR);
  std::string answer;
  char buffer[16 * 1024];
  for (;;) {
    pollfd poll_fd{fd, POLLIN, 0};
    require(uninterrupted([&] { return poll(&poll_fd, 1, kPatienceMs); }) > 0, "no end of the answer");
    const ssize_t count = uninterrupted([&] { return recv(fd, buffer, sizeof(buffer), 0); });
    if (count <= 0) break;
    answer.append(buffer, static_cast<size_t>(count));
  }
  close(fd);
  return answer;
}

uint64_t BothWays::Way::taken() const {
  const std::string status = send("GET /api/server HTTP/1.1\r\nHost: a\r\n\r\n");
  constexpr std::string_view kName = "\"requests_in_fast_lane\":";
  const size_t at = status.find(kName);
  require(at != std::string::npos, "no counter");
  return std::strtoull(status.c_str() + at + kName.size(), nullptr, 10);
}

uint64_t BothWays::taken_by_fast_lane() const {
  return fast_.taken();
}

uint64_t BothWays::taken_without_fast_lane() const {
  return soup_.taken();
}

BothWays::Answers BothWays::send(std::string_view bytes) const {
  return {comparable(fast_.send(bytes)), comparable(soup_.send(bytes))};
}

}  // namespace origin::tests
