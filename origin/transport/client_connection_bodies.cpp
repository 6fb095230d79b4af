// SPDX-License-Identifier: LGPL-2.1-or-later
// What an Application does with bodies itself: takes those of requests, and gives responses piece by piece.
#include <sys/socket.h>

#include "origin/transport/client_connection.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

void ClientConnection::receive_body(BodyReader& reader, bool expects_continue) {
  reader_ = &reader;
  framing_.unwrap();
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  // What a socket with nothing else to send does not take, the client does without: it is not to wait for
  // long (RFC 9110 10.1.1).
  if (expects_continue && minor_version_ > 0)
    send(socket_.get(), kContinue.data(), kContinue.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

size_t ClientConnection::take_body(std::string_view bytes) {
  std::string content;
  const size_t taken = framing_.feed(bytes, bytes.size(), &content);
  if (framing_.error()) return taken;
  if (!content.empty()) reader_->body_bytes(content);
  if (reader_ && framing_.complete()) std::exchange(reader_, nullptr)->body_complete();
  return taken;
}

void ClientConnection::begin_response(std::span<const std::string_view> head) {
  if (phase_ != Phase::kAnswer || answer_begun()) return;
  for (const std::string_view text : head) output_.hold(text);
  pump_output();
}

void ClientConnection::continue_response(Body pieces) {
  if (phase_ != Phase::kAnswer || answered_) return;
  output_.push(std::move(pieces));
  pump_output();
  if (!pumping_) update_deadline();
}

void ClientConnection::end_response(bool complete) {
  if (phase_ != Phase::kAnswer || answered_) return;
  if (!complete) return close();
  answered_ = true;
  gone_ = nullptr;
  pump_output();
  if (!pumping_) update_deadline();
}

}  // namespace origin::transport
