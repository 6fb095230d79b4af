// SPDX-License-Identifier: LGPL-2.1-or-later
// One client's way along the live edge (RFC 8216bis 6.3): what to ask for next, and whether the answer is
// what the server owed. Knows no sockets. The load's thread only.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "origin/bench/box_walk.hpp"
#include "origin/bench/options.hpp"
#include "origin/bench/playlist_cache.hpp"
#include "origin/bench/response_parser.hpp"
#include "origin/bench/tally.hpp"
#include "origin/bench/url.hpp"

namespace origin::bench {

// A media playlist that clients follow.
struct Subject {
  Url url;
  PlaylistCache cache;
  uint64_t clients = 0;
};

struct Request {
  Kind kind = Kind::kPlaylist;
  std::string target;
  std::optional<ByteRange> range;
  Duration patience{0};  // how long to wait for the answer

  bool is_playlist() const { return kind == Kind::kPlaylist || kind == Kind::kHeldPlaylist; }
  bool is_held() const { return kind == Kind::kHeldPlaylist || kind == Kind::kHintedPart; }
};

// A complete response. What it refers to lives as long as the call that it is given to.
struct Answer {
  const ResponseParser& head;
  std::string_view text;  // the body of a playlist
  const BoxWalk& boxes;   // of any other
  UtcTime last_byte;
  Duration waited{};  // from the request to the first byte
};

class Follower {
 public:
  Follower(const Options& options, Subject& subject, Tally& tally)
      : options_(options), subject_(subject), tally_(tally) {}

  // The playlist has ended, and with it the client's work.
  bool ended() const { return playlist_ && playlist_->ended && !next_resource(); }
  // Has a playlist to follow.
  bool joined() const { return playlist_ != nullptr; }
  // When to make the next request. May be in the past.
  MonotonicTime due() const { return wants_media() ? due_ : std::max(due_, reload_due_); }
  // REQUIRES: !ended(), and an answer or failure for each request before.
  const Request& next();

  void on_answer(const Answer& answer, MonotonicTime now);
  // No complete answer came: the fault or violation is in the tally already.
  void on_failure(MonotonicTime now);
  // No answer came within the request's patience.
  void on_timeout(MonotonicTime now);

 private:
  struct Listed {
    Position position;
    const Resource* resource;
    std::optional<UtcTime> end;
  };

  bool follows_parts() const { return playlist_->has_parts() && options_.parts != PartRequests::kNone; }
  bool hint_is_due() const;
  bool wants_media() const { return playlist_ && (next_resource() || hint_is_due()); }
  std::optional<Listed> next_resource() const;
  std::optional<Listed> next_part() const;
  std::optional<Listed> next_segment() const;
  std::optional<UtcTime> hinted_end() const;
  Duration longest_hold() const;
  Request playlist_request();
  Request media_request(Kind kind, const Resource& resource);
  void on_playlist(const Answer& answer, MonotonicTime now);
  void adopt(PlaylistPtr playlist, MonotonicTime now);
  void on_redirect(const Answer& answer, MonotonicTime now);
  bool is_usable_delta(const MediaPlaylist& playlist) const;
  void check_hint();
  void wait_for_change(bool changed, MonotonicTime now);
  void on_media(const Answer& answer);
  void on_error_status(const Answer& answer, MonotonicTime now);
  void pass_over();
  Publication publication(const Answer& answer, std::optional<UtcTime> date) const;
  std::string told(const std::string& what) const;

  const Options& options_;
  Subject& subject_;
  Tally& tally_;
  Request request_;
  int redirects_ = 0;      // of the request under way, that were followed
  bool is_moved_ = false;  // the request under way has to be made again, elsewhere
  std::string delivery_;   // what the part or segment under way is called
  PlaylistPtr playlist_;
  Url base_;                              // what the playlist's references are relative to
  Position next_;                         // of media: the first that was not fetched
  std::optional<Position> awaited_;       // by the held reload under way
  std::optional<UtcTime> requested_end_;  // of the part or segment under way, on the time line
  std::optional<Resource> fetched_hint_;  // not listed yet
  std::optional<Resource> missing_hint_;  // 404 while it was hinted
  bool hint_failed_ = false;              // of this version of the playlist
  bool asks_for_delta_ = false;           // in the reload under way
  bool needs_full_ = false;
  MonotonicTime due_;
  MonotonicTime reload_due_;
};

}  // namespace origin::bench
