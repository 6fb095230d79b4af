// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/sender.hpp"

#include <algorithm>

#include "origin/base/clock.hpp"
#include "origin/base/log.hpp"
#include "origin/base/thread.hpp"

namespace origin::publish {

namespace {

constexpr Duration kLook = 500ms;     // how often stalls are looked for, where there may be one
constexpr Duration kIdle = 60s;       // a wait for nothing but wake()
constexpr Duration kLongest = 3600s;  // that the kernel is told of
constexpr Duration kBreath = 10ms;    // where the kernel has no memory to wait with

CURLM* make_multi() {
  // For the process, once; never undone, since others may use curl, too.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  return ready == CURLE_OK ? curl_multi_init() : nullptr;
}

MonotonicTime time_now() {
  return Clock::system().monotonic();
}

}  // namespace

Sender::Sender(Backlog& backlog, Options options, Location location, std::shared_ptr<Listener> listener)
    : backlog_(backlog),
      options_(std::move(options)),
      location_(std::move(location)),
      listener_(std::move(listener)),
      multi_(make_multi()) {
  if (multi_) thread_ = start_thread("origin-publish", [this] { run(); });
}

void Sender::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake();
  thread_.join();
  const MutexLock lock(mutex_);
  connected_ = false;
}

void Sender::describe(Stats& stats) const {
  const MutexLock lock(mutex_);
  stats.connected = connected_;
  stats.reconnections = reconnections_;
  stats.last_failure = last_failure_;
}

void Sender::run() {
  while (!stopping_) {
    serve(time_now());
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    const MonotonicTime now = time_now();
    reap(now);
    watch(now);
    settle(now);
    tell_drops();
    wait(now);
  }
  lines_.clear();
}

// Starts requests that are due, and goes on with those for which there is something again.
void Sender::serve(MonotonicTime now) {
  tracks_ = backlog_.tracks(now);
  lines_.resize(tracks_.size());
  for (Backlog::TrackId track = 0; track < tracks_.size(); ++track) {
    Line& line = lines_[track];
    if (!tracks_[track].wants_connection) continue;
    if (line.transfer) {
      if (line.transfer->is_paused() && tracks_[track].has_next) line.transfer->resume(now);
      // What was sent is only let go of where there is a connection: else it is to be sent again.
      if (line.is_settled) backlog_.forget_sent(track, now - options_.keep_sent);
    } else if (now >= line.retry_at && !line.waits_for_media) {
      connect(track, now);
    } else if (line.waits_for_media && tracks_[track].has_next) {
      connect(track, now);
    }
  }
}

void Sender::connect(Backlog::TrackId track, MonotonicTime now) {
  Line& line = lines_[track];
  line.waits_for_media = line.is_settled = false;
  backlog_.rewind(track);
  const std::string of_track = backlog_.query(track);
  const std::string query = options_.query + (of_track.empty() ? "" : "&") + of_track;
  const Transfer::Request request{
      .url = location_.track_url(options_.presentation, backlog_.name(track), query),
      .api_key = options_.api_key,
      .stall_timeout = options_.stall_timeout,
      .loss_timeout = std::min({options_.stall_timeout, options_.keep_sent / 4 * 3, kLongest})};
  const auto source = [this, track](MonotonicTime time) { return backlog_.next(track, time); };
  line.transfer = Transfer::start(multi_.get(), request, source, now);
  if (!line.transfer) failed(track, "no memory for a connection", now);
}

// What curl says to be over.
void Sender::reap(MonotonicTime now) {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURL* handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto line = std::ranges::find_if(
        lines_, [handle](const Line& line) { return line.transfer && line.transfer->handle() == handle; });
    if (line != lines_.end()) finished(static_cast<Backlog::TrackId>(line - lines_.begin()), code, now);
  }
}

void Sender::watch(MonotonicTime now) {
  for (Backlog::TrackId track = 0; track < lines_.size(); ++track) {
    if (lines_[track].transfer && lines_[track].transfer->has_failed(now)) finished(track, CURLE_OK, now);
  }
}

void Sender::finished(Backlog::TrackId track, CURLcode code, MonotonicTime now) {
  Line& line = lines_[track];
  const std::unique_ptr<Transfer> transfer = std::move(line.transfer);
  const Answer& answer = transfer->answer();
  // The second time that a track ends, it has ended already: only the answer was lost.
  const bool has_ended_before = answer.status == 409 && line.end_was_sent;
  if (transfer->is_confirmed() || has_ended_before) {
    backlog_.confirm(track);
    tracks_[track].wants_connection = false;
    tracks_[track].is_confirmed = true;
    return;
  }
  line.end_was_sent |= transfer->body_ended();
  if (answer.is_final()) return refuse(answer.error());
  // The server does not wait for ever, and there was nothing to send: a track with rare frames.
  const bool is_idle = answer.status == 408 && line.is_settled && !tracks_[track].has_next;
  if (is_idle) {
    line.waits_for_media = true;
    return;
  }
  failed(track, transfer->failure(code), now);
}

void Sender::failed(Backlog::TrackId track, const std::string& reason, MonotonicTime now) {
  Line& line = lines_[track];
  line.is_settled = false;
  line.back_off = std::clamp(line.back_off * 2, options_.retry_after, options_.max_retry_after);
  line.retry_at = now + line.back_off;
  const std::string text = "track " + backlog_.name(track) + ": " + reason;
  log_debug("publish to %s: %s; trying again", location_.text().c_str(), text.c_str());
  {
    const MutexLock lock(mutex_);
    connected_ = false;
    last_failure_ = text;
  }
  if (!std::exchange(in_outage_, true) && listener_) listener_->disconnected(text);
}

void Sender::refuse(const Error& error) {
  lines_.clear();
  backlog_.refuse(error);
  {
    const MutexLock lock(mutex_);
    connected_ = false;
    last_failure_ = error.message;
  }
  if (listener_) listener_->refused(error);
}

// A connection counts when it has held for a while: a server that does not want what comes says so at once,
// and whoever it says so to was not connected.
void Sender::settle(MonotonicTime now) {
  bool any = false, all = true;
  for (Backlog::TrackId track = 0; track < lines_.size(); ++track) {
    Line& line = lines_[track];
    any |= tracks_[track].wants_connection || tracks_[track].is_confirmed;
    if (!tracks_[track].wants_connection || line.waits_for_media) continue;
    const auto started = line.transfer ? line.transfer->started() : std::nullopt;
    if (started && now - *started >= options_.retry_after) {
      line.is_settled = true;
      line.back_off = {};
    }
    all &= line.is_settled;
  }
  if (!any || !all) return;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(connected_, true)) return;
    if (std::exchange(in_outage_, false)) ++reconnections_;
  }
  if (listener_) listener_->connected();
}

void Sender::tell_drops() {
  for (const Backlog::Drop& drop : backlog_.take_drops()) {
    if (listener_) listener_->dropped(drop.track, drop.loss.bytes, drop.loss.chunks);
  }
}

// Until there is something to do, or wake() says so.
void Sender::wait(MonotonicTime now) {
  std::vector<curl_waitfd> sockets;
  Duration time = kIdle;
  for (Backlog::TrackId track = 0; track < lines_.size(); ++track) {
    const Line& line = lines_[track];
    if (!tracks_[track].wants_connection || line.waits_for_media) continue;
    if (!line.transfer) {
      time = std::min(time, line.retry_at - now);
      continue;
    }
    const auto started = line.transfer->started();
    if (started && !line.is_settled) time = std::min(time, *started + options_.retry_after - now);
    if (tracks_[track].is_held) time = std::min(time, options_.retry_after);
    if (!line.transfer->is_paused()) time = std::min(time, kLook);
    const int descriptor = line.transfer->descriptor();
    if (descriptor >= 0) sockets.push_back({.fd = descriptor, .events = CURL_WAIT_POLLIN, .revents = 0});
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(time, Duration::zero())).count();
  const CURLMcode polled = curl_multi_poll(
      multi_.get(), sockets.data(), static_cast<unsigned>(sockets.size()), static_cast<int>(ms), nullptr);
  if (polled != CURLM_OK) std::this_thread::sleep_for(kBreath);
}

}  // namespace origin::publish
