// SPDX-License-Identifier: LGPL-2.1-or-later
// An answer as a value, before it is given to libsoup or written out by the fast lane. On the worker's
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "origin/base/bytes.hpp"
#include "origin/http/range.hpp"
#include "origin/store/object.hpp"

namespace origin::http {

struct Reply {
  int status = 200;
  // Header lines, each with its CRLF; all but those below, Content-Length, Connection, and what every answer
  // carries.
  std::string fields;
  // Whose content the body is, from `range` if there is one. Null: it is `text`.
  store::ObjectRef object;
  std::optional<ByteRange> range;
  Body text;
  // Of the lines that the object has prepared: those that go before `fields`.
  enum class Prepared : uint8_t {
    kNone,
    kValidators,  // what 304 says as well (RFC 9110 15.4.5), but for Cache-Control
    kAll,
  };
  Prepared prepared = Prepared::kNone;
  // What Content-Length says; a reply to HEAD says it without a body. None: 304 (RFC 9110 8.6).
  std::optional<uint64_t> content_length;
  bool has_body = true;
  bool close = false;  // the connection is of no further use
  // For who counts what becomes of requests.
  bool stored = false;   // the answer was there before it was asked for
  bool expired = false;  // 404: it had been there
  bool not_yet = false;  // 503: it may come

  // As if it were new, but with the memory that it has.
  void reset();
  void add(std::string_view name, std::string_view value);
  // All that the object would have prepared but for Content-Type.
  void add_representation(const store::Headers& headers);
  void set_text(Body content);
  // The lines that come before `fields`.
  std::string_view prepared_fields() const;
  // What the body's bytes are a part of, where they begin in it, and how many there are.
  const Body& source() const { return object ? object->body : text; }
  uint64_t offset() const { return range ? range->first : 0; }
  uint64_t length() const { return has_body ? content_length.value_or(0) : 0; }
  // Its pieces, none of them empty; the reply is done with.
  Body take_body();
};

// A status with its reason as one line of JSON: {"error":"…"}.
void set_error(Reply& reply, int status, std::string_view reason,
               std::string_view cache_control = "no-store");
// 503, and when to come again.
void set_unavailable(Reply& reply, std::string_view reason);

// 429, and when to come again.
void set_limited(Reply& reply, std::string_view reason, Duration retry_after);

// Calls visit(name, value) for each of the header lines.
template <typename Visit>
void for_each_field(std::string_view lines, Visit visit) {
  while (!lines.empty()) {
    const size_t colon = lines.find(": "), end = lines.find("\r\n");
    visit(lines.substr(0, colon), lines.substr(colon + 2, end - colon - 2));
    lines.remove_prefix(end + 2);
  }
}

}  // namespace origin::http
