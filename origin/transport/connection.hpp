// SPDX-License-Identifier: LGPL-2.1-or-later
// One accepted socket. Lives on its worker's thread. Owns the descriptor and the bytes on their way; the
// GIOStream that libsoup talks to (made lazily, for the first request that needs libsoup) is a view of it.
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "origin/base/bytes.hpp"
#include "origin/transport/server.hpp"

namespace origin::transport {

// A complete response. Only looked at during the call that it is given to.
struct Response {
  std::span<const std::string_view> head;  // sent one after the other
  const Body* body = nullptr;
  // What of the body is sent. REQUIRES: within it.
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Takes the body of a request as it comes. Called on the worker's thread.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // The next bytes of the content, without framing; only valid during the call.
  virtual void body_bytes(std::string_view bytes) = 0;
  // That was all of it.
  virtual void body_complete() = 0;
  // The transport answers the request with that status, since its body is none or does not go on; on_gone is
  // told next.
  virtual void body_refused(int status) = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  // The connection that a libsoup message came in on; null if it is gone.
  static Connection* of(SoupServerMessage* message);

  virtual Worker& worker() = 0;
  // "127.0.0.1" or "2001:db8::1".
  virtual const std::string& remote_address() const = 0;
  // That it came in at; 0 if it is gone. A system call.
  virtual uint16_t local_port() const = 0;
  // Told once, on the worker's thread, when the client hangs up (EPOLLRDHUP, error) or the connection is
  // closed for any other reason while a request is pending. An empty function takes the registration back,
  // and so does the end of the request. The connection is not to be touched any more; a libsoup message that
  // it carried is ended by the transport.
  virtual void on_gone(std::function<void()> callback) = 0;
  // What became of the answer to the last request; kNone before there is one.
  enum class Delivery : uint8_t {
    kNone,
    kOnItsWay,  // some of it is not in the kernel yet
    kDelivered,
    kBroken,  // the connection closed before its end
  };
  virtual Delivery delivery() const = 0;
  // Of that answer, with its head: what the kernel has taken.
  virtual uint64_t answer_bytes() const = 0;
  // Told once, on the worker's thread, when the answer to the request in flight is delivered or broken.
  // REQUIRES: it is neither yet. The connection is not to be touched any more but for the two above.
  virtual void on_delivery(std::function<void()> callback) = 0;
  // For an Application that took a request in first_look: the complete response. Sent with one sendmsg as far
  // as the socket takes it; references to the rest of the body are kept, and it goes on EPOLLOUT.
  // `keep_alive` false closes after the last byte, and so does a request body that has not arrived yet: what
  // is left of it is never read. Also answers in libsoup's place, as long as libsoup's message has no
  // response (to refuse an upload that it is reading); that message is aborted.
  virtual void respond(const Response& response, bool keep_alive) = 0;
  // For an Application that took a request with a body in first_look: the reader gets it until it is complete
  // or a response is given; if it breaks off, or is no body, on_gone is told. `expects_continue`: the client
  // waits to hear that its body is wanted (RFC 9110 10.1.1).
  virtual void receive_body(BodyReader& reader, bool expects_continue) = 0;
  // A response that comes in pieces, in place of respond(): its head, then any number of pieces of the body,
  // framed as the head says, then its end. Not `complete`: it breaks off, which the client can tell. on_gone
  // stays as it is until the end.
  virtual void begin_response(std::span<const std::string_view> head) = 0;
  virtual void continue_response(Body pieces) = 0;
  virtual void end_response(bool complete) = 0;
  // Head and body in one.
  void respond(const Body& whole, bool keep_alive) {
    respond({.head = {}, .body = &whole, .offset = 0, .length = body_size(whole)}, keep_alive);
  }
};

}  // namespace origin::transport
