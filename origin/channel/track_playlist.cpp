// SPDX-License-Identifier: LGPL-2.1-or-later
// A track's media playlist as a topic: versions, their forms, and what may be waited for.
#include "origin/channel/lifetimes.hpp"
#include "origin/channel/track.hpp"
#include "origin/timeline/media_playlist.hpp"

namespace origin::channel {

namespace {

constexpr const char* kPlaylistType = "application/vnd.apple.mpegurl";

// store::Form's editions: the whole playlist, and what the two values of _HLS_skip ask for.
enum Edition : uint8_t { kWhole, kDelta, kDeltaWithoutDateRanges };

// What an edition consists of; nothing if there is nothing to skip. Memory that only this version has
// is counted: the slices between header and tail are shared, and counted already.
std::optional<Body> render(const timeline::MediaSnapshot& snapshot, uint8_t edition, store::Budget& budget) {
  const auto skip = edition == kDelta ? timeline::Skip::kSegments : timeline::Skip::kSegmentsAndDateRanges;
  std::optional<Body> body =
      edition == kWhole ? timeline::render_media_playlist(snapshot) : timeline::render_delta(snapshot, skip);
  if (!body) return std::nullopt;
  body->front() = budget.count(body->front());
  body->back() = budget.count(body->back());
  return body;
}

}  // namespace

store::TopicRef Track::make_playlist_topic() const {
  store::TopicOptions topic;
  topic.hold_limit = hold_limit(options_, options_.target_duration);
  topic.headers.content_type = kPlaylistType;
  topic.may_be_awaited = has_parts(options_);
  return std::make_shared<store::Topic>(playlist_name(), topic);
}

// The segment that is being written, or the one to come, and its parts so far.
store::Position Track::position() const {
  const timeline::Segment* open = window_.open_segment();
  return {*window_.last_sequence() + 1, open ? open->parts.size() : 0, revision_};
}

store::Ahead Track::ahead() const {
  const Duration target = std::chrono::seconds(target_duration_);
  store::Ahead ahead;
  ahead.parts_before = window_.last()->parts.size();
  // RFC 8216bis 6.2.5.2: Advance Part Limit. Of the target as playlists say it, in microseconds.
  const auto part = std::chrono::round<std::chrono::microseconds>(part_target_);
  if (part_target_ < 1s) ahead.max_parts = static_cast<uint64_t>((3s + part - 1us) / part);
  ahead.hold_limit = hold_limit(options_, target_duration_);
  ahead.awaited_cache_control = max_age(6 * target);  // RFC 8216bis B.1
  return ahead;
}

timeline::RenditionReport Track::report() const {
  const timeline::Segment* open = window_.open_segment();
  const bool in_open = open && !open->parts.empty();
  const timeline::Segment& last = in_open ? *open : *window_.last();
  timeline::RenditionReport report{"../" + info_.uri, last.sequence, {}};
  if (!last.parts.empty()) report.last_part = last.parts.size() - 1;
  return report;
}

void Track::publish_playlist(UtcTime now, std::vector<timeline::RenditionReport> reports,
                             Publication& publication) {
  changed_ = false;
  if (target_duration_ == 0 || window_.size() == 0) return;
  ++revision_;
  const std::shared_ptr<timeline::MediaSnapshot> snapshot = window_.snapshot();
  if (has_parts(options_)) {
    snapshot->low_latency = timeline::LowLatency{.part_target = part_target_,
                                                 .part_hold_back = part_hold_back_,
                                                 .hint_uri = hinted_ ? next_part_uri() : "",
                                                 .hint_init_uri = "",
                                                 .reports = std::move(reports)};
    if (hinted_ && stretch_->init_uri != newest_init_uri())
      snapshot->low_latency->hint_init_uri = stretch_->init_uri;
  }

  store::Headers headers;
  headers.content_type = kPlaylistType;
  // RFC 8216bis B.1: half a target duration while it changes.
  headers.cache_control = max_age(std::chrono::seconds(target_duration_) * (snapshot->ended ? 6 : 1) / 2);
  headers.etag = '"' + stretch_->run + "-" + std::to_string(revision_) + '"';
  headers.last_modified = now;
  headers.custom.push_back(published_at(now));
  auto render_edition = [snapshot, headers, budget = store_.budget()](uint8_t edition) -> store::ObjectRef {
    std::optional<Body> body = render(*snapshot, edition, *budget);
    if (!body) return nullptr;
    auto object = std::make_shared<store::Object>();
    object->body = std::move(*body);
    object->headers = headers;
    // A strong validator names one sequence of bytes (RFC 9110 8.8.1).
    if (edition != kWhole)
      object->headers.etag.insert(headers.etag.size() - 1, "-delta" + std::to_string(edition));
    object->size = body_size(object->body);
    return object;
  };
  std::optional<store::Ahead> waiting;
  if (has_parts(options_) && !window_.ended()) waiting = ahead();
  publication.playlists.push_back(
      {playlist_, std::make_shared<store::Message>(position(), std::move(render_edition), store_.renderings(),
                                                   std::move(waiting))});
}

// The init segment that the newest media of the playlist needs.
const std::string& Track::newest_init_uri() const {
  const timeline::Segment* open = window_.open_segment();
  return open && !open->parts.empty() ? open->init_uri() : window_.last()->init_uri();
}

}  // namespace origin::channel
