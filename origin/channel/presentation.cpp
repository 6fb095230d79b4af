// SPDX-License-Identifier: LGPL-2.1-or-later
// The publisher's side of a presentation: runs, tracks, anchors, end. What a writer does is in
// presentation_media.cpp, how segments are numbered in presentation_numbers.cpp.
#include "origin/channel/presentation.hpp"

#include <algorithm>

#include "origin/channel/lifetimes.hpp"
#include "origin/channel/presentation_slot.hpp"

namespace origin::channel {

namespace {

constexpr size_t kWarningsKept = 10;

// Short and never the same twice: milliseconds since 1970 in base 36.
std::string make_run_id(UtcTime now) {
  auto value = std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
  std::string id;
  for (; value > 0; value /= 36) id.insert(id.begin(), "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36]);
  return id.empty() ? "0" : id;
}

store::TopicOptions multivariant_topic(const Options& options) {
  store::TopicOptions topic;
  topic.hold_limit = multivariant_hold_limit(options);
  topic.headers.content_type = "application/vnd.apple.mpegurl";
  return topic;
}

}  // namespace

Presentation::Presentation(Options options, store::Store& store, const Clock& clock,
                           std::shared_ptr<const SpentNumbers> spent_numbers)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      spent_numbers_(std::move(spent_numbers)),
      grid_(options_.segment_duration),
      target_duration_(options_.target_duration),
      multivariant_(
          std::make_shared<store::Topic>(options_.name + "/index.m3u8", multivariant_topic(options_))) {}

Presentation::~Presentation() = default;

State Presentation::state() const {
  MutexLock lock(mutex_);
  return state_;
}

bool Presentation::has_publisher() const {
  const State now = state();
  return now == State::kStarting || now == State::kLive;
}

Status Presentation::start_run(std::shared_ptr<Observer> observer) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kRemoved || state_ == State::kEnded) {
      return Error{ErrorCode::kEnded, "presentation '" + options_.name + "' has ended"};
    }
    if (state_ != State::kStopped) {
      return Error{ErrorCode::kExists,
                   "presentation '" + options_.name + "' has a publisher already; take another name"};
    }
    // Whoever published before, what follows does not continue it.
    const bool resumed = !run_id_.empty();
    if (!resumed) publication.topics.push_back(multivariant_);
    state_ = State::kStarting;
    observer_ = std::move(observer);
    started_ = clock_.utc();
    run_started_ = clock_.monotonic();
    run_id_ = make_run_id(started_);
    first_segment_.reset();
    media_written_ = offered_ = false;
    run_epoch_ = anchor_.epoch += resumed ? 1 : 0;
    anchor_.offset = publisher_offset_ = initial_offset();
  }
  carry_out(std::move(publication));
  return {};
}

void Presentation::leave() {
  if (relay_) relay_->finish();
  bool vanish = false;
  Publication publication;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kStopped || state_ == State::kRemoved) return;
    observer_.reset();
    if (state_ != State::kEnded) {
      vanish = options_.type == timeline::PlaylistType::kVod;
      state_ = State::kStopped;
      left_ = clock_.monotonic();
      for (const auto& slot : slots_) slot->track.close_segment(anchor_.offset, clock_.utc(), publication);
      publish_playlists(publication);
    }
    for (const auto& slot : slots_) slot->track.deactivate();
  }
  carry_out(std::move(publication));
  if (vanish) remove();
}

Duration Presentation::initial_offset() const {
  return options_.wall_clock ? started_.time_since_epoch() : Duration::zero();
}

void Presentation::set_relay(std::shared_ptr<Relay> relay) {
  MutexLock lock(mutex_);
  relay_ = std::move(relay);
}

bool Presentation::set_wall_clock(bool wall_clock) {
  MutexLock lock(mutex_);
  if (options_.wall_clock == wall_clock) return true;
  if (wall_clock_fixed_) return false;
  options_.wall_clock = wall_clock;
  for (const auto& slot : slots_) slot->track.set_has_dates(wall_clock);
  anchor_.offset = publisher_offset_ = initial_offset();
  return true;
}

void Presentation::set_anchor(Duration utc_at_zero) {
  MutexLock lock(mutex_);
  if (!options_.wall_clock) return;
  if (!media_written_) {
    anchor_.offset = publisher_offset_ = utc_at_zero;
    return;
  }
  const Duration tolerance = options_.part_duration > Duration::zero() ? options_.part_duration / 2 : 250ms;
  const Duration change = utc_at_zero - publisher_offset_;
  if (std::chrono::abs(change) <= tolerance) return;
  publisher_offset_ = utc_at_zero;
  anchor_ = {anchor_.epoch + 1, anchor_.offset + change};
  for (const auto& slot : slots_) {
    if (slot->offset) *slot->offset += change;
  }
  grid_.settle_only(clock_.utc().time_since_epoch());
}

void Presentation::fix_wall_clock() {
  MutexLock lock(mutex_);
  if (!std::exchange(wall_clock_fixed_, true)) recall();
}

void Presentation::set_live_source(bool live_source) {
  MutexLock lock(mutex_);
  options_.live_source = live_source;
}

Result<Presentation::TrackId> Presentation::add_track(const std::string& name) {
  if (Status valid = validate_name(name); !valid) {
    return Error{ErrorCode::kInvalid, "track " + valid.error().message};
  }
  Publication publication;
  TrackId id = 0;
  {
    MutexLock lock(mutex_);
    if (state_ != State::kStarting && state_ != State::kLive) {
      return Error{ErrorCode::kEnded, "presentation '" + options_.name + "' has no publisher"};
    }
    while (id < slots_.size() && slots_[id]->track.name() != name) ++id;
    if (id == slots_.size()) {
      slots_.push_back(std::make_unique<Slot>(options_, name, store_));
      if (target_duration_) slots_[id]->track.set_target_duration(target_duration_);
    } else if (slots_[id]->track.active() && !slots_[id]->given_up()) {
      return Error{ErrorCode::kExists,
                   "presentation '" + options_.name + "' has a track '" + name + "' already"};
    }
    slots_[id]->start_run(run_id_, publication);
    if (relay_) {
      const auto relayed = relay_->publisher().add_track(name);
      if (!relayed) return relayed.error();
      slots_[id]->relayed = *relayed;
    }
    // One that goes on hints at this run's parts.
    if (slots_[id]->track.changed()) publish_playlists(publication);
  }
  carry_out(std::move(publication));
  return id;
}

void Presentation::attach_writer(TrackId id, std::weak_ptr<TrackWriter> writer) {
  MutexLock lock(mutex_);
  slots_[id]->writer = std::move(writer);
}

void Presentation::warn(TrackId id, const std::string& message, const std::string& hint) {
  Publication publication;
  {
    MutexLock lock(mutex_);
    add_warning("track '" + slots_[id]->track.name() + "': " + message, hint, publication);
  }
  carry_out(std::move(publication));
}

void Presentation::add_warning(const std::string& message, const std::string& hint,
                               Publication& publication) {
  if (warnings_.size() == kWarningsKept) warnings_.erase(warnings_.begin());
  warnings_.push_back(format_rfc3339(clock_.utc()) + " " + message);
  publication.warnings.push_back({message, hint});
}

bool Presentation::remove_if_expired() {
  {
    MutexLock lock(mutex_);
    if (state_ != State::kEnded && state_ != State::kStopped) return false;
    if (options_.retention < Duration::zero() || clock_.monotonic() - left_ < options_.retention)
      return false;
    state_ = State::kRemoved;
  }
  return remove();
}

bool Presentation::remove() {
  {
    MutexLock lock(mutex_);
    if (state_ == State::kStarting || state_ == State::kLive) return false;
    state_ = State::kRemoved;
  }
  std::call_once(names_removed_, [this] {
    wait_until_idle();
    store_.remove_prefix(options_.name + "/");
  });
  return true;
}

// What was gathered before the removal must not be put into the store after it.
void Presentation::wait_until_idle() {
  MutexLock lock(mutex_);
  while (carrying_out_ > 0) idle_.wait(mutex_);
}

PresentationStatus Presentation::status() const {
  MutexLock lock(mutex_);
  PresentationStatus status{state_, started_, target_duration_, {}, warnings_};
  for (const auto& slot : slots_) {
    if (slot->given_up() && !slot->track.offered()) continue;
    status.tracks.push_back(slot->status());
    const Duration longest =
        target_duration_ ? std::chrono::seconds(target_duration_) : options_.segment_duration;
    const Duration silence = clock_.monotonic() - slot->last_data;
    status.tracks.back().late = on_wall_clock() && slot->running() && silence >= outage_patience(longest);
  }
  return status;
}

void Presentation::carry_out(Publication publication) {
  std::shared_ptr<Observer> observer;
  bool news = false;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kRemoved) return;
    observer = observer_;
    ++carrying_out_;
    news = !remembering_ && to_remember() != remembered_;
    remembering_ = remembering_ || news;
  }
  if (news) remember();
  publication.publish(store_);
  {
    MutexLock lock(mutex_);
    if (--carrying_out_ == 0) idle_.notify_all();
  }
  publication.tell(options_.name, observer.get());
}

}  // namespace origin::channel
