// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/wire.hpp"

#include <libsoup/soup.h>

#include <charconv>

namespace origin::http {

namespace {

// hls.js tunes in to the live edge by Age and Date; what a cache adds must be readable, though an origin
// never sends it.
constexpr std::string_view kCommonFields =
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: Age, Date, Content-Length, Content-Range, Accept-Ranges, ETag, "
    "Last-Modified, Location, Retry-After, Origin-Published, Origin-Request-Id\r\n"
    "Timing-Allow-Origin: *\r\n"
    "X-Content-Type-Options: nosniff\r\n";
constexpr std::string_view kEnd = "\r\n";

// libsoup does not know the codes of RFC 6585.
const char* phrase_of(int status) {
  if (status == 431) return "Request Header Fields Too Large";
  return soup_status_get_phrase(static_cast<guint>(status));
}

void append_number(std::string& text, uint64_t number) {
  char digits[20];
  text.append(digits, std::to_chars(digits, digits + sizeof(digits), number).ptr);
}

}  // namespace

void Wire::append_stamp(std::string& lines) {
  const UtcTime now = clock_.utc();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_ || date_.empty()) {
    second_ = second;
    date_ = "Date: " + format_http_date(now) + "\r\nOrigin-Request-Id: ";
  }
  request_id_.clear();
  request_ids_.append_next(request_id_, now);
  lines.append(date_).append(request_id_).append(kEnd);
}

Wire::Stamp Wire::stamp() {
  own_.clear();
  append_stamp(own_);
  return {own_, kCommonFields};
}

void Wire::write(const Reply& reply, int minor_version, bool keep_alive) {
  status_line_.assign(minor_version == 0 ? "HTTP/1.0 " : "HTTP/1.1 ");
  append_number(status_line_, static_cast<uint64_t>(reply.status));
  status_line_.append(" ").append(phrase_of(reply.status)).append(kEnd);
  own_ = reply.fields;
  if (reply.content_length) {
    own_ += "Content-Length: ";
    append_number(own_, *reply.content_length);
    own_ += kEnd;
  }
  if (!keep_alive) {
    own_ += "Connection: close\r\n";
  } else if (minor_version == 0) {
    own_ += "Connection: keep-alive\r\n";
  }
  append_stamp(own_);
}

void Wire::send(transport::Connection& connection, const Reply& reply, int minor_version, bool keep_alive,
                Visit visit) {
  keep_alive = keep_alive && !reply.close;
  write(reply, minor_version, keep_alive);
  const std::string_view head[] = {status_line_, reply.prepared_fields(), own_, kCommonFields, kEnd};
  connection.respond(
      {.head = head, .body = &reply.source(), .offset = reply.offset(), .length = reply.length()},
      keep_alive);
  visit.end(reply, request_id_, connection);
}

void Wire::begin(transport::Connection& connection, const Reply& reply, bool keep_alive) {
  write(reply, 1, keep_alive);
  const std::string_view head[] = {status_line_, reply.prepared_fields(), own_, kCommonFields, kEnd};
  connection.begin_response(head);
}

Body Wire::closing_form(const Reply& reply) {
  write(reply, 1, false);
  std::string head = status_line_;
  head.append(own_).append(kCommonFields).append(kEnd);
  Body whole{Bytes::take(std::move(head))};
  if (reply.has_body) whole.insert(whole.end(), reply.text.begin(), reply.text.end());
  return whole;
}

}  // namespace origin::http
