// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/track.hpp"

#include "origin/channel/lifetimes.hpp"

namespace origin::channel {

namespace {

// Ends are rounded to ticks, as coarse as 1/44100 s.
constexpr Duration kRounding = 50us;
// By which two durations of as many frames differ: each is the difference of two times in nanoseconds.
constexpr Duration kOneRounding = 1ns;

// After so many target durations the rates of a track are taken to be known.
constexpr int kSettledRates = 5;

std::string hash_of(const Bytes& bytes) {
  const GCharPtr digest(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes.get()));
  return std::string(digest.get(), 16);
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

void Track::start_run(const std::string& run_id, Publication& publication) {
  if (!offered_) publication.topics.push_back(playlist_);
  offered_ = true;
  begin_stretch(run_id, stretch_->init_uri);
  active_ = true;
  window_.go_on();
  if (window_.size() > 0) hint(publication);
}

void Track::begin_stretch(std::string run, std::string init_uri) {
  stretch_ = std::make_shared<timeline::Stretch>(timeline::Stretch{std::move(run), std::move(init_uri)});
}

void Track::set_init(const Bytes& init, UtcTime now, Publication& publication) {
  const std::string uri = "init-" + hash_of(init) + ".mp4";
  begin_stretch(stretch_->run, uri);
  publication.puts.push_back(
      {prefix_ + uri, {.body = {store_.count(init)}, .headers = media_headers(uri, now)}});
  changed_ = changed_ || has_parts(options_);  // the hint of it
}

void Track::set_target_duration(uint32_t seconds) {
  target_duration_ = seconds;
  window_.set_target_duration(seconds);
  changed_ = true;
}

Duration Track::settle_part_target(Duration wanted) {
  if (part_target_ == Duration::zero()) part_target_ = wanted;
  return part_target_;
}

store::Headers Track::media_headers(const std::string& uri, UtcTime now) const {
  store::Headers headers;
  headers.content_type = info_.kind == media::Kind::kVideo ? "video/mp4" : "audio/mp4";
  // Names never come back with other bytes: what is complete may be kept as long as anyone likes. Six target
  // durations are what RFC 8216bis B.1 asks for live media.
  headers.cache_control = options_.type == timeline::PlaylistType::kLive
                              ? max_age(6 * (target_duration_ ? std::chrono::seconds(target_duration_)
                                                              : longest_target(options_)))
                              : "public, max-age=31536000, immutable";
  const bool is_init = uri.starts_with("init-");
  headers.etag = '"' + (is_init ? uri : stretch_->run + "-" + uri.substr(uri.find('/') + 1)) + '"';
  headers.last_modified = now;
  return headers;
}

uint64_t Track::open_segment(const Start& start, uint64_t first_sequence, bool withheld,
                             Publication& publication) {
  timeline::Segment segment;
  segment.sequence = window_.last_sequence() ? *window_.last_sequence() + 1 : first_sequence;
  segment.stretch = stretch_;
  segment.start = start.time;
  segment.epoch = std::max(start.epoch, window_.last_epoch());
  const uint64_t sequence = segment.sequence;

  last_part_ = false;
  withheld_ = withheld;
  growing_body_.clear();
  if (!withheld_) {
    growing_ = make_growing(segment.uri());
    publication.topics.push_back(growing_);
  }
  window_.open(std::move(segment));
  hint(publication);
  return sequence;
}

void Track::drop_withheld() {
  withheld_ = false;
  growing_body_.clear();
  window_.discard();
}

// It is listed after all: its parts, and then the whole of it.
void Track::publish_withheld(UtcTime now, Publication& publication) {
  withheld_ = false;
  const timeline::Segment& segment = *window_.open_segment();
  auto chunk = growing_body_.begin();
  for (size_t i = 0; has_parts(options_) && i < segment.parts.size(); ++i) {
    if (segment.parts[i].gap) continue;
    const std::string uri = segment.part_uri(i);
    publication.puts.push_back({prefix_ + uri, part_object(*chunk++, uri, now)});
  }
  publication.puts.push_back(
      {prefix_ + segment.uri(),
       {.body = std::move(growing_body_), .headers = media_headers(segment.uri(), now)}});
}

// What is being written: it can be asked for, and becomes an object.
store::TopicRef Track::make_growing(const std::string& uri) const {
  store::TopicOptions topic;
  topic.hold_limit = hold_limit(options_, target_duration_);
  topic.keep = 0;
  return std::make_shared<store::Topic>(prefix_ + uri, topic);
}

std::string Track::next_part_uri() const {
  const timeline::Segment* open = window_.open_segment();
  if (open && !last_part_) return open->part_uri(open->parts.size());
  timeline::Segment next;
  next.sequence = (open ? open->sequence : window_.last_sequence().value_or(0)) + 1;
  next.stretch = stretch_;
  return next.part_uri(0);
}

// RFC 8216bis 6.2.5: what may be asked for before it is there.
void Track::hint(Publication& publication) {
  if (!has_parts(options_) || withheld_) return;
  const std::string uri = next_part_uri();
  if (hinted_ && hinted_->name() == prefix_ + uri) return;
  drop_hint(publication);
  hinted_ = make_growing(uri);
  publication.topics.push_back(hinted_);
  changed_ = true;
}

void Track::drop_hint(Publication& publication) {
  if (hinted_) publication.removals.push_back(hinted_->name());
  hinted_.reset();
}

store::Object Track::part_object(const Bytes& chunk, const std::string& uri, UtcTime now) const {
  store::Object object{.body = {chunk}, .headers = media_headers(uri, now)};
  object.headers.custom.push_back(published_at(now));
  return object;
}

void Track::add_part(const Bytes& chunk, const timeline::Part& part, bool last, UtcTime now,
                     Publication& publication) {
  const timeline::Segment& segment = *window_.open_segment();
  const size_t index = segment.parts.size();
  growing_body_.push_back(chunk);
  if (growing_) {
    publication.chunks.push_back({growing_, std::make_shared<store::Message>(
                                                store::Position{index, 0}, store::make_object({chunk}, {}))});
  }
  if (has_parts(options_) && !withheld_) {
    const std::string uri = segment.part_uri(index);
    store::Object object = part_object(chunk, uri, now);
    // Else another one had been expected.
    if (hinted_ && hinted_->name() == prefix_ + uri) {
      publication.seals.push_back({std::exchange(hinted_, nullptr), std::move(object)});
    } else {
      publication.puts.push_back({prefix_ + uri, std::move(object)});
    }
  }
  // A part lasts no longer than its target. Where a single frame does, nothing follows it for the rest of its
  // time.
  const Duration longest = has_parts(options_) ? part_target_ : part.duration;
  Duration listed = part.duration - longest <= kOneRounding ? part.duration : longest;
  window_.add_part({.duration = listed,
                    .bytes = chunk.size(),
                    .independent = part.independent,
                    .self_contained = part.self_contained});
  while (part.duration - listed > kRounding) {
    const Duration gap = std::min(part.duration - listed, longest);
    window_.add_part({.duration = gap, .gap = true});
    listed += gap;
  }
  last_part_ = last;
  hint(publication);
  changed_ = changed_ || has_parts(options_);
}

void Track::renounce_independence() {
  window_.renounce_independence();
  info_.independent_segments = false;
}

void Track::close_segment(Duration offset, UtcTime now, Publication& publication) {
  if (!window_.is_open()) return;
  if (window_.open_segment()->parts.empty()) {
    if (growing_) publication.removals.push_back(growing_->name());
    growing_.reset();
    drop_withheld();
    return;
  }
  if (withheld_) publish_withheld(now, publication);
  const timeline::SegmentRef closed = window_.close();
  if (growing_) {
    publication.seals.push_back(
        {std::exchange(growing_, nullptr),
         {.body = std::move(growing_body_), .headers = media_headers(closed->uri(), now)}});
  }
  growing_body_.clear();
  measure();
  info_.independent_segments = window_.independent_segments();
  publication.added.push_back(
      {name(), closed->sequence, closed->start - offset, closed->duration, closed->bytes});
  slide(publication);
}

// Players read BANDWIDTH once, and while little has been measured the peak is still to come.
void Track::measure() {
  const timeline::BandwidthMeter& meter = window_.bandwidth();
  const bool begins = options_.type != timeline::PlaylistType::kVod && !window_.ended() &&
                      meter.measured() < kSettledRates * std::chrono::seconds(target_duration_);
  const uint64_t expected = begins ? meter.peak() + meter.peak() / 2 : meter.peak();
  info_.peak_bandwidth = std::max(expected, info_.declared_bandwidth);
  info_.average_bandwidth = meter.average();
}

// RFC 8216bis 6.2.2: what leaves stays for its own duration and that of the longest playlist that listed it.
void Track::slide(Publication& publication) {
  const Duration listed = window_.duration();
  for (const timeline::SegmentRef& gone : window_.trim()) retire(*gone, gone->duration + listed, publication);
  // Parts leave the playlist before their segment, and stay for three target durations more (6.2.2); one on
  // top for who has an answer that was on its way.
  const Duration ttl =
      4 * std::max<Duration>(std::chrono::seconds(target_duration_), options_.segment_duration);
  for (const timeline::SegmentRef& whole : window_.take_unlisted_parts())
    retire_parts(*whole, ttl, publication);
  hint(publication);
  changed_ = true;
}

void Track::add_gap(Duration start, Duration duration, uint64_t epoch, Publication& publication) {
  timeline::Segment gap;
  gap.sequence = window_.last_sequence().value_or(0) + 1;
  // Nothing of a new format has come.
  const timeline::Segment* last = window_.last();
  gap.stretch = last && last->stretch->run == stretch_->run ? last->stretch : stretch_;
  gap.start = start;
  gap.duration = duration;
  gap.epoch = std::max(epoch, window_.last_epoch());
  // Reports of other renditions say how many parts there are (RFC 8216bis 4.4.5.4).
  for (Duration left = duration; has_parts(options_) && left > Duration::zero(); left -= part_target_) {
    gap.parts.push_back({.duration = std::min(left, part_target_), .gap = true});
  }
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
  retire_parts(segment, ttl, publication);
  const std::string& init = segment.init_uri();
  if (init != stretch_->init_uri && !window_.needs_init(init)) let_go(init);
}

void Track::retire_parts(const timeline::Segment& segment, std::optional<Duration> ttl,
                         Publication& publication) {
  if (!has_parts(options_)) return;
  for (size_t i = 0; i < segment.parts.size(); ++i) {
    if (segment.parts[i].gap) continue;
    if (ttl) {
      publication.expiries.push_back({prefix_ + segment.part_uri(i), *ttl});
    } else {
      publication.removals.push_back(prefix_ + segment.part_uri(i));
    }
  }
}

bool Track::may_drop_oldest() const {
  return active_ ? window_.may_drop_oldest() : window_.size() > 0;
}

void Track::drop_oldest(Publication& publication) {
  retire(*window_.drop_oldest(), std::nullopt, publication);
  changed_ = true;
  if (window_.size() == 0 && !active_) withdraw(publication);
}

void Track::withdraw(Publication& publication) {
  if (!offered_) return;
  while (window_.size() > 0) retire(*window_.drop_oldest(), std::nullopt, publication);
  if (has_init()) publication.removals.push_back(prefix_ + stretch_->init_uri);
  publication.removals.push_back(playlist_name());
  drop_hint(publication);
  begin_stretch(stretch_->run, {});
  offered_ = false;
  revision_ = 0;
  playlist_ = make_playlist_topic();
}

void Track::end(Publication& publication) {
  window_.end();
  measure();
  drop_hint(publication);
  changed_ = true;
}

}  // namespace origin::channel
