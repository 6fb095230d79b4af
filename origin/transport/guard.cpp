// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/guard.hpp"

#include <cstdio>

#include "origin/base/clock.hpp"

namespace origin::transport {

namespace {

const char* phrase(int status) {
  switch (status) {
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Bad Request";
  }
}

// RFC 8259 7. Bytes of the client's that are not ASCII are shown as '?': nobody checked that they are UTF-8.
std::string json_text(std::string_view text) {
  std::string json;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (c >= 0x20 && c < 0x7f) {
      json += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c >= 0 && c != 0x7f ? c : '?');
      json += escape;
    }
  }
  return json;
}

}  // namespace

std::string refusal(const HeadError& error, std::string_view method) {
  const std::string body = "{\"error\":\"" + json_text(error.reason) + "\"}\n";
  std::string response =
      "HTTP/1.1 " + std::to_string(error.status) + ' ' + phrase(error.status) +
      "\r\nDate: " + format_http_date(Clock::system().utc()) +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n";
  if (error.status == 405) response += "Allow: GET, HEAD, OPTIONS, PUT, POST, DELETE\r\n";
  if (error.status == 503) response += "Retry-After: 1\r\n";
  response += "\r\n";
  if (method != "HEAD") response += body;
  return response;
}

}  // namespace origin::transport
