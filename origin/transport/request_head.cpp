// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/request_head.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "origin/base/text.hpp"
#include "origin/transport/request_target.hpp"

namespace origin::transport {

namespace {

constexpr std::string_view kAllowedMethods[] = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE"};
// Methods of RFC 9110 that exist but are not for a resource here (405); all others are unknown (501).
constexpr std::string_view kRefusedMethods[] = {"TRACE", "CONNECT", "PATCH"};
constexpr size_t kQuotedBytes = 64;  // of what the client sent, in a reason

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c + 'a' - 'A'] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kTokenBytes = make_token_table();

bool is_token_byte(char c) {
  return kTokenBytes[static_cast<unsigned char>(c)];
}

// RFC 9110 5.5: field-vchar, SP and HTAB; obs-text is let through.
bool is_field_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

// What cannot be shown, or may not be UTF-8, is shown as '?'.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, kQuotedBytes)) result += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kQuotedBytes) result += "...";
  return result + "'";
}

// Whether a comma-separated list has `token`.
bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (equals_ignoring_case(take_until(list, ','), token)) return true;
  }
  return false;
}

// One parse: collects the error so that each rule below is one line of the form "if (wrong) return
// fail(...)".
class HeadParser {
 public:
  HeadParser(const HeadLimits& limits, std::span<HeaderField> fields, RequestHead& head, HeadError& error)
      : limits_(limits), fields_(fields), head_(head), error_(error) {}

  bool fail(int status, std::string reason) {
    error_ = {status, std::move(reason)};
    return false;
  }

  bool request_line(std::string_view line);
  bool field_lines(std::string_view lines);
  bool semantics();

 private:
  bool method(std::string_view text);
  bool version(std::string_view text);
  bool field_line(std::string_view line);
  bool content_length(std::string_view value);
  bool transfer_encoding(std::string_view value);
  bool host(std::string_view value);
  bool connection(std::string_view value);
  bool expect(std::string_view value);
  bool known_field(const HeaderField& field);

  const HeadLimits& limits_;
  const std::span<HeaderField> fields_;
  RequestHead& head_;
  HeadError& error_;
  size_t count_ = 0;
  bool has_host_ = false;
  bool has_content_length_ = false;
  bool has_transfer_encoding_ = false;
  bool says_close_ = false;
  bool says_keep_alive_ = false;
};

bool HeadParser::request_line(std::string_view line) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos) {
    return fail(400, "the request line " + quoted(line) + " is not 'METHOD target HTTP/1.1'");
  }
  // Before all else: it may speak another protocol, and what follows would make no sense to its user.
  if (!version(last == first ? std::string_view() : line.substr(last + 1))) return false;
  if (!method(line.substr(0, first))) return false;
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits_.max_target_bytes) {
    return fail(414, "the request target has " + std::to_string(target.size()) + " bytes; at most " +
                         std::to_string(limits_.max_target_bytes) + " are taken");
  }
  return parse_target(target, head_, error_);
}

bool HeadParser::version(std::string_view text) {
  // RFC 9110 2.5: a later minor version is answered like the highest that is known.
  if (text.size() == 8 && text.starts_with("HTTP/1.") && text[7] >= '0' && text[7] <= '9') {
    head_.minor_version = text[7] == '0' ? 0 : 1;
  } else if (text.empty()) {
    return fail(400, "the request line ends without a version (HTTP/0.9); HTTP/1.1 is spoken here");
  } else if (text.size() == 8 && text.starts_with("HTTP/") && text[6] == '.') {
    return fail(505, quoted(text) + " is not spoken here; HTTP/1.1 is");
  } else {
    return fail(400, quoted(text) + " is not an HTTP version; HTTP/1.1 is spoken here");
  }
  return true;
}

bool HeadParser::method(std::string_view text) {
  if (!is_token(text)) return fail(400, quoted(text) + " is not a method");
  head_.method = text;
  if (std::ranges::find(kAllowedMethods, text) != std::end(kAllowedMethods)) return true;
  const bool refused = std::ranges::find(kRefusedMethods, text) != std::end(kRefusedMethods);
  return fail(refused ? 405 : 501,
              "method " + quoted(text) + (refused ? " is not served here" : " is not known here"));
}

bool HeadParser::field_lines(std::string_view lines) {
  while (!lines.empty()) {
    const size_t end = lines.find("\r\n");
    if (!field_line(lines.substr(0, end))) return false;
    lines.remove_prefix(end + 2);
  }
  head_.fields = fields_.data();
  head_.field_count = count_;
  return true;
}

bool HeadParser::field_line(std::string_view line) {
  if (count_ == fields_.size()) {
    return fail(431, "more than " + std::to_string(fields_.size()) + " header fields");
  }
  if (line.front() == ' ' || line.front() == '\t') {
    return fail(400, "a header line begins with white space (obsolete line folding, RFC 9112 5.2)");
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return fail(400, "header line " + quoted(line) + " has no colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return fail(400, quoted(name) + " is not a header field name");
  const std::string_view value = line.substr(colon + 1);
  if (!std::ranges::all_of(value, is_field_byte)) {
    return fail(400, "header field " + quoted(name) + " has a control character in its value");
  }
  fields_[count_] = {name, trimmed(value)};
  return known_field(fields_[count_++]);
}

// The few fields that decide where a request ends and what becomes of its connection.
bool HeadParser::known_field(const HeaderField& field) {
  switch (field.name.size()) {
    case 4:
      if (equals_ignoring_case(field.name, "host")) return host(field.value);
      break;
    case 6:
      if (equals_ignoring_case(field.name, "expect")) return expect(field.value);
      break;
    case 10:
      if (equals_ignoring_case(field.name, "connection")) return connection(field.value);
      break;
    case 14:
      if (equals_ignoring_case(field.name, "content-length")) return content_length(field.value);
      break;
    case 17:
      if (equals_ignoring_case(field.name, "transfer-encoding")) return transfer_encoding(field.value);
      break;
    default:
      break;
  }
  return true;
}

// RFC 9112 3.2: more than one Host, or an invalid one, is 400.
bool HeadParser::host(std::string_view value) {
  if (std::exchange(has_host_, true)) return fail(400, "more than one Host header field");
  if (!is_authority(value))
    return fail(400, "Host " + quoted(value) + " is not a host name with an optional port");
  return true;
}

// RFC 9112 6.3. Repeated lengths are refused even if they agree: whoever sends them is up to something.
bool HeadParser::content_length(std::string_view value) {
  if (std::exchange(has_content_length_, true)) return fail(400, "more than one Content-Length header field");
  uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9' || length > (std::numeric_limits<int64_t>::max() - 9) / 10) {
      return fail(400, "Content-Length " + quoted(value) + " is not a number of bytes");
    }
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value.empty()) return fail(400, "Content-Length is empty");
  head_.content_length = length;
  return true;
}

// RFC 9112 6.1.
bool HeadParser::transfer_encoding(std::string_view value) {
  if (std::exchange(has_transfer_encoding_, true))
    return fail(400, "more than one Transfer-Encoding header field");
  if (!equals_ignoring_case(value, "chunked")) {
    return fail(501, "Transfer-Encoding " + quoted(value) + " is not implemented; only 'chunked' is");
  }
  head_.chunked = true;
  return true;
}

bool HeadParser::connection(std::string_view value) {
  says_close_ |= list_has(value, "close");
  says_keep_alive_ |= list_has(value, "keep-alive");
  return true;
}

bool HeadParser::expect(std::string_view value) {
  if (!equals_ignoring_case(value, "100-continue")) {
    return fail(417, "Expect " + quoted(value) + " cannot be met; only '100-continue' can");
  }
  head_.expects_continue = true;
  return true;
}

bool HeadParser::semantics() {
  if (head_.minor_version == 1 && !has_host_)
    return fail(400, "an HTTP/1.1 request needs a Host header field");
  if (has_transfer_encoding_ && has_content_length_) {
    return fail(400, "both Content-Length and Transfer-Encoding: where the body ends is not certain");
  }
  if (has_transfer_encoding_ && head_.minor_version == 0) {
    return fail(400, "Transfer-Encoding in an HTTP/1.0 request");
  }
  head_.has_body = head_.chunked || head_.content_length > 0;
  head_.keep_alive = !says_close_ && (head_.minor_version == 1 || says_keep_alive_);
  return true;
}

bool too_large(const HeadLimits& limits, std::string_view bytes, HeadError& error) {
  if (bytes.size() <= limits.max_head_bytes) return false;
  // A target that alone fills the head has its own status.
  const size_t end_of_line = bytes.substr(0, limits.max_head_bytes).find('\n');
  if (end_of_line == std::string_view::npos) {
    error = {414, "the request line has more than " + std::to_string(limits.max_head_bytes) + " bytes"};
  } else {
    error = {431, "the request head has more than " + std::to_string(limits.max_head_bytes) + " bytes"};
  }
  return true;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_byte);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
  });
}

std::string_view RequestHead::field(std::string_view lower_case_name) const {
  for (size_t i = 0; i < field_count; ++i) {
    if (equals_ignoring_case(fields[i].name, lower_case_name)) return fields[i].value;
  }
  return {};
}

HeadState parse_request_head(std::string_view bytes, const HeadLimits& limits, std::span<HeaderField> fields,
                             size_t& scanned, RequestHead& head, HeadError& error) {
  if (bytes.empty()) return HeadState::kIncomplete;
  head = {};
  HeadParser parser(limits, fields, head, error);
  // What cannot become a request is told at once: a client that speaks TLS sends no line end and waits.
  if (scanned == 0 && !is_token_byte(bytes[0])) {
    parser.fail(400, bytes[0] == 0x16
                         ? "this looks like TLS; the port speaks plain HTTP"
                         : "a request begins with a method, not with a control or special character");
    return HeadState::kBad;
  }
  size_t line_size =
      bytes.substr(0, scanned).find('\n') + 1;  // of the request line; 0 before its end is there
  for (;;) {
    const void* found = std::memchr(bytes.data() + scanned, '\n', bytes.size() - scanned);
    if (!found) {
      scanned = bytes.size();
      return too_large(limits, bytes, error) ? HeadState::kBad : HeadState::kIncomplete;
    }
    const size_t line_end = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
    const std::string_view so_far = bytes.substr(0, line_end + 1);
    if (too_large(limits, so_far, error)) return HeadState::kBad;
    if (line_end == 0 || bytes[line_end - 1] != '\r') {
      parser.fail(400, "a line ends with a bare LF; RFC 9112 2.2 wants CRLF");
      return HeadState::kBad;
    }
    if (line_size == 0) {
      line_size = line_end + 1;
      if (!parser.request_line(bytes.substr(0, line_end - 1))) return HeadState::kBad;
    }
    scanned = line_end + 1;
    if (!so_far.ends_with("\r\n\r\n")) continue;

    // What has come in several pieces begins with a line that an earlier call has found to be right.
    if (head.method.empty() && !parser.request_line(bytes.substr(0, line_size - 2))) return HeadState::kBad;
    head.bytes = so_far;
    const std::string_view lines = so_far.substr(line_size, so_far.size() - line_size - 2);
    return parser.field_lines(lines) && parser.semantics() ? HeadState::kComplete : HeadState::kBad;
  }
}

}  // namespace origin::transport
