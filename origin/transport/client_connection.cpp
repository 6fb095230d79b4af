// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/client_connection.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "origin/base/clock.hpp"

#include "origin/transport/soup_request.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

namespace {

// What one connection may do in a turn, so that none holds the loop.
constexpr size_t kReadPerTurn = 256 * 1024;
constexpr size_t kWritePerTurn = 512 * 1024;
constexpr uint8_t kRequestsPerTurn = 32;
// What is read and thrown away of a client that does not stop after its answer.
constexpr size_t kLingerBytes = 8 * 1024 * 1024;

}  // namespace

ClientConnection::ClientConnection(WorkerThread& worker, Descriptor socket, const PeerAddress& peer,
                                   size_t slot)
    : worker_(worker),
      socket_(std::move(socket)),
      peer_(peer),
      shown_{Clock::system().monotonic()},
      slot_(slot) {
  update_deadline();
}

ClientConnection::~ClientConnection() {
  close();
}

const char* ClientConnection::name_of(Wait wait) {
  switch (wait) {
    case Wait::kHead:
      return "in a request head";
    case Wait::kIdle:
      return "idle";
    case Wait::kBody:
      return "in a request body";
    case Wait::kWrite:
      return "in an answer";
    case Wait::kLinger:
      return "closing";
    case Wait::kNone:
      break;
  }
  return "waiting for an answer";
}

ConnectionInfo ClientConnection::info() const {
  return {.address = peer_.text(),
          .state = name_of(shown_.wait.load(std::memory_order_relaxed)),
          .age = Clock::system().monotonic() - shown_.since,
          .requests = shown_.requests.load(std::memory_order_relaxed),
          .bytes_received = shown_.bytes_received.load(std::memory_order_relaxed),
          .bytes_sent = shown_.bytes_sent.load(std::memory_order_relaxed)};
}

Worker& ClientConnection::worker() {
  return worker_;
}

const std::string& ClientConnection::remote_address() const {
  if (remote_address_.empty()) remote_address_ = peer_.text();
  return remote_address_;
}

uint16_t ClientConnection::local_port() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  // At the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

void ClientConnection::on_gone(std::function<void()> callback) {
  gone_ = std::move(callback);
  if (gone_ && half_closed_) worker_.loop().schedule(*this);
}

void ClientConnection::on_events(uint32_t events) {
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
  if (events & EPOLLRDHUP) half_closed_ = true;
  // EPOLLHUP alone comes also when the client closes after our own shutdown().
  if (events & EPOLLERR || (events & EPOLLHUP && phase_ != Phase::kLinger)) broken_ = true;
  if (events & EPOLLOUT) writable_ = true;
  run();
}

void ClientConnection::on_turn() {
  if (phase_ == Phase::kClosed) return worker_.forget(*this);
  if (soup_) soup_->turn_bytes = 0;
  run();
}

void ClientConnection::run() {
  if (phase_ == Phase::kClosed) return;
  if (broken_) return close();
  pump_output();
  pump_input();
  notice_departure();
  update_deadline();
}

// ---- Input

bool ClientConnection::wants_input() const {
  switch (phase_) {
    case Phase::kHead:
      return true;
    case Phase::kAnswer:
      return !framing_.complete() && !framing_.error() && (!soup_ || soup_room() > 0) && !answered_;
    case Phase::kTunnel:
      return soup_ && soup_room() > 0;
    case Phase::kLinger:
      return true;
    default:
      return false;
  }
}

void ClientConnection::pump_input() {
  if (pumping_ || phase_ == Phase::kClosed) return;
  pumping_ = true;
  requests_left_ = kRequestsPerTurn;
  if (!input_.empty() && wants_input()) {
    const std::string kept = std::exchange(input_, {});
    keep(std::string_view(kept).substr(consume(kept)));
  }
  size_t budget = kReadPerTurn;
  while (readable_ && requests_left_ > 0 && wants_input() && receive(budget)) {
  }
  pumping_ = false;
  if (requests_left_ == 0 && (readable_ || !input_.empty())) worker_.loop().schedule(*this);
  if (phase_ == Phase::kLinger) pump_output();
}

// Receives once and consumes it. Returns whether to go on.
bool ClientConnection::receive(size_t& budget) {
  if (budget == 0) {
    worker_.loop().schedule(*this);
    return false;
  }
  const std::span<char> buffer = worker_.receive_buffer();
  const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) {
    if (errno == EINTR) return true;
    readable_ = false;
    if (errno != EAGAIN && errno != EWOULDBLOCK) close();
    return false;
  }
  if (count == 0) {
    end_of_input();
    return false;
  }
  const auto size = static_cast<size_t>(count);
  WorkerCounters::add(worker_.counters().bytes_received, size);
  WorkerCounters::add(shown_.bytes_received, size);
  progress_ = true;
  budget -= std::min(budget, size);
  // A short read has drained the socket: what comes later is a new edge. An end may be there already, though.
  if (size < buffer.size() && !half_closed_) readable_ = false;
  if (input_.empty()) {
    const std::string_view bytes(buffer.data(), size);
    keep(bytes.substr(consume(bytes)));
  } else {
    std::string joined = std::exchange(input_, {});
    joined.append(buffer.data(), size);
    keep(std::string_view(joined).substr(consume(joined)));
  }
  return phase_ != Phase::kClosed;
}

void ClientConnection::keep(std::string_view rest) {
  if (phase_ != Phase::kClosed) input_.assign(rest);
}

// Returns how many bytes need not be seen again. What is left is an incomplete head, or not wanted yet.
size_t ClientConnection::consume(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size() && wants_input()) {
    const std::string_view rest = bytes.substr(used);
    size_t taken = rest.size();
    if (phase_ == Phase::kHead) {
      if (requests_left_ == 0) break;
      taken = consume_head(rest);
      if (taken == 0) break;
    } else if (phase_ == Phase::kAnswer) {
      taken = consume_body(rest);
    } else if (phase_ == Phase::kTunnel) {
      taken = std::min(rest.size(), soup_room());
      soup_input()->append(rest.substr(0, taken));
    } else {
      lingered_ += taken;
      if (lingered_ > kLingerBytes) close();
    }
    used += taken;
  }
  return used;
}

size_t ClientConnection::consume_head(std::string_view bytes) {
  // RFC 9112 2.2: an empty line before the request line is ignored.
  if (!skipped_line_ && scanned_ == 0 && bytes[0] == '\r') {
    if (bytes.size() == 1) return 0;
    if (bytes[1] == '\n') {
      skipped_line_ = true;
      return 2;
    }
  }
  RequestHead head;
  HeadError error;
  const HeadLimits limits{worker_.limits().max_head_bytes, worker_.limits().max_target_bytes};
  switch (parse_request_head(bytes, limits, worker_.header_fields(), scanned_, head, error)) {
    case HeadState::kIncomplete:
      return 0;
    case HeadState::kBad:
      refuse(error, head.method);
      return bytes.size();
    default:
      begin_request(head);
      return head.bytes.size();
  }
}

size_t ClientConnection::consume_body(std::string_view bytes) {
  const size_t taken = reader_ ? take_body(bytes) : framing_.feed(bytes, soup_room(), soup_input());
  if (!framing_.error()) return taken;
  if (answer_begun()) {
    close();
  } else {
    refuse({400, framing_.error()});
  }
  return bytes.size();
}

void ClientConnection::begin_request(const RequestHead& head) {
  phase_ = Phase::kAnswer;
  served_ = head_ended_ = true;
  WorkerCounters::add(shown_.requests);
  --requests_left_;
  scanned_ = 0;
  skipped_line_ = false;
  answered_ = false;
  keep_alive_ = head.keep_alive;
  minor_version_ = static_cast<uint8_t>(head.minor_version);
  framing_ = BodyFraming(head);
  reader_ = nullptr;
  answer_bytes_ = 0;
  delivery_ = Delivery::kNone;
  if (!worker_.application().first_look(*this, head)) open_soup(head);
}

// The client sends no more, and all that it sent was read.
void ClientConnection::end_of_input() {
  half_closed_ = true;
  input_ended_ = true;
  readable_ = false;
  switch (phase_) {
    case Phase::kHead:
      if (input_.empty()) return close();
      return refuse({400, "the connection ends within a request head"});
    case Phase::kLinger:
      // A client that still waits for the rest of its answer has closed one way only.
      if (output_.empty()) close();
      return;
    default:
      return;  // libsoup reads the end; an Application is told by notice_departure
  }
}

// ---- Output

void ClientConnection::respond(const Response& response, bool keep_alive) {
  if (phase_ != Phase::kAnswer || answered_ || answer_begun()) return;
  if (soup_) {
    abandon_soup();
    keep_alive = false;
  }
  answered_ = true;
  reader_ = nullptr;
  keep_alive_ = keep_alive_ && keep_alive;
  gone_ = nullptr;
  uint64_t sent = 0;
  const OutputQueue::Result result =
      output_.begin(socket_.get(), response, writable_ ? kWritePerTurn : 0, sent);
  after_sending(result, sent);
  if (!pumping_) update_deadline();
}

bool ClientConnection::answer_begun() const {
  return answered_ || answer_bytes_ > 0 || !output_.empty();
}

void ClientConnection::pump_output() {
  uint64_t sent = 0;
  OutputQueue::Result result = OutputQueue::Result::kDone;
  if (writable_ && !output_.empty()) result = output_.send(socket_.get(), kWritePerTurn, sent);
  after_sending(result, sent);
}

void ClientConnection::after_sending(OutputQueue::Result result, uint64_t sent) {
  note_sent(sent);
  if (result == OutputQueue::Result::kBroken) return close();
  if (result == OutputQueue::Result::kBlocked) writable_ = false;
  if (result == OutputQueue::Result::kBudget) worker_.loop().schedule(*this);
  if (!output_.empty()) return;
  if (phase_ == Phase::kAnswer && answered_) {
    finish_request();
  } else if (phase_ == Phase::kTunnel && answered_) {
    close();
  } else if (phase_ == Phase::kLinger && !pumping_ && !shut_down_) {
    const bool nothing_unread = lingered_ == 0 && input_.empty() && !readable_ && !must_linger_;
    if (nothing_unread || input_ended_) return close();
    shut_down_ = true;
    shutdown(socket_.get(), SHUT_WR);
  }
}

void ClientConnection::note_sent(uint64_t count) {
  WorkerCounters::add(worker_.counters().bytes_sent, count);
  WorkerCounters::add(shown_.bytes_sent, count);
  answer_bytes_ += count;
  send_rate_.add(count);
  progress_ |= count > 0;
}

bool ClientConnection::reads_slowly() {
  const Limits& limits = worker_.limits();
  return send_rate_.below(limits.min_send_rate, limits.send_rate_window, worker_.loop().now());
}

bool ClientConnection::too_slow_for_memory() const {
  const Limits& limits = worker_.limits();
  return send_rate_.always_below(limits.min_send_rate_short_of_memory, limits.send_time_short_of_memory,
                                 worker_.loop().now());
}

Connection::Delivery ClientConnection::delivery() const {
  return answer_begun() && delivery_ == Delivery::kNone ? Delivery::kOnItsWay : delivery_;
}

void ClientConnection::on_delivery(std::function<void()> callback) {
  delivered_ = std::move(callback);
}

void ClientConnection::settle_delivery(Delivery delivery) {
  if (delivery_ != Delivery::kNone) return;
  delivery_ = delivery;
  if (auto delivered = std::exchange(delivered_, nullptr)) delivered();
}

void ClientConnection::finish_request() {
  settle_delivery(Delivery::kDelivered);
  if (!keep_alive_ || !framing_.complete()) return close_gently();
  phase_ = Phase::kHead;
  if (!pumping_ && (!input_.empty() || readable_)) worker_.loop().schedule(*this);
}

// Closing a socket that has unread bytes resets it, and the client may lose the answer (RFC 9112 9.6). So:
// send all, say that nothing follows, and read on for a while.
void ClientConnection::close_gently() {
  phase_ = Phase::kLinger;
  must_linger_ |= !framing_.complete();
  worker_.loop().schedule(*this);
}

// The answer to what the guard does not let through, in place of whatever was to come.
void ClientConnection::refuse(const HeadError& error, std::string_view method) {
  WorkerCounters::add(worker_.counters().bad_requests);
  must_linger_ = true;
  output_.clear();
  output_.push(worker_.application().refusal(error, method));
  if (phase_ == Phase::kHead) worker_.application().note_refused_head(error, method);
  if (BodyReader* reader = std::exchange(reader_, nullptr)) reader->body_refused(error.status);
  if (auto gone = std::exchange(gone_, nullptr)) gone();
  abandon_soup();
  close_gently();
}

void ClientConnection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  clear_deadline();
  reader_ = nullptr;
  if (auto gone = std::exchange(gone_, nullptr)) gone();
  settle_delivery(Delivery::kBroken);
  abandon_soup();
  socket_.reset();
  output_.clear();
  input_ = {};
  worker_.shared().admission.leave(peer_);
  worker_.loop().schedule(*this);
}

void ClientConnection::finish() {
  keep_alive_ = false;
  if (!answering()) close();
}

bool ClientConnection::give_way() {
  if (phase_ == Phase::kHead) {
    readable_ = true;
    run();
    if (phase_ != Phase::kHead) return phase_ == Phase::kClosed;
  }
  WorkerCounters::add(worker_.counters().timed_out);
  if (wait_ == Wait::kWrite) reset_on_close();
  if (wait_ == Wait::kHead && head_begun()) {
    output_.push(worker_.application().refusal(kTooManyConnections, {}));
    pump_output();
  }
  close();
  return true;
}

// So that the kernel does not keep for minutes what nobody reads.
void ClientConnection::reset_on_close() {
  const linger reset = {1, 0};
  setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

// ---- Departures and deadlines

// A client that closed its sending side is gone if its request is held, but not while an answer flows.
void ClientConnection::notice_departure() {
  if (!half_closed_ || !gone_ || phase_ != Phase::kAnswer || answered_) return;
  if (!output_.empty() || (soup_ && soup_->wants_write)) return;
  if (framing_.complete() || input_ended_) close();
}

ClientConnection::Wait ClientConnection::current_wait() const {
  if (phase_ == Phase::kLinger && output_.empty()) return Wait::kLinger;
  if (!output_.empty() || (soup_ && soup_->wants_write)) return Wait::kWrite;
  if (phase_ == Phase::kHead) return served_ && !head_begun() ? Wait::kIdle : Wait::kHead;
  if (phase_ == Phase::kAnswer && !framing_.complete() && wants_input()) return Wait::kBody;
  return Wait::kNone;
}

void ClientConnection::update_deadline() {
  if (phase_ == Phase::kClosed) return;
  const Wait wait = current_wait();
  const bool progress = std::exchange(progress_, false);
  const bool another_head = std::exchange(head_ended_, false);
  // A head and a farewell have one time limit in all; the others begin anew with each byte.
  const bool restarts = wait == Wait::kHead ? another_head : progress && wait != Wait::kLinger;
  if (wait == wait_ && !restarts) return;
  const MonotonicTime now = worker_.loop().now();
  if (wait != wait_) {
    send_rate_.restart(now);
  } else if (wait == Wait::kWrite) {
    reads_slowly();
  }
  wait_ = wait;
  shown_.wait.store(wait, std::memory_order_relaxed);
  switch (wait) {
    case Wait::kNone:
      return clear_deadline();
    case Wait::kHead:
      return worker_.head_deadlines.set(*this, now);
    case Wait::kIdle:
      return worker_.idle_deadlines.set(*this, now);
    case Wait::kBody:
      return worker_.body_deadlines.set(*this, now);
    case Wait::kWrite:
      return worker_.write_deadlines.set(*this, now);
    case Wait::kLinger:
      return worker_.linger_deadlines.set(*this, now);
  }
}

void ClientConnection::on_deadline() {
  const Wait wait = std::exchange(wait_, Wait::kNone);
  if (wait != Wait::kLinger) WorkerCounters::add(worker_.counters().timed_out);
  if (wait == Wait::kHead && head_begun()) {
    refuse({408, "the request head did not arrive in time"});
  } else if (wait == Wait::kBody && !answer_begun()) {
    refuse({408, "the request body did not go on in time"});
  } else {
    if (wait == Wait::kWrite) reset_on_close();
    return close();
  }
  update_deadline();
}

}  // namespace origin::transport
