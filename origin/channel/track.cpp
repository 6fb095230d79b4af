// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/track.hpp"

#include "origin/timeline/media_playlist.hpp"

namespace origin::channel {

namespace {

constexpr const char* kPlaylistType = "application/vnd.apple.mpegurl";

// How long a request for a playlist or segment that will be there soon is held: three target durations
// (RFC 8216bis 6.2.5.2); before the target is known, three segments of the asked length.
Duration hold_limit(const Options& options, uint32_t target_duration) {
  if (target_duration) return std::chrono::seconds(3 * target_duration);
  return std::max<Duration>(3 * options.segment_duration, 6s);
}

std::string hash_of(const Bytes& bytes) {
  const GCharPtr digest(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes.get()));
  return std::string(digest.get(), 16);
}

std::string max_age(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return "public, max-age=" + std::to_string(std::max<int64_t>(1, seconds));
}

timeline::Window::Config window_config(const Options& options, store::Store& store) {
  return {.type = options.type,
          .segment_duration = options.segment_duration,
          .length = options.window,
          .has_dates = options.wall_clock,
          .charge = [&store](size_t bytes) {
            return std::make_shared<store::Budget::Charge>(store.budget()->charge(bytes));
          }};
}

}  // namespace

Track::Track(const Options& options, std::string name, store::Store& store)
    : options_(options),
      store_(store),
      prefix_(options.name + "/" + name + "/"),
      window_(window_config(options, store)) {
  info_.uri = name + "/index.m3u8";
  info_.name = std::move(name);
  playlist_ = make_playlist_topic();
  begin_stretch({}, {});
}

store::TopicRef Track::make_playlist_topic() const {
  store::TopicOptions topic;
  topic.hold_limit = hold_limit(options_, options_.target_duration);
  topic.headers.content_type = kPlaylistType;
  return std::make_shared<store::Topic>(playlist_name(), topic);
}

void Track::start_run(const std::string& run_id, Publication& publication) {
  if (!offered_) publication.topics.push_back(playlist_);
  offered_ = true;
  begin_stretch(run_id, stretch_->init_uri);
  active_ = true;
}

void Track::begin_stretch(std::string run, std::string init_uri) {
  stretch_ = std::make_shared<timeline::Stretch>(timeline::Stretch{std::move(run), std::move(init_uri)});
}

void Track::set_init(const Bytes& init, UtcTime now, Publication& publication) {
  const std::string uri = "init-" + hash_of(init) + ".mp4";
  begin_stretch(stretch_->run, uri);
  publication.puts.push_back(
      {prefix_ + uri, {.body = {store_.count(init)}, .headers = media_headers(uri, now)}});
}

void Track::set_target_duration(uint32_t seconds) {
  target_duration_ = seconds;
  window_.set_target_duration(seconds);
}

store::Headers Track::media_headers(const std::string& uri, UtcTime now) const {
  store::Headers headers;
  headers.content_type = info_.kind == media::Kind::kVideo ? "video/mp4" : "audio/mp4";
  // Names never come back with other bytes: what is complete may be kept as long as anyone likes. Six target
  // durations are what RFC 8216bis B.1 asks for live media.
  headers.cache_control =
      options_.type == timeline::PlaylistType::kLive
          ? max_age(6 * std::max<Duration>(std::chrono::seconds(target_duration_), options_.segment_duration))
          : "public, max-age=31536000, immutable";
  const bool is_init = uri.starts_with("init-");
  headers.etag = '"' + (is_init ? uri : stretch_->run + "-" + uri.substr(uri.find('/') + 1)) + '"';
  headers.last_modified = now;
  return headers;
}

uint64_t Track::open_segment(const Start& start, uint64_t first_sequence, Publication& publication) {
  timeline::Segment segment;
  segment.sequence = window_.last_sequence() ? *window_.last_sequence() + 1 : first_sequence;
  segment.stretch = stretch_;
  segment.start = start.time;
  segment.epoch = std::max(start.epoch, window_.last_epoch());
  segment.independent = start.independent;
  const uint64_t sequence = segment.sequence;

  store::TopicOptions topic;
  topic.hold_limit = hold_limit(options_, target_duration_);
  topic.keep = 0;
  growing_ = std::make_shared<store::Topic>(prefix_ + segment.uri(), topic);
  publication.topics.push_back(growing_);
  growing_body_.clear();
  window_.open(std::move(segment));
  return sequence;
}

void Track::add_part(const Bytes& chunk, Duration duration, bool independent, Publication& publication) {
  const size_t index = window_.open_segment()->parts.size();
  growing_body_.push_back(chunk);
  publication.chunks.push_back({growing_, std::make_shared<store::Message>(store::Position{index, 0},
                                                                           store::make_object({chunk}, {}))});
  window_.add_part({.duration = duration, .bytes = chunk.size(), .independent = independent});
}

void Track::close_segment(Duration offset, UtcTime now, Publication& publication) {
  if (!window_.is_open()) return;
  if (window_.open_segment()->parts.empty()) {
    publication.removals.push_back(growing_->name());
    growing_.reset();
    window_.discard();
    return;
  }
  const timeline::SegmentRef closed = window_.close();
  publication.seals.push_back(
      {growing_, {.body = std::move(growing_body_), .headers = media_headers(closed->uri(), now)}});
  growing_body_.clear();
  growing_.reset();
  info_.peak_bandwidth = std::max(window_.bandwidth().peak(), info_.declared_bandwidth);
  info_.average_bandwidth = window_.bandwidth().average();
  info_.independent_segments = info_.independent_segments && closed->independent;
  publication.added.push_back(
      {name(), closed->sequence, closed->start - offset, closed->duration, closed->bytes});

  slide(publication);
  publish_playlist(now, publication);
}

// RFC 8216bis 6.2.2: what leaves stays for its own duration and that of the longest playlist that listed it.
void Track::slide(Publication& publication) {
  const Duration listed = window_.duration();
  for (const timeline::SegmentRef& gone : window_.trim()) retire(*gone, gone->duration + listed, publication);
}

void Track::add_gap(Duration start, Duration duration, uint64_t epoch, Publication& publication) {
  timeline::Segment gap;
  gap.sequence = window_.last_sequence().value_or(0) + 1;
  gap.stretch = stretch_;
  gap.start = start;
  gap.duration = duration;
  gap.epoch = std::max(epoch, window_.last_epoch());
  // For players that do not know EXT-X-GAP and give up when what is listed is not there.
  publication.puts.push_back(
      {prefix_ + gap.uri(), {.body = {}, .headers = media_headers(gap.uri(), UtcTime(start))}});
  window_.add_gap(std::move(gap));
  slide(publication);
}

void Track::retire(const timeline::Segment& segment, std::optional<Duration> ttl, Publication& publication) {
  const auto let_go = [&](const std::string& uri) {
    if (ttl) {
      publication.expiries.push_back({prefix_ + uri, *ttl});
    } else {
      publication.removals.push_back(prefix_ + uri);
    }
  };
  let_go(segment.uri());
  const std::string& init = segment.init_uri();
  if (init != stretch_->init_uri && !window_.needs_init(init)) let_go(init);
}

bool Track::may_drop_oldest() const {
  return active_ ? window_.may_drop_oldest() : window_.size() > 0;
}

void Track::drop_oldest(UtcTime now, Publication& publication) {
  retire(*window_.drop_oldest(), std::nullopt, publication);
  if (window_.size() > 0) {
    publish_playlist(now, publication);
  } else if (!active_) {
    withdraw(publication);
  }
}

void Track::withdraw(Publication& publication) {
  if (!offered_) return;
  while (window_.size() > 0) retire(*window_.drop_oldest(), std::nullopt, publication);
  if (has_init()) publication.removals.push_back(prefix_ + stretch_->init_uri);
  publication.removals.push_back(playlist_name());
  begin_stretch(stretch_->run, {});
  offered_ = false;
  revision_ = 0;
  playlist_ = make_playlist_topic();
}

void Track::end(UtcTime now, Publication& publication) {
  window_.end();
  publish_playlist(now, publication);
}

void Track::publish_playlist(UtcTime now, Publication& publication) {
  if (target_duration_ == 0 || window_.size() == 0) return;
  // VOD is offered as a whole.
  if (options_.type == timeline::PlaylistType::kVod && !window_.ended()) return;
  const timeline::MediaSnapshotRef snapshot = window_.snapshot();
  const timeline::Segment* open = snapshot->open.get();
  const store::Position position{*window_.last_sequence() + 1, open ? open->parts.size() : 0, ++revision_};

  store::Headers headers;
  headers.content_type = kPlaylistType;
  // RFC 8216bis B.1: half a target duration while it changes.
  headers.cache_control = max_age(std::chrono::seconds(target_duration_) * (snapshot->ended ? 6 : 1) / 2);
  headers.etag = '"' + stretch_->run + "-" + std::to_string(revision_) + '"';
  headers.last_modified = now;
  auto render = [snapshot, headers, budget = store_.budget()](uint8_t edition) -> store::ObjectRef {
    if (edition != 0) return nullptr;
    Body body = timeline::render_media_playlist(*snapshot);
    // Header and tail are this version's own; the slices between are shared and counted already.
    body.front() = budget->count(body.front());
    body.back() = budget->count(body.back());
    return store::make_object(std::move(body), headers);
  };
  publication.playlists.push_back(
      {playlist_, std::make_shared<store::Message>(position, std::move(render), store_.budget())});
}

}  // namespace origin::channel
