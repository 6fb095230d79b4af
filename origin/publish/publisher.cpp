// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/publisher.hpp"

#include <algorithm>

#include "origin/base/ref.hpp"
#include "origin/publish/backlog.hpp"
#include "origin/publish/location.hpp"
#include "origin/publish/sender.hpp"

namespace origin::publish {

namespace {

Error invalid(const std::string& what) {
  return {ErrorCode::kInvalid, what};
}

// What would end a line of the request's head, or a word of its first line.
bool has_no_place(const std::string& text, char least) {
  return std::ranges::any_of(text, [least](char c) { return c < least || c == 0x7f; });
}

Status check_query(const std::string& query) {
  if (has_no_place(query, '!') || query.find_first_of("?#") != std::string::npos)
    return invalid("query '" + query + "' cannot be; it takes name=value&name=value, escaped, without '?'");
  return {};
}

Status check(const Options& options) {
  if (Status valid = check_name("presentation", options.presentation); !valid) return valid;
  if (Status valid = check_query(options.query); !valid) return valid;
  // Without the key itself: errors are logged.
  if (has_no_place(options.api_key, ' ')) return invalid("the api key has control characters");
  if (options.max_buffered == 0) return invalid("max_buffered of 0 bytes is too little; it takes 1 or more");
  if (options.keep_sent < Duration::zero()) return invalid("keep_sent is negative; it takes 0 or more");
  if (options.retry_after <= Duration::zero() || options.max_retry_after < options.retry_after)
    return invalid("retry_after takes more than 0, and max_retry_after no less than it");
  if (options.stall_timeout <= Duration::zero())
    return invalid("stall_timeout is not positive; it takes more than 0");
  return {};
}

std::string complete_query(const std::string& query) {
  const GCharPtr id(g_uuid_string_random());
  return query + (query.empty() ? "" : "&") + "publisher=" + id.get() + "&aligned=true";
}

}  // namespace

struct Publisher::Impl {
  Impl(Options options, Location location, std::shared_ptr<Listener> listener)
      : backlog(options.max_buffered, options.retry_after),
        sender(backlog, std::move(options), std::move(location), std::move(listener)) {}

  Backlog backlog;
  Sender sender;
};

Result<std::unique_ptr<Publisher>> Publisher::start(Options options, std::shared_ptr<Listener> listener) {
  Result<Location> location = Location::parse(options.location);
  if (!location) return location.error();
  if (Status valid = check(options); !valid) return valid.error();
  options.query = complete_query(options.query);
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*location), std::move(listener));
  if (!impl->sender.is_good())
    return Error{ErrorCode::kIo, "curl cannot be set up: no memory or descriptors"};
  return std::unique_ptr<Publisher>(new Publisher(std::move(impl)));
}

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Publisher::~Publisher() = default;

Result<Publisher::TrackId> Publisher::add_track(const std::string& name) {
  return impl_->backlog.add_track(name);
}

void Publisher::describe(TrackId track, std::string query) {
  impl_->backlog.describe(track, std::move(query));
}

void Publisher::header(TrackId track, const Bytes& bytes) {
  impl_->backlog.add_header(track, bytes);
  impl_->sender.wake();
}

void Publisher::chunk(TrackId track, const Bytes& bytes, bool starts_segment) {
  impl_->backlog.add_chunk(track, bytes, starts_segment);
  impl_->sender.wake();
}

void Publisher::end(TrackId track) {
  impl_->backlog.end(track);
  impl_->sender.wake();
}

bool Publisher::wait_for_room(Duration timeout) {
  return impl_->backlog.wait_for_room(timeout);
}

Status Publisher::finish(Duration timeout) {
  impl_->backlog.close();
  impl_->sender.wake();
  const Status confirmed = impl_->backlog.wait_until_confirmed(timeout);
  impl_->sender.stop();
  return confirmed;
}

Stats Publisher::stats() const {
  Stats stats;
  const Backlog::Totals totals = impl_->backlog.totals();
  stats.bytes_sent = totals.sent;
  stats.bytes_buffered = totals.buffered;
  stats.bytes_unsent = totals.unsent;
  stats.bytes_dropped = totals.lost.bytes;
  stats.chunks_dropped = totals.lost.chunks;
  impl_->sender.describe(stats);
  return stats;
}

}  // namespace origin::publish
