// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/discovery.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <cstring>
#include <thread>

#include "origin/base/clock.hpp"
#include "origin/bench/multivariant_playlist.hpp"
#include "origin/bench/redirect.hpp"

namespace origin::bench {

namespace {

constexpr size_t kMaxPlaylistBytes = 16 << 20;
constexpr Duration kRetryInterval = 200ms;

struct Page {
  int status = 0;
  std::string location;
  std::string body;
};

MonotonicTime now() {
  return Clock::system().monotonic();
}

class Epoll {
 public:
  Epoll() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) {}
  ~Epoll() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Epoll(const Epoll&) = delete;
  Epoll& operator=(const Epoll&) = delete;

  int descriptor() const { return descriptor_; }
  void wait(MonotonicTime until) const {
    epoll_event event{};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    epoll_wait(descriptor_, &event, 1, static_cast<int>(std::max<int64_t>(left, 0)));
  }

 private:
  int descriptor_;
};

Error failure(const Url& url, const std::string& what) {
  return {ErrorCode::kIo, url.text() + ": " + what};
}

std::string request_for(const Options& options, const Url& url) {
  return "GET " + url.target + " HTTP/1.1\r\nHost: " + url.authority() + "\r\n" + options.headers +
         "Connection: close\r\n\r\n";
}

Result<Page> fetch(const Options& options, const Url& url, const Endpoint& server, MonotonicTime deadline) {
  const Epoll epoll;
  Connection connection;
  const Status opened = connection.open(epoll.descriptor(), nullptr, server, std::nullopt);
  if (!opened) return failure(url, opened.error().message);
  connection.send(request_for(options, url));
  ResponseParser parser;
  std::vector<char> buffer(64 << 10);
  std::string body;
  while (!parser.complete()) {
    const Received received = connection.receive(buffer);
    std::string_view bytes = received.bytes;
    while (!bytes.empty() && !parser.complete() && !parser.failed()) body.append(parser.feed(bytes));
    if (parser.failed()) return failure(url, std::string("answers with ") + parser.error());
    if (body.size() > kMaxPlaylistBytes) return failure(url, "is larger than a playlist may be (16 MB)");
    if (received.what == Received::What::kFailed) return failure(url, std::strerror(received.error));
    if (received.what == Received::What::kClosed && !parser.finish()) {
      return failure(url, "the server closed the connection before its answer was complete");
    }
    if (received.what != Received::What::kNothingYet) continue;
    if (now() >= deadline) return failure(url, "no answer within --timeout");
    epoll.wait(deadline);
    connection.flush();
  }
  return Page{parser.status(), std::string(parser.field("location")), std::move(body)};
}

struct Found {
  Url url;  // behind all redirects: what references in the text are relative to (RFC 3986 5.1.3)
  Endpoint server;
  std::string text;
};

// A presentation that is about to start answers 503 for a while.
Result<Found> fetch_playlist(const Options& options, Url url) {
  const MonotonicTime deadline = now() + options.timeout;
  for (int redirects = 0;;) {
    const Result<Endpoint> server = look_up(url.host, url.port);
    if (!server) return server.error();
    Result<Page> page = fetch(options, url, *server, deadline);
    if (!page) return page.error();
    if (page->status == 200) return Found{url, *server, std::move(page->body)};
    if (is_redirect(page->status)) {
      Result<Url> next = follow_redirect(url, page->location, ++redirects);
      if (!next) return failure(url, next.error().message);
      url = std::move(*next);
    } else if (page->status == 503 && now() + kRetryInterval < deadline) {
      std::this_thread::sleep_for(kRetryInterval);
    } else {
      return failure(url, "status " + std::to_string(page->status));
    }
  }
}

// Clients have one connection.
Status check_media_server(const Url& url, const MediaPlaylist& playlist) {
  for (const Segment& segment : playlist.segments) {
    if (!segment.is_whole()) continue;
    const Result<Url> media = resolve(url, segment.resource.uri);
    if (!media) return failure(url, media.error().message);
    if (!media->same_server(url)) {
      return failure(url, "its segments are on another server (" + media->text() +
                              "), which is not supported; --parts=none follows the playlist alone");
    }
  }
  return {};
}

Result<MediaPlaylist> check_subject(const Options& options, const Found& found) {
  const Url& url = found.url;
  Result<MediaPlaylist> playlist = parse_media_playlist(found.text);
  if (!playlist) return failure(url, "is no media playlist: " + playlist.error().message);
  if (playlist->ended) return failure(url, "has ended (EXT-X-ENDLIST): there is no live edge to follow");
  if (options.parts != PartRequests::kNone) {
    if (const Status status = check_media_server(url, *playlist); !status) return status.error();
  }
  return playlist;
}

Result<std::vector<Url>> media_playlists(const Options& options, const Found& start) {
  if (!is_multivariant(start.text)) return std::vector{start.url};
  const auto chosen = choose(parse_multivariant_playlist(start.text), options.rendition);
  if (!chosen) return chosen.error();
  std::vector<Url> urls;
  for (const Rendition& rendition : *chosen) {
    Result<Url> url = resolve(start.url, rendition.uri);
    if (!url) return url.error();
    urls.push_back(std::move(*url));
  }
  return urls;
}

}  // namespace

Result<Discovery> discover(const Options& options) {
  const Result<Found> start = fetch_playlist(options, options.url);
  if (!start) return start.error();
  const Result<std::vector<Url>> urls = media_playlists(options, *start);
  if (!urls) return urls.error();
  Discovery discovery;
  for (const Url& url : *urls) {
    const Result<Found> found = fetch_playlist(options, url);
    if (!found) return found.error();
    Result<MediaPlaylist> playlist = check_subject(options, *found);
    if (!playlist) return playlist.error();
    if (discovery.subjects.empty()) discovery.first = std::move(*playlist);
    discovery.subjects.push_back({found->url, {}, 0});
    discovery.servers.push_back(found->server);
  }
  return discovery;
}

}  // namespace origin::bench
