// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/http_client.hpp"

#include <arpa/inet.h>
#include <check.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace origin::tests {

namespace {

constexpr int kDeadlineMs = 20'000;

bool is_token_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("!#$%&'*+-.^_`|~", c);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::pair<std::string, std::string> parse_field(const std::string& line) {
  const size_t colon = line.find(':');
  ck_assert_msg(colon != std::string::npos && colon > 0, "no header: '%s'", line.c_str());
  ck_assert_msg(std::all_of(line.begin(), line.begin() + static_cast<ptrdiff_t>(colon), is_token_byte),
                "not a header name: '%s'", line.c_str());
  const size_t first = line.find_first_not_of(" \t", colon + 1), last = line.find_last_not_of(" \t");
  if (first == std::string::npos) return {line.substr(0, colon), ""};
  for (const char c : line)
    ck_assert_msg(static_cast<unsigned char>(c) >= 0x20 || c == '\t', "'%s'", line.c_str());
  return {line.substr(0, colon), line.substr(first, last - first + 1)};
}

size_t parse_size(const std::string& text, int base) {
  ck_assert_msg(!text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos,
                "not a length: '%s'", text.c_str());
  return std::stoull(text, nullptr, base);
}

}  // namespace

bool HttpReply::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& field) { return same_name(field.first, name); });
}

std::string HttpReply::header(std::string_view name) const {
  const auto is_it = [&](const auto& field) { return same_name(field.first, name); };
  const auto found = std::find_if(headers.begin(), headers.end(), is_it);
  ck_assert_msg(found != headers.end(), "no %s in a reply with status %d", std::string(name).c_str(), status);
  ck_assert_msg(std::find_if(std::next(found), headers.end(), is_it) == headers.end(), "%s comes twice",
                found->first.c_str());
  return found->second;
}

HttpClient::HttpClient(uint16_t port, const char* address) : HttpClient(port, address, 0) {}

HttpClient::HttpClient(uint16_t port, const char* address, int receive_buffer) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  ck_assert_int_eq(getaddrinfo(address, std::to_string(port).c_str(), &hints, &found), 0);
  fd_ = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge(fd_, 0);
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int connected = connect(fd_, found->ai_addr, found->ai_addrlen);
  ck_assert_msg(connected == 0, "connect: %s", std::strerror(errno));
  freeaddrinfo(found);
}

HttpClient HttpClient::with_small_buffer(uint16_t port, int bytes) {
  return HttpClient(port, "127.0.0.1", bytes);
}

HttpClient::~HttpClient() {
  shut_down();
}

HttpClient::HttpClient(HttpClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

void HttpClient::shut_down() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

void HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ck_assert_msg(sent > 0, "send: %s", std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void HttpClient::send_request(std::string_view method, std::string_view target, const HeaderList& headers) {
  std::string head = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + value + "\r\n";
  send(head + "\r\n");
}

bool HttpClient::readable(int ms) {
  if (!buffer_.empty()) return true;
  pollfd poll_fd{fd_, POLLIN, 0};
  return poll(&poll_fd, 1, ms) > 0;
}

bool HttpClient::receive() {
  pollfd poll_fd{fd_, POLLIN, 0};
  ck_assert_msg(poll(&poll_fd, 1, kDeadlineMs) > 0, "nothing came; so far: '%.200s'", buffer_.c_str());
  char bytes[64 * 1024];
  const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
  ck_assert_msg(size >= 0, "recv: %s", std::strerror(errno));
  buffer_.append(bytes, static_cast<size_t>(size));
  return size > 0;
}

std::string HttpClient::take(size_t size) {
  while (buffer_.size() < size)
    ck_assert_msg(receive(), "the body ends after %zu of %zu bytes", buffer_.size(), size);
  std::string taken = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return taken;
}

std::string HttpClient::take_line() {
  size_t end;
  while ((end = buffer_.find('\n')) == std::string::npos) {
    ck_assert_msg(receive(), "the connection ends within a line: '%.200s'", buffer_.c_str());
  }
  std::string line = take(end + 1);
  ck_assert_msg(line.size() >= 2 && line[line.size() - 2] == '\r', "a bare LF after '%.200s'", line.c_str());
  line.resize(line.size() - 2);
  ck_assert_msg(line.find('\r') == std::string::npos, "a bare CR in '%.200s'", line.c_str());
  return line;
}

std::string HttpClient::read_until(std::string_view text) {
  size_t at;
  while ((at = buffer_.find(text)) == std::string::npos)
    ck_assert_msg(receive(), "the connection ends before '%.100s'", text.data());
  return take(at + text.size());
}

HttpReply HttpClient::read_reply(bool to_head) {
  HttpReply reply;
  const std::string line = take_line();
  ck_assert_msg(line.size() > 12 && line.starts_with("HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
                    line[8] == ' ' && line[12] == ' ',
                "not a status line: '%.200s'", line.c_str());
  reply.minor_version = line[7] - '0';
  reply.status = static_cast<int>(parse_size(line.substr(9, 3), 10));
  reply.reason = line.substr(13);
  ck_assert_msg(!reply.reason.empty(), "no reason phrase in '%s'", line.c_str());
  for (std::string field = take_line(); !field.empty(); field = take_line()) {
    reply.headers.push_back(parse_field(field));
  }
  read_body(reply, to_head);
  return reply;
}

// RFC 9112 6.3.
void HttpClient::read_body(HttpReply& reply, bool to_head) {
  const bool has_length = reply.has("Content-Length"), is_chunked = reply.has("Transfer-Encoding");
  ck_assert_msg(!(has_length && is_chunked), "both Content-Length and Transfer-Encoding");
  if (has_length) parse_size(reply.header("Content-Length"), 10);
  if (to_head || reply.status == 204 || reply.status == 304 || reply.status < 200) return;
  if (has_length) {
    reply.body = take(parse_size(reply.header("Content-Length"), 10));
  } else if (is_chunked) {
    ck_assert(reply.header("Transfer-Encoding") == "chunked");
    while (const size_t size = parse_size(take_line(), 16)) {
      reply.body += take(size);
      ck_assert_msg(take_line().empty(), "a chunk is longer than it says");
    }
    ck_assert_msg(take_line().empty(), "a trailer");
  } else {
    ck_assert(reply.header("Connection") == "close");
    while (receive()) {
    }
    reply.body = std::exchange(buffer_, {});
  }
}

HttpReply HttpClient::get(std::string_view target, const HeaderList& headers) {
  send_request("GET", target, headers);
  return read_reply();
}

HttpReply HttpClient::head(std::string_view target, const HeaderList& headers) {
  send_request("HEAD", target, headers);
  return read_reply(true);
}

void HttpClient::expect_closed() {
  ck_assert_msg(buffer_.empty(), "bytes after the reply: '%.200s'", buffer_.c_str());
  pollfd poll_fd{fd_, POLLIN, 0};
  ck_assert_msg(poll(&poll_fd, 1, kDeadlineMs) > 0, "the server does not close");
  char byte;
  const ssize_t size = recv(fd_, &byte, 1, 0);
  ck_assert_msg(size <= 0, "a byte after the reply: '%c'", byte);
}

}  // namespace origin::tests
