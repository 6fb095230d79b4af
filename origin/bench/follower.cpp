// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/follower.hpp"

#include <algorithm>

#include "origin/base/text.hpp"
#include "origin/bench/redirect.hpp"

namespace origin::bench {

namespace {

// Behind an error, and what Retry-After may make of it.
constexpr Duration kBackoff = 1s;
constexpr Duration kMaxBackoff = 10s;
// RFC 8216bis 6.2.5.2: how long the server may hold a reload.
constexpr int kHeldTargetDurations = 3;
constexpr Duration kOnItsWay = 1s;

bool same(const Resource& a, const Resource& b) {
  return a.uri == b.uri && a.range.has_value() == b.range.has_value() &&
         (!a.range || a.range->offset == b.range->offset);
}

// What a delivery is called: the file, with its offset where parts share one.
std::string delivery_name(const Request& request) {
  std::string name = request.target.substr(0, request.target.find('?'));
  if (request.range) name += "@" + std::to_string(request.range->offset);
  return name;
}

}  // namespace

const Request& Follower::next() {
  if (std::exchange(is_moved_, false)) return request_;
  redirects_ = 0;
  awaited_.reset();
  requested_end_.reset();
  asks_for_delta_ = false;
  if (!playlist_) {
    request_ = playlist_request();
  } else if (const std::optional<Listed> media = next_resource()) {
    next_ = media->position;
    requested_end_ = media->end;
    request_ = media_request(follows_parts() ? Kind::kPart : Kind::kSegment, *media->resource);
  } else if (hint_is_due()) {
    next_ = playlist_->edge();
    requested_end_ = hinted_end();
    request_ = media_request(Kind::kHintedPart, *playlist_->hint);
  } else {
    request_ = playlist_request();
  }
  return request_;
}

bool Follower::hint_is_due() const {
  return follows_parts() && options_.parts == PartRequests::kHinted && playlist_->hint && !fetched_hint_ &&
         !hint_failed_;
}

// The part is taken to be as long as most are.
std::optional<UtcTime> Follower::hinted_end() const {
  const std::optional<UtcTime> end = playlist_->end();
  return end ? std::optional(*end + playlist_->part_target) : std::nullopt;
}

std::optional<Follower::Listed> Follower::next_resource() const {
  if (options_.parts == PartRequests::kNone) return std::nullopt;
  return follows_parts() ? next_part() : next_segment();
}

std::optional<Follower::Listed> Follower::next_part() const {
  for (const Segment& segment : playlist_->from(next_.sequence)) {
    for (size_t i = segment.sequence == next_.sequence ? next_.part : 0; i < segment.parts.size(); ++i) {
      if (segment.parts[i].gap) continue;
      return Listed{{segment.sequence, i}, &segment.parts[i].resource, segment.end_of_part(i)};
    }
  }
  return std::nullopt;
}

std::optional<Follower::Listed> Follower::next_segment() const {
  for (const Segment& segment : playlist_->from(next_.sequence)) {
    if (segment.gap || !segment.is_whole()) continue;
    return Listed{{segment.sequence, 0}, &segment.resource, segment.end()};
  }
  return std::nullopt;
}

Request Follower::playlist_request() {
  Request request{Kind::kPlaylist, subject_.url.target, std::nullopt, options_.timeout};
  if (!playlist_ || !playlist_->can_block) return request;
  const Position edge = playlist_->edge();
  request.kind = Kind::kHeldPlaylist;
  request.patience += kHeldTargetDurations * playlist_->target_duration;
  request.target = with_parameter(request.target, "_HLS_msn=" + std::to_string(edge.sequence));
  if (playlist_->has_parts()) request.target += "&_HLS_part=" + std::to_string(edge.part);
  asks_for_delta_ = options_.delta && playlist_->can_skip && !needs_full_;
  if (asks_for_delta_) request.target += "&_HLS_skip=YES";
  awaited_ = edge;
  return request;
}

Request Follower::media_request(Kind kind, const Resource& resource) {
  Request request{kind, {}, resource.range, options_.timeout};
  if (kind == Kind::kHintedPart) request.patience += kHeldTargetDurations * playlist_->target_duration;
  // A reference to another server was refused at the start; one that is none at all gets what the server says
  // to it.
  const Result<Url> url = resolve(base_, resource.uri);
  request.target = url ? url->target : resource.uri;
  delivery_ = delivery_name(request);
  return request;
}

// RFC 8216bis B.1; what is answered just then is on its way.
Duration Follower::longest_hold() const {
  return kHeldTargetDurations * playlist_->target_duration + kOnItsWay;
}

void Follower::on_answer(const Answer& answer, MonotonicTime now) {
  due_ = now;
  const int status = answer.head.status();
  if (is_redirect(status)) return on_redirect(answer, now);
  const bool is_good = status == 200 || (request_.range && status == 206);
  if (!is_good) return on_error_status(answer, now);
  if (const std::string_view text = answer.head.field(options_.published_header);
      !text.empty() && publication_of({.header = text}).by == PublishedBy::kNothing) {
    tally_.fault(Fault::kPublishedHeader, told(options_.published_header + ": " + std::string(text)));
  }
  if (request_.is_held() && answer.waited > longest_hold())
    tally_.violation(Violation::kHeldTooLong,
                     told("answered after " + std::to_string(to_seconds(answer.waited)) + " s"));
  if (request_.is_playlist()) return on_playlist(answer, now);
  if (request_.range && status == 200) tally_.violation(Violation::kRangeIgnored, told("200"));
  on_media(answer);
}

// Relative to the address that was asked, as far as the server's own; it has the only connection.
void Follower::on_redirect(const Answer& answer, MonotonicTime now) {
  Url asked = subject_.url;
  asked.target = request_.target;
  const Result<Url> url = follow_redirect(asked, answer.head.field("location"), redirects_ + 1);
  if (!url || !url->same_server(asked)) {
    tally_.fault(Fault::kRedirect,
                 told(url ? "is redirected to another server, which is not supported: " + url->text()
                          : url.error().message));
    return on_failure(now);
  }
  ++redirects_;
  tally_.redirect();
  request_.target = url->target;
  is_moved_ = true;
}

void Follower::on_failure(MonotonicTime now) {
  if (request_.kind == Kind::kHintedPart) {
    hint_failed_ = true;
  } else if (!request_.is_playlist()) {
    pass_over();
  }
  needs_full_ = true;
  due_ = now + kBackoff;
}

void Follower::on_timeout(MonotonicTime now) {
  if (request_.is_held()) {
    tally_.violation(Violation::kHeldTooLong, told("no answer"));
  } else {
    tally_.fault(Fault::kTimeout, told("no answer"));
  }
  on_failure(now);
}

void Follower::on_error_status(const Answer& answer, MonotonicTime now) {
  const int status = answer.head.status();
  const std::string detail = told("status " + std::to_string(status));
  const bool is_missing = status == 404 || status == 410;
  if (request_.kind == Kind::kHeldPlaylist && status / 100 == 4) {
    tally_.violation(Violation::kRefusedReload, detail);
  } else if (request_.kind == Kind::kHintedPart && is_missing) {
    missing_hint_ = playlist_->hint;
  } else if (!request_.is_playlist() && is_missing) {
    tally_.violation(Violation::kMissingPart, detail);
  } else {
    tally_.status(status, detail);
  }
  on_failure(now);
  if (const auto seconds = parse_number(answer.head.field("retry-after"))) {
    due_ = now + std::min<Duration>(std::chrono::seconds(std::min<uint64_t>(*seconds, 3600)), kMaxBackoff);
  }
}

// What could not be had is not asked for again either.
void Follower::pass_over() {
  next_ = request_.kind == Kind::kSegment ? Position{next_.sequence + 1, 0}
                                          : Position{next_.sequence, next_.part + 1};
}

void Follower::on_playlist(const Answer& answer, MonotonicTime now) {
  Result<PlaylistPtr> read =
      subject_.cache.read(answer.text, answer.head.field("content-encoding"), playlist_);
  if (!read) {
    tally_.violation(Violation::kMalformedPlaylist, told(read.error().message));
    return on_failure(now);
  }
  const PlaylistPtr& playlist = *read;
  if (playlist->skipped > 0 && !is_usable_delta(*playlist)) {
    tally_.violation(Violation::kBadDelta, told(std::to_string(playlist->skipped) + " segments skipped"));
    return on_failure(now);
  }
  needs_full_ = false;
  if (awaited_ && !playlist->ended) {
    const bool kept =
        playlist->has_parts() ? playlist->has(*awaited_) : playlist->has_whole(awaited_->sequence);
    const Position edge = playlist->edge();
    if (kept) {
      tally_.answer(request_.kind, publication(answer, playlist->end()), answer.last_byte);
    } else {
      tally_.violation(Violation::kNotAwaited, told("it ends before part " + std::to_string(edge.part) +
                                                    " of segment " + std::to_string(edge.sequence)));
    }
  }
  adopt(playlist, now);
}

// RFC 8216bis 6.2.5.1: what it leaves out is what the client has.
bool Follower::is_usable_delta(const MediaPlaylist& playlist) const {
  return asks_for_delta_ && playlist.media_sequence + playlist.skipped <= playlist_->edge().sequence;
}

void Follower::adopt(PlaylistPtr playlist, MonotonicTime now) {
  base_ = subject_.url;
  base_.target = request_.target;
  const PlaylistPtr before = std::exchange(playlist_, std::move(playlist));
  const bool went_back =
      before && (playlist_->edge() < before->edge() || playlist_->media_sequence < before->media_sequence);
  if (went_back) {
    tally_.violation(Violation::kWentBack, told("part " + std::to_string(playlist_->edge().part) +
                                                " of segment " + std::to_string(playlist_->edge().sequence) +
                                                " is next, before " + std::to_string(before->edge().part) +
                                                " of " + std::to_string(before->edge().sequence)));
  }
  if (!before || went_back) {
    next_ = playlist_->edge();
    fetched_hint_.reset();
    missing_hint_.reset();
  }
  hint_failed_ = false;
  check_hint();
  wait_for_change(!before || playlist_->edge() != before->edge(), now);
}

// A hint may turn out to be none (RFC 8216bis 4.4.5.3), but what was hinted and is listed has to have been
// there, and what was there has to be listed.
void Follower::check_hint() {
  const std::optional<Listed> listed = next_part();
  if (!listed) return;
  if (missing_hint_) {
    if (same(*listed->resource, *missing_hint_)) {
      tally_.violation(Violation::kHintNotKept, missing_hint_->uri + " was missing while it was hinted");
    } else {
      tally_.idle_hint();
    }
  } else if (fetched_hint_ && same(*listed->resource, *fetched_hint_)) {
    next_ = {listed->position.sequence, listed->position.part + 1};
  } else if (fetched_hint_) {
    tally_.violation(Violation::kHintNotListed,
                     "hinted was " + fetched_hint_->uri + ", listed is " + listed->resource->uri);
  }
  missing_hint_.reset();
  fetched_hint_.reset();
}

// RFC 8216bis 6.3.4: how often to reload what cannot be waited for. Also keeps a server that does not hold
// from being asked without a pause.
void Follower::wait_for_change(bool changed, MonotonicTime now) {
  const Duration target = playlist_->has_parts() ? playlist_->part_target : playlist_->target_duration;
  const bool is_held = playlist_->can_block && changed;
  reload_due_ = is_held ? now : now + (changed ? target : target / 2);
}

void Follower::on_media(const Answer& answer) {
  if (!answer.boxes.is_whole()) {
    tally_.violation(Violation::kTruncatedBody, told("its last box is cut off"));
  }
  const Publication published = publication(answer, requested_end_);
  tally_.answer(request_.kind, published, answer.last_byte);
  tally_.part(delivery_, subject_.clients, published, answer.last_byte);
  if (request_.kind == Kind::kHintedPart) {
    fetched_hint_ = playlist_->hint;
  } else {
    pass_over();
  }
}

Publication Follower::publication(const Answer& answer, std::optional<UtcTime> date) const {
  return publication_of({answer.head.field(options_.published_header), answer.boxes.produced(), date,
                         answer.head.field("last-modified")});
}

std::string Follower::told(const std::string& what) const {
  return "GET " + request_.target + ": " + what;
}

}  // namespace origin::bench
