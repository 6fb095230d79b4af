// SPDX-License-Identifier: LGPL-2.1-or-later
// An answer as a value, before it is given to libsoup or written out by the fast lane. On the worker's
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/time.hpp"

namespace origin::http {

struct Reply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // all but Content-Length and Connection
  // What Content-Length says; a reply to HEAD says it without a body. None: 304 (RFC 9110 8.6).
  std::optional<uint64_t> content_length;
  Body body;
  bool close = false;  // the connection is of no further use

  void add(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
  void set_body(Body content) {
    content_length = body_size(content);
    body = std::move(content);
  }
};

// A status with its reason as one line of JSON: {"error":"…"}.
Reply error_reply(int status, std::string_view reason, std::string_view cache_control = "no-store");
// 503, and when to come again.
Reply unavailable_reply(std::string_view reason);

// Adds what every answer carries: date, request id, CORS. Once, before the reply is sent.
void complete_reply(Reply& reply, UtcTime now, std::string_view request_id);

// The response head and body in wire form, for a Connection to send as it is.
Body wire_form(const Reply& reply, int minor_version, bool keep_alive);

}  // namespace origin::http
