// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/reply.hpp"

#include <algorithm>

#include "origin/base/json.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

// Whether a header that came with an object may be sent on: a token, and no control character (RFC 9110 5.5).
bool is_sendable(const std::pair<std::string, std::string>& header) {
  return transport::is_token(header.first) &&
         std::none_of(header.second.begin(), header.second.end(), [](char c) {
           return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
         });
}

void append_line(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

// Stands behind the validators.
constexpr std::string_view kAcceptRanges = "Accept-Ranges: bytes\r\n";

void append_representation(std::string& lines, const store::Headers& headers) {
  if (!headers.etag.empty()) append_line(lines, "ETag", headers.etag);
  if (headers.last_modified != UtcTime{})
    append_line(lines, "Last-Modified", format_http_date(headers.last_modified));
  if (headers.has_forms) append_line(lines, "Vary", "Accept-Encoding");
  lines += kAcceptRanges;
  if (headers.gzip) append_line(lines, "Content-Encoding", "gzip");
  for (const auto& header : headers.custom) {
    if (is_sendable(header)) append_line(lines, header.first, header.second);
  }
}

// Cache-Control is not among it: that depends on the question.
std::string describe(const store::Headers& headers) {
  std::string lines;
  append_representation(lines, headers);
  append_line(lines, "Content-Type", headers.content_type);
  return lines;
}

}  // namespace

void Reply::reset() {
  status = 200;
  fields.clear();
  object.reset();
  range.reset();
  text.clear();
  prepared = Prepared::kNone;
  content_length.reset();
  has_body = true;
  close = stored = expired = not_yet = false;
}

void Reply::add(std::string_view name, std::string_view value) {
  append_line(fields, name, value);
}

void Reply::add_representation(const store::Headers& headers) {
  append_representation(fields, headers);
}

void Reply::set_text(Body content) {
  content_length = body_size(content);
  text = std::move(content);
}

std::string_view Reply::prepared_fields() const {
  if (prepared == Prepared::kNone) return {};
  const std::string_view all = object->response_fields.get([this] { return describe(object->headers); });
  return prepared == Prepared::kAll ? all : all.substr(0, all.find(kAcceptRanges));
}

Body Reply::take_body() {
  Body body;
  if (length() > 0) body = slice_body(source(), {offset(), offset() + length() - 1});
  object.reset();
  text.clear();
  return body;
}

void set_error(Reply& reply, int status, std::string_view reason, std::string_view cache_control) {
  reply.reset();
  reply.status = status;
  reply.add("Content-Type", "application/json");
  reply.add("Cache-Control", cache_control);
  reply.set_text({Bytes::take(JsonDocument().add("error", std::string(reason)).text())});
}

void set_unavailable(Reply& reply, std::string_view reason) {
  set_error(reply, 503, reason);
  reply.add("Retry-After", "1");
}

void set_limited(Reply& reply, std::string_view reason, Duration retry_after) {
  set_error(reply, 429, reason);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after).count();
  reply.add("Retry-After", std::to_string(std::max<int64_t>(1, seconds)));
}

}  // namespace origin::http
