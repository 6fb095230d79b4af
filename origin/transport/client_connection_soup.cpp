// SPDX-License-Identifier: LGPL-2.1-or-later
// libsoup's side of a ClientConnection.
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "origin/transport/soup_request.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

namespace {

// Of a request body, received but not read by libsoup: above this the client has to wait.
constexpr size_t kSoupInputLimit = 256 * 1024;
// What libsoup may write between two turns.
constexpr size_t kSoupWritePerTurn = 512 * 1024;

GQuark connection_quark() {
  static const GQuark quark = g_quark_from_static_string("origin-transport-connection");
  return quark;
}

Ref<GSocketAddress> local_address_of(int fd) {
  PeerAddress local;
  socklen_t size = PeerAddress::kStorageSize;
  getsockname(fd, local.storage(), &size);
  return local.to_gio();
}

// Whether the connection can carry another response after this one.
bool response_keeps_alive(SoupServerMessage* message, int minor_version) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  const char* connection = soup_message_headers_get_list(headers, "Connection");
  if (soup_header_contains(connection ? connection : "", "close")) return false;
  if (minor_version == 0 && !soup_header_contains(connection ? connection : "", "keep-alive")) return false;
  const guint status = soup_server_message_get_status(message);
  const bool has_body = status != SOUP_STATUS_NO_CONTENT && status != SOUP_STATUS_NOT_MODIFIED &&
                        soup_server_message_get_method(message) != SOUP_METHOD_HEAD;
  return !has_body || soup_message_headers_get_encoding(headers) != SOUP_ENCODING_EOF;
}

}  // namespace

Connection* Connection::of(SoupServerMessage* message) {
  return ClientConnection::of_message(message);
}

ClientConnection* ClientConnection::of_message(SoupServerMessage* message) {
  GSocketAddress* remote = soup_server_message_get_remote_address(message);
  return remote ? static_cast<ClientConnection*>(g_object_get_qdata(G_OBJECT(remote), connection_quark()))
                : nullptr;
}

void ClientConnection::open_soup(const RequestHead& head) {
  soup_ = std::make_unique<SoupRequest>(*this, worker_.live_soup_streams());
  soup_->input = head.bytes;
  // The version, which ends the first line: this libsoup refuses a later one than 1.1.
  soup_->input[soup_->input.find('\r') - 1] = static_cast<char>('0' + head.minor_version);
  soup_->remote = peer_.to_gio();
  const Ref<GSocketAddress> local = local_address_of(socket_.get());
  g_object_set_qdata(G_OBJECT(soup_->remote.get()), connection_quark(), this);
  // libsoup reads the head, calls the handler and, where that has its answer ready, writes it before this
  // returns.
  const Ref<GIOStream> stream = Ref<GIOStream>::share(soup_->stream.get());
  soup_server_accept_iostream(worker_.soup(), stream.get(), local.get(), soup_->remote.get(), nullptr);
  pump_output();
}

void ClientConnection::soup_started(SoupServerMessage* message) {
  if (!soup_) return;
  soup_->message = message;
  // RFC 9112 9.3 and 9.6: who asked for something else than the default of its version is told that it was
  // heard.
  if (keep_alive_ == (minor_version_ == 1)) return;
  soup_message_headers_append(soup_server_message_get_response_headers(message), "Connection",
                              keep_alive_ ? "keep-alive" : "close");
}

void ClientConnection::soup_finished(SoupServerMessage* message, bool complete) {
  if (!soup_) return;
  soup_->message = nullptr;
  // A 500 counts as aborted with libsoup, but is a response like others if all of it was written.
  soup_->complete =
      complete || (soup_server_message_get_status(message) == SOUP_STATUS_INTERNAL_SERVER_ERROR &&
                   soup_->head_held && !soup_->wants_write && !input_ended_);
  keep_alive_ = keep_alive_ && complete && response_keeps_alive(message, minor_version_);
}

// Ends what libsoup is doing with this request. A message that is paused, or that waits for more of its body,
// has no source by which it would notice.
void ClientConnection::abandon_soup() {
  if (!soup_) return;
  const std::unique_ptr<SoupRequest> soup = std::move(soup_);
  g_object_set_qdata(G_OBJECT(soup->remote.get()), connection_quark(), nullptr);
  if (!soup->message) return;
  soup_message_body_complete(soup_server_message_get_response_body(soup->message));
  soup_server_message_unpause(soup->message);
}

std::string* ClientConnection::soup_input() {
  return soup_ ? &soup_->input : nullptr;
}

size_t ClientConnection::soup_room() const {
  if (!soup_) return SIZE_MAX;
  const size_t waiting = soup_->input.size() - soup_->input_offset;
  return waiting < kSoupInputLimit ? kSoupInputLimit - waiting : 0;
}

bool ClientConnection::soup_readable() const {
  if (!soup_) return true;
  if (soup_->input_offset < soup_->input.size()) return true;
  return input_ended_ && input_.empty() && (phase_ == Phase::kTunnel || !framing_.complete());
}

ssize_t ClientConnection::soup_read(void* buffer, size_t size) {
  if (!soup_) return kBroken;
  std::string& input = soup_->input;
  const size_t count = std::min(size, input.size() - soup_->input_offset);
  if (count == 0) return soup_readable() ? 0 : kWouldBlock;
  std::memcpy(buffer, input.data() + soup_->input_offset, count);
  soup_->input_offset += count;
  if (soup_->input_offset == input.size() || soup_->input_offset >= kSoupInputLimit) {
    input.erase(0, soup_->input_offset);
    soup_->input_offset = 0;
  }
  // There may be room again for what was left waiting.
  if (!pumping_ && (!input_.empty() || readable_) && wants_input()) worker_.loop().schedule(*this);
  return static_cast<ssize_t>(count);
}

bool ClientConnection::soup_writable() const {
  return !soup_ || (writable_ && soup_->turn_bytes < kSoupWritePerTurn);
}

// The head of a response is held back until its body comes, or until it turns out that none comes soon.
void ClientConnection::hold_head(std::string_view head) {
  output_.hold(head);
  const bool informational = head.size() > 9 && head[9] == '1';
  if (!informational) {
    soup_->head_held = true;
    worker_.loop().schedule(*this);
    return;
  }
  if (head.substr(9, 3) == "101") {
    phase_ = Phase::kTunnel;
    soup_->message = nullptr;
    gone_ = nullptr;
  }
  pump_output();
}

ssize_t ClientConnection::soup_write(const void* data, size_t size) {
  if (!soup_) return kBroken;
  const std::string_view bytes(static_cast<const char*>(data), size);
  if (phase_ == Phase::kAnswer && !soup_->head_held && bytes.starts_with("HTTP/")) {
    hold_head(bytes);
    return soup_ ? static_cast<ssize_t>(size) : kBroken;
  }
  soup_->wants_write = !soup_writable();
  if (soup_->wants_write) return kWouldBlock;
  uint64_t sent = 0;
  OutputQueue::Result result;
  const ssize_t count = output_.send_with(socket_.get(), bytes.substr(0, kSoupWritePerTurn), sent, result);
  note_sent(sent);
  if (result == OutputQueue::Result::kBroken) return kBroken;
  if (result == OutputQueue::Result::kBlocked) writable_ = false;
  soup_->turn_bytes += sent;
  soup_->wants_write = count < static_cast<ssize_t>(size);
  if (soup_->wants_write || !soup_writable()) worker_.loop().schedule(*this);
  return count < 0 ? kWouldBlock : count;
}

bool ClientConnection::soup_flush() {
  if (!soup_) return false;
  if (!output_.empty()) pump_output();
  return soup_ != nullptr;
}

// libsoup has let go: of a request that it answered, or of one that it gave up.
void ClientConnection::soup_closed() {
  if (!soup_) return;
  const std::unique_ptr<SoupRequest> soup = std::move(soup_);
  g_object_set_qdata(G_OBJECT(soup->remote.get()), connection_quark(), nullptr);
  output_.hold(soup->stream.take_late());
  if (phase_ == Phase::kAnswer && !soup->complete) {
    // A head that libsoup could not read is answered without the signals of a request.
    if (!soup->message || !soup->head_held || soup->wants_write) return close();
    keep_alive_ = false;
  }
  answered_ = true;
  gone_ = nullptr;
  pump_output();
  if (!pumping_) update_deadline();
}

}  // namespace origin::transport
