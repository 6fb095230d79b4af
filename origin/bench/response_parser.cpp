// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/response_parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "origin/base/text.hpp"

namespace origin::bench {

namespace {

constexpr size_t kMaxHeadBytes = 64 << 10;
constexpr uint64_t kMaxBodyBytes = uint64_t{1} << 40;

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? x | 0x20 : x) == (y >= 'A' && y <= 'Z' ? y | 0x20 : y);
  });
}

bool has_element(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    if (same_name(take_until(list, ','), wanted)) return true;
  }
  return false;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > 0x20 && c < 0x7f && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

}  // namespace

void ResponseParser::reset() {
  stage_ = Stage::kStatusLine;
  started_ = false;
  line_.clear();
  head_.clear();
  status_ = 0;
  until_close_ = false;
  left_ = 0;
}

std::string_view ResponseParser::feed(std::string_view& rest) {
  started_ = started_ || !rest.empty();
  while (!rest.empty() && !complete() && !failed()) {
    if (stage_ == Stage::kLength || stage_ == Stage::kUntilClose || stage_ == Stage::kChunk) {
      return take_body(rest);
    }
    if (!take_line(rest)) break;
    on_line();
    line_.clear();
  }
  return {};
}

bool ResponseParser::finish() {
  if (stage_ == Stage::kUntilClose) stage_ = Stage::kComplete;
  return complete();
}

bool ResponseParser::keeps_alive() const {
  const std::string_view connection = field("connection");
  if (until_close_ || has_element(connection, "close")) return false;
  return minor_version_ >= 1 || has_element(connection, "keep-alive");
}

std::string_view ResponseParser::field(std::string_view name) const {
  std::string_view lines = head_;
  while (!lines.empty()) {
    std::string_view line = take_until(lines, '\n');
    if (same_name(take_until(line, ':'), name)) return trimmed(line);
  }
  return {};
}

// Whether the field is there again, with another value.
bool ResponseParser::contradicts(std::string_view name, std::string_view value) const {
  std::string_view lines = head_;
  while (!lines.empty()) {
    std::string_view line = take_until(lines, '\n');
    if (same_name(take_until(line, ':'), name) && trimmed(line) != value) return true;
  }
  return false;
}

// A lone LF ends a line too (RFC 9112 2.2).
bool ResponseParser::take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const size_t size = std::min(end, rest.size());
  if (head_.size() + line_.size() + size > kMaxHeadBytes) {
    fail("a head or chunk line that is too long");
    return false;
  }
  line_.append(rest.substr(0, size));
  rest.remove_prefix(end == std::string_view::npos ? size : size + 1);
  if (end == std::string_view::npos) return false;
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

void ResponseParser::on_line() {
  switch (stage_) {
    case Stage::kStatusLine:
      return on_status_line();
    case Stage::kField:
      return line_.empty() ? on_head() : on_field();
    case Stage::kChunkSize:
      return on_chunk_size();
    case Stage::kChunkEnd:
      if (!line_.empty()) return fail("a chunk that is longer than its size");
      stage_ = Stage::kChunkSize;
      return;
    default:  // RFC 9112 7.1.2: trailer fields end with an empty line
      if (line_.empty()) stage_ = Stage::kComplete;
  }
}

// RFC 9112 4
void ResponseParser::on_status_line() {
  const std::string_view line = line_;
  const auto is_digit = [&line](size_t i) { return line[i] >= '0' && line[i] <= '9'; };
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is_digit(7) || line[8] != ' ' || !is_digit(9) ||
      !is_digit(10) || !is_digit(11) || (line.size() > 12 && line[12] != ' ')) {
    return fail("no HTTP/1.x status line");
  }
  minor_version_ = line[7] - '0';
  status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  if (status_ < 100) return fail("a status below 100");
  stage_ = Stage::kField;
}

void ResponseParser::on_field() {
  const size_t colon = line_.find(':');
  if (colon == std::string::npos || !is_token(std::string_view(line_).substr(0, colon))) {
    return fail("a malformed header line");
  }
  head_.append(line_).push_back('\n');
}

// RFC 9112 6.3: how long the body is.
void ResponseParser::on_head() {
  if (status_ / 100 == 1) {
    if (status_ == 101) return fail("status 101 that nobody asked for");
    head_.clear();
    stage_ = Stage::kStatusLine;
    return;
  }
  const std::string_view coding = field("transfer-encoding");
  const std::string_view length = field("content-length");
  if (contradicts("content-length", length)) return fail("two Content-Length that differ");
  if (status_ == 204 || status_ == 304) {
    stage_ = Stage::kComplete;
  } else if (!coding.empty()) {
    if (!same_name(coding, "chunked")) return fail("a Transfer-Encoding other than chunked");
    if (!length.empty()) return fail("both Transfer-Encoding and Content-Length");
    stage_ = Stage::kChunkSize;
  } else if (!length.empty()) {
    on_length(length);
  } else {
    until_close_ = true;
    stage_ = Stage::kUntilClose;
  }
}

void ResponseParser::on_length(std::string_view lengths) {
  const std::optional<uint64_t> length = parse_number(lengths);
  if (!length || *length > kMaxBodyBytes) return fail("a malformed Content-Length");
  left_ = *length;
  stage_ = left_ > 0 ? Stage::kLength : Stage::kComplete;
}

// RFC 9112 7.1
void ResponseParser::on_chunk_size() {
  std::string_view line = line_;
  const std::string_view digits = take_until(line, ';');
  left_ = 0;
  for (const char c : digits) {
    const int value = hex_value(c);
    if (value < 0) return fail("a malformed chunk size");
    left_ = left_ * 16 + static_cast<uint64_t>(value);
    if (left_ > kMaxBodyBytes) return fail("a chunk size that is too large");
  }
  if (digits.empty()) return fail("a malformed chunk size");
  stage_ = left_ > 0 ? Stage::kChunk : Stage::kTrailer;
}

std::string_view ResponseParser::take_body(std::string_view& rest) {
  if (stage_ == Stage::kUntilClose) return std::exchange(rest, {});
  const std::string_view body = rest.substr(0, left_);
  rest.remove_prefix(body.size());
  left_ -= body.size();
  if (left_ == 0) stage_ = stage_ == Stage::kLength ? Stage::kComplete : Stage::kChunkEnd;
  return body;
}

void ResponseParser::fail(const char* error) {
  stage_ = Stage::kFailed;
  error_ = error;
}

}  // namespace origin::bench
