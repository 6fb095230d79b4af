// SPDX-License-Identifier: LGPL-2.1-or-later
// What every answer carries besides its own fields, and the wire form of answers that do without libsoup. One
// per worker, on its thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/base/clock.hpp"
#include "origin/http/ledger.hpp"
#include "origin/http/reply.hpp"
#include "origin/http/request_id.hpp"
#include "origin/transport/connection.hpp"

namespace origin::http {

class Wire {
 public:
  explicit Wire(const Clock& clock) : clock_(clock) {}

  // Sends an HTTP/1.x answer on the connection itself, which ends the visit.
  void send(transport::Connection& connection, const Reply& reply, int minor_version, bool keep_alive,
            Visit visit);
  // Likewise, but only the head of an answer that the connection is to get piece by piece; who gives it those
  // ends the visit.
  void begin(transport::Connection& connection, const Reply& reply, bool keep_alive);
  // Likewise, for the transport to send before it closes the connection.
  Body closing_form(const Reply& reply);

  // Of the answer that was made last.
  std::string_view request_id() const { return request_id_; }

  // The header lines that every answer has: date, request id, CORS. Valid until the next call.
  struct Stamp {
    std::string_view own;     // of this answer
    std::string_view common;  // of all answers
  };
  Stamp stamp();

 private:
  // Fills status_line_ and own_.
  void write(const Reply& reply, int minor_version, bool keep_alive);
  void append_stamp(std::string& lines);

  const Clock& clock_;
  RequestIds request_ids_;
  std::string date_;  // of `second_`, as a header line and the beginning of the next
  std::chrono::sys_seconds second_{};
  std::string request_id_;
  // Their memory is used again and again.
  std::string status_line_;
  std::string own_;  // what is between the object's prepared lines and the common ones
};

}  // namespace origin::http
