// SPDX-License-Identifier: LGPL-2.1-or-later
// The Connection that a worker makes for an accepted socket. Worker's thread only.
//
// Bytes come in here and nowhere else: each head passes the guard, is offered to Application::first_look, and
// only then goes to libsoup, through a stream that is made for that one request. One request is in flight at
// a time; what is pipelined behind it waits, in the kernel for the most part.
#pragma once

#include <memory>

#include "origin/transport/body_framing.hpp"
#include "origin/transport/connection.hpp"
#include "origin/transport/deadlines.hpp"
#include "origin/transport/event_loop.hpp"
#include "origin/transport/output_queue.hpp"
#include "origin/transport/peer_address.hpp"
#include "origin/transport/send_rate.hpp"
#include "origin/transport/soup_stream.hpp"

namespace origin::transport {

class WorkerThread;

class ClientConnection final : public Connection,
                               public EpollTarget,
                               public TurnTarget,
                               public HasDeadline,
                               public SoupEndpoint {
 public:
  ClientConnection(WorkerThread& worker, Descriptor socket, const PeerAddress& peer, size_t slot);
  ~ClientConnection() override;

  static ClientConnection* of_message(SoupServerMessage* message);

  Worker& worker() override;
  const std::string& remote_address() const override;
  uint16_t local_port() const override;
  void on_gone(std::function<void()> callback) override;
  Delivery delivery() const override;
  uint64_t answer_bytes() const override { return answer_bytes_; }
  void on_delivery(std::function<void()> callback) override;
  using Connection::respond;
  void respond(const Response& response, bool keep_alive) override;
  void receive_body(BodyReader& reader, bool expects_continue) override;
  void begin_response(std::span<const std::string_view> head) override;
  void continue_response(Body pieces) override;
  void end_response(bool complete) override;

  void on_events(uint32_t events) override;
  void on_turn() override;
  void on_deadline() override;

  // libsoup's signals.
  void soup_started(SoupServerMessage* message);
  void soup_finished(SoupServerMessage* message, bool complete);

  // At once, without another byte. Deleted in the next turn.
  void close();
  // Closes behind the answer in flight; at once if there is none.
  void finish();
  bool answering() const { return phase_ == Phase::kAnswer || !output_.empty(); }
  // Closes at once, because somebody else needs the room. Returns false, and goes on, if it turns out that
  // the request that was waited for has come and cannot be answered at once.
  bool give_way();
  bool reads_slowly();
  bool too_slow_for_memory() const;
  const PeerAddress& peer() const { return peer_; }
  // Any thread.
  ConnectionInfo info() const;

  size_t slot() const { return slot_; }
  void set_slot(size_t slot) { slot_ = slot; }

 private:
  enum class Phase : uint8_t {
    kHead,    // between requests, or in a head
    kAnswer,  // a request is in flight
    kTunnel,  // after 101: bytes pass both ways unread
    kLinger,  // the last answer is on its way or sent; what still comes is thrown away
    kClosed,
  };
  // What the one deadline of a connection is for.
  enum class Wait : uint8_t { kNone, kHead, kIdle, kBody, kWrite, kLinger };
  static const char* name_of(Wait wait);

  // What other threads may look at.
  struct Shown {
    const MonotonicTime since;
    std::atomic<Wait> wait{Wait::kHead};
    std::atomic<uint64_t> requests{0};
    std::atomic<uint64_t> bytes_received{0};
    std::atomic<uint64_t> bytes_sent{0};
  };

  // libsoup's side of a request; there only while it has one.
  struct SoupRequest;

  // ---- input (client_connection.cpp)
  bool wants_input() const;
  void pump_input();
  size_t consume(std::string_view bytes);
  size_t consume_head(std::string_view bytes);
  size_t consume_body(std::string_view bytes);
  size_t take_body(std::string_view bytes);
  bool receive(size_t& budget);
  void keep(std::string_view rest);
  void end_of_input();
  void begin_request(const RequestHead& head);

  // ---- output
  void pump_output();
  void after_sending(OutputQueue::Result result, uint64_t sent);
  void finish_request();
  void settle_delivery(Delivery delivery);
  void close_gently();
  void refuse(const HeadError& error, std::string_view method = {});
  void note_sent(uint64_t count);

  void run();
  void notice_departure();
  void update_deadline();
  Wait current_wait() const;
  void reset_on_close();
  bool head_begun() const { return !input_.empty() || skipped_line_; }
  bool answer_begun() const;

  // ---- libsoup (client_connection_soup.cpp)
  void open_soup(const RequestHead& head);
  void abandon_soup();
  std::string* soup_input();
  size_t soup_room() const;
  void soup_answered();
  void hold_head(std::string_view head);
  ssize_t soup_read(void* buffer, size_t size) override;
  bool soup_readable() const override;
  ssize_t soup_write(const void* data, size_t size) override;
  bool soup_writable() const override;
  bool soup_flush() override;
  void soup_closed() override;

  WorkerThread& worker_;
  Descriptor socket_;
  const PeerAddress peer_;
  Phase phase_ = Phase::kHead;
  Shown shown_;
  Wait wait_ = Wait::kNone;
  bool readable_ = false;     // the socket may have bytes
  bool writable_ = true;      // the socket may take bytes
  bool half_closed_ = false;  // the client sends no more
  bool input_ended_ = false;  // and all of it was read
  bool broken_ = false;       // neither way works
  bool progress_ = false;     // bytes moved since the deadline was set
  bool served_ = false;       // a request came
  bool head_ended_ = false;   // since the deadline was looked at
  bool pumping_ = false;      // pump_input is on the stack and will go on by itself
  bool answered_ = false;     // the request in flight has its whole answer in output_
  bool keep_alive_ = true;
  bool must_linger_ = false;   // the client may still be sending what was refused
  bool shut_down_ = false;     // the client knows that nothing follows
  bool skipped_line_ = false;  // the empty line that may come before a head
  uint8_t minor_version_ = 1;
  uint8_t requests_left_ = 0;  // that may begin in this turn
  size_t slot_;
  size_t scanned_ = 0;   // of the head at the beginning of input_
  size_t lingered_ = 0;  // bytes thrown away
  std::string input_;    // received, but neither a whole head nor wanted yet
  BodyFraming framing_;
  BodyReader* reader_ = nullptr;  // who takes the body, if that is not libsoup
  OutputQueue output_;
  uint64_t answer_bytes_ = 0;  // sent of the answer in flight
  SendRate send_rate_;
  Delivery delivery_ = Delivery::kNone;
  std::function<void()> gone_;
  std::function<void()> delivered_;
  std::unique_ptr<SoupRequest> soup_;
  mutable std::string remote_address_;
};

}  // namespace origin::transport
