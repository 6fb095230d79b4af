// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/ledger.hpp"

#include <algorithm>

#include "origin/http/name.hpp"
#include "origin/http/shared.hpp"

namespace origin::http {

namespace {

// Whose waits are told apart; those of others are counted together.
constexpr size_t kMostPresentations = 1000;
constexpr std::string_view kOthers = "(others)";

RequestResult result_of(Operation operation, const Reply& reply) {
  switch (reply.status) {
    case 401:
    case 403:
      return RequestResult::kDenied;
    case 404:
      return reply.expired ? RequestResult::kExpired : RequestResult::kMiss;
    case 413:
    case 414:
    case 429:
    case 431:
    case 507:
      return RequestResult::kLimited;
    case 503:
      return reply.not_yet ? RequestResult::kNotYet : RequestResult::kLimited;
    default:
      break;
  }
  // What the client asked for in a method or version that there is not.
  if (reply.status == 501 || reply.status == 505) return RequestResult::kInvalid;
  if (reply.status >= 500) return RequestResult::kError;
  if (reply.status >= 400) return RequestResult::kInvalid;
  const bool writes =
      operation == Operation::kPut || operation == Operation::kPost || operation == Operation::kDelete;
  if (writes) return RequestResult::kWritten;
  return reply.stored ? RequestResult::kHit : RequestResult::kMade;
}

}  // namespace

Operation operation_of(std::string_view method) {
  constexpr std::pair<std::string_view, Operation> kMethods[] = {
      {"GET", Operation::kGet},   {"HEAD", Operation::kHead},     {"PUT", Operation::kPut},
      {"POST", Operation::kPost}, {"DELETE", Operation::kDelete}, {"OPTIONS", Operation::kOptions}};
  for (const auto& [name, operation] : kMethods) {
    if (method == name) return operation;
  }
  return Operation::kOther;
}

Ledger::Ledger(Shared& shared) : shared_(shared) {
  shared_.ledgers.add(*this);
}

Ledger::~Ledger() {
  shared_.ledgers.remove(*this);
}

Visit Ledger::begin(std::string_view method) {
  return {*this, operation_of(method), shared_.store.clock().monotonic()};
}

void Ledger::note_refusal(Operation operation, int status) {
  Reply reply;
  reply.status = status;
  tally_.requests[static_cast<size_t>(operation)][static_cast<size_t>(result_of(operation, reply))].add();
}

metrics::Histogram& Ledger::wakes_of(std::string_view name) {
  const std::string_view component = first_component(name);
  MutexLock lock(tally_.mutex);
  auto wakes = tally_.wakes.find(component);
  if (wakes == tally_.wakes.end()) {
    const bool full = tally_.wakes.size() >= kMostPresentations;
    wakes = tally_.wakes.try_emplace(std::string(full ? kOthers : component), metrics::kTimeBounds).first;
  }
  return wakes->second;
}

void Ledger::record(Visit& visit, RequestResult result, uint64_t bytes) {
  const auto operation = static_cast<size_t>(visit.operation_), index = static_cast<size_t>(result);
  const Duration took = shared_.store.clock().monotonic() - visit.began_;
  tally_.requests[operation][index].add();
  tally_.bytes[operation][index].add(bytes);
  if (result == RequestResult::kHit || result == RequestResult::kMade) {
    (visit.held_ ? tally_.waits : tally_.reads).observe(took);
  } else if (result == RequestResult::kWritten) {
    tally_.writes.observe(took);
  }
  if (!visit.entry_) return;
  AccessEntry& entry = *visit.entry_;
  entry.result = kResultNames[index];
  entry.held = visit.held_;
  entry.bytes_sent = bytes;
  entry.duration = took;
  shared_.access_log->write(std::move(entry));
}

Visit::Visit(Ledger& ledger, Operation operation, MonotonicTime began)
    : ledger_(&ledger), began_(began), operation_(operation) {}

Visit::Visit(Visit&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)),
      began_(other.began_),
      operation_(other.operation_),
      held_(other.held_),
      result_(other.result_),
      entry_(std::move(other.entry_)) {}

Visit& Visit::operator=(Visit&& other) noexcept {
  if (ledger_) ledger_->record(*this, RequestResult::kGone, 0);
  ledger_ = std::exchange(other.ledger_, nullptr);
  began_ = other.began_;
  operation_ = other.operation_;
  held_ = other.held_;
  result_ = other.result_;
  entry_ = std::move(other.entry_);
  return *this;
}

Visit::~Visit() {
  if (ledger_) ledger_->record(*this, RequestResult::kGone, 0);
}

void Visit::describe(const transport::Connection& connection, const transport::RequestHead& head,
                     const access::GrantRef& grant) {
  if (!ledger_->shared_.access_log) return;
  entry_ = std::make_unique<AccessEntry>(describe_request(head));
  entry_->time = ledger_->shared_.store.clock().utc();
  entry_->address = connection.remote_address();
  if (grant) entry_->key = grant->holder;
}

void Visit::note_received(uint64_t bytes) {
  if (entry_) entry_->bytes_received += bytes;
}

void Visit::refuse(int status) {
  Reply reply;
  reply.status = status;
  if (entry_) entry_->status = status;
  std::exchange(ledger_, nullptr)->record(*this, result_of(operation_, reply), 0);
}

void Visit::end(const Reply& reply, std::string_view request_id, transport::Connection& connection) {
  result_ = result_of(operation_, reply);
  if (result_ == RequestResult::kHit && reply.object && reply.object->headers.last_modified != UtcTime{}) {
    const UtcTime now = ledger_->shared_.store.clock().utc();
    ledger_->tally_.ages.observe(now - reply.object->headers.last_modified);
  }
  if (entry_) {
    entry_->status = reply.status;
    entry_->id = request_id;
  }
  using Delivery = transport::Connection::Delivery;
  const Delivery delivery = connection.delivery();
  if (delivery == Delivery::kDelivered || delivery == Delivery::kBroken) return settle(connection);
  const auto visit = std::make_shared<Visit>(std::move(*this));
  connection.on_delivery([visit, &connection] { visit->settle(connection); });
}

void Visit::settle(const transport::Connection& connection) {
  const bool delivered = connection.delivery() == transport::Connection::Delivery::kDelivered;
  if (entry_) entry_->complete = delivered;
  std::exchange(ledger_, nullptr)->record(*this, result_, connection.answer_bytes());
}

}  // namespace origin::http
