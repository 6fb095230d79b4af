// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/client.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <cstring>

#include "origin/base/clock.hpp"

namespace origin::bench {

namespace {

constexpr size_t kMaxPlaylistBytes = 16 << 20;

MonotonicTime now() {
  return Clock::system().monotonic();
}

}  // namespace

std::optional<MonotonicTime> Client::due() const {
  if (request_) return deadline_;
  if (follower_.ended()) return std::nullopt;
  return follower_.due();
}

void Client::on_due() {
  if (!request_) return follow();
  connection_.close();
  request_ = nullptr;
  follower_.on_timeout(now());
}

void Client::on_events(uint32_t events) {
  if (events & EPOLLOUT) connection_.flush();
  while (connection_.is_open()) {
    const Received received = connection_.receive(load_.buffer);
    switch (received.what) {
      case Received::What::kNothingYet:
        return;
      case Received::What::kBytes:
        on_bytes(received);
        // Edge-triggered: a read that was cut short by the buffer may leave something.
        if (received.bytes.size() < load_.buffer.size() && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
          return;
        break;
      case Received::What::kClosed:
      case Received::What::kFailed:
        return on_closed(received.error);
    }
  }
}

// Asks for what is to be asked for by now.
void Client::follow() {
  if (!follower_.ended() && follower_.due() <= now()) request();
}

void Client::request() {
  request_ = &follower_.next();
  on_used_connection_ = connection_.is_open();
  send();
}

void Client::send() {
  parser_.reset();
  text_ = {};
  boxes_ = {};
  deadline_ = now() + request_->patience;
  if (!connection_.is_open()) {
    load_.tally.connection(was_connected_);
    was_connected_ = true;
    if (const Status status = connection_.open(load_.epoll, this, server_, source_); !status) {
      load_.tally.fault(Fault::kConnect, status.error().message);
      return break_off();
    }
  }
  std::string head = "GET " + request_->target + " HTTP/1.1\r\nHost: " + subject_.url.authority() + "\r\n";
  if (request_->range) {
    head += "Range: bytes=" + std::to_string(request_->range->offset) + "-" +
            std::to_string(request_->range->offset + request_->range->length - 1) + "\r\n";
  }
  // RFC 9110 12.5.3: without the field, any coding would do.
  head += load_.options.gzip && request_->is_playlist() ? "Accept-Encoding: gzip\r\n"
                                                        : "Accept-Encoding: identity\r\n";
  head += load_.options.headers + "\r\n";
  sent_ = Clock::system().utc();
  connection_.send(head);
}

void Client::on_bytes(const Received& received) {
  load_.tally.own_delay(Clock::system().utc() - received.arrived);
  load_.tally.received(received.bytes.size());
  // A server may say why it is about to close a connection that was idle.
  if (!request_) return connection_.close();
  if (!parser_.started()) {
    first_byte_ = received.arrived;
    load_.tally.first_byte(request_->kind, first_byte_ - sent_);
  }
  std::string_view bytes = received.bytes;
  if (!take_bytes(bytes)) return;
  if (!bytes.empty()) {
    load_.tally.violation(Violation::kMalformedResponse,
                          "GET " + request_->target + ": bytes behind the response");
    return break_off();
  }
  if (parser_.complete()) on_complete(received.arrived);
}

// Of one response; false if it was given up.
bool Client::take_bytes(std::string_view& bytes) {
  while (!bytes.empty() && !parser_.complete()) {
    const std::string_view body = parser_.feed(bytes);
    if (parser_.failed() || text_.size() > kMaxPlaylistBytes) {
      const char* what = parser_.failed() ? parser_.error() : "a playlist of more than 16 MB";
      load_.tally.violation(Violation::kMalformedResponse, "GET " + request_->target + ": " + what);
      break_off();
      return false;
    }
    if (request_->is_playlist()) {
      text_.append(body);
    } else if (parser_.status() / 100 == 2) {
      boxes_.feed(body);
    }
  }
  return true;
}

void Client::on_complete(UtcTime last_byte) {
  load_.tally.request(request_->kind);
  request_ = nullptr;
  if (!parser_.keeps_alive()) connection_.close();
  follower_.on_answer({parser_, text_, boxes_, last_byte, first_byte_ - sent_}, now());
  text_ = {};
  follow();
}

void Client::on_closed(int error) {
  connection_.close();
  if (!request_) return;
  if (!parser_.started()) {
    // RFC 9112 9.3.1: a server may close a kept connection just when the next request is sent.
    if (on_used_connection_) {
      on_used_connection_ = false;
      return send();
    }
    const bool never_connected = error == ECONNREFUSED || error == ETIMEDOUT || error == EHOSTUNREACH;
    load_.tally.fault(never_connected ? Fault::kConnect : Fault::kClosed,
                      "GET " + request_->target + ": " + (error ? std::strerror(error) : "closed"));
    return break_off();
  }
  if (!error && parser_.finish()) return on_complete(Clock::system().utc());
  load_.tally.violation(Violation::kTruncatedBody,
                        "GET " + request_->target + ": closed in the middle of the answer");
  break_off();
}

void Client::break_off() {
  connection_.close();
  request_ = nullptr;
  follower_.on_failure(now());
}

}  // namespace origin::bench
