// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/reply.hpp"

#include <libsoup/soup.h>

#include "origin/base/json.hpp"

namespace origin::http {

namespace {

// hls.js tunes in to the live edge by Age and Date; what a cache adds must be readable, though an origin
// never sends it.
constexpr const char* kExposedHeaders =
    "Age, Date, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, Location, Retry-After, "
    "Origin-Request-Id";

// libsoup does not know the codes of RFC 6585.
const char* phrase_of(int status) {
  if (status == 431) return "Request Header Fields Too Large";
  return soup_status_get_phrase(static_cast<guint>(status));
}

}  // namespace

Reply error_reply(int status, std::string_view reason, std::string_view cache_control) {
  Reply reply;
  reply.status = status;
  reply.add("Content-Type", "application/json");
  reply.add("Cache-Control", std::string(cache_control));
  reply.set_body({Bytes::take(JsonDocument().add("error", std::string(reason)).text())});
  return reply;
}

Reply unavailable_reply(std::string_view reason) {
  Reply reply = error_reply(503, reason);
  reply.add("Retry-After", "1");
  return reply;
}

void complete_reply(Reply& reply, UtcTime now, std::string_view request_id) {
  reply.add("Date", format_http_date(now));
  reply.add("Origin-Request-Id", std::string(request_id));
  reply.add("Access-Control-Allow-Origin", "*");
  reply.add("Access-Control-Expose-Headers", kExposedHeaders);
  reply.add("Timing-Allow-Origin", "*");
  reply.add("X-Content-Type-Options", "nosniff");
}

Body wire_form(const Reply& reply, int minor_version, bool keep_alive) {
  std::string head = "HTTP/1." + std::to_string(minor_version) + " " + std::to_string(reply.status) + " " +
                     phrase_of(reply.status) + "\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  if (reply.content_length) head += "Content-Length: " + std::to_string(*reply.content_length) + "\r\n";
  if (!keep_alive) {
    head += "Connection: close\r\n";
  } else if (minor_version == 0) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
  Body wire{Bytes::take(std::move(head))};
  wire.insert(wire.end(), reply.body.begin(), reply.body.end());
  return wire;
}

}  // namespace origin::http
