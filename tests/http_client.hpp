// SPDX-License-Identifier: LGPL-2.1-or-later
// An HTTP/1.x client on a bare socket that takes nothing for granted: a reply that is not framed exactly as
// RFC 9112 says fails the test. Blocking; every wait ends after a generous deadline.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace origin::tests {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  int minor_version = 1;
  int status = 0;
  std::string reason;
  HeaderList headers;
  std::string body;

  bool has(std::string_view name) const;
  // Its value, which fails the test if there is none or more than one.
  std::string header(std::string_view name) const;
};

class HttpClient {
 public:
  explicit HttpClient(uint16_t port, const char* address = "127.0.0.1");
  // With a receive buffer of about that many bytes, to be slow with.
  static HttpClient with_small_buffer(uint16_t port, int bytes);
  ~HttpClient();
  HttpClient(HttpClient&& other) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(std::string_view bytes);
  // An HTTP/1.1 request with Host and `headers`.
  void send_request(std::string_view method, std::string_view target, const HeaderList& headers = {});
  // The next reply; `to_head` if it answers a HEAD request.
  HttpReply read_reply(bool to_head = false);
  HttpReply get(std::string_view target, const HeaderList& headers = {});
  HttpReply head(std::string_view target, const HeaderList& headers = {});

  // Everything up to `text` and with it, which fails the test if it does not come.
  std::string read_until(std::string_view text);
  // Whether anything (a byte or the end) can be read within `ms`.
  bool readable(int ms);
  // Waits for the server to close, which fails the test if bytes come first.
  void expect_closed();
  void shut_down();

 private:
  HttpClient(uint16_t port, const char* address, int receive_buffer);
  // Makes `buffer_` hold at least one byte more; false at the end of the stream.
  bool receive();
  std::string take(size_t size);
  std::string take_line();
  void read_body(HttpReply& reply, bool to_head);

  int fd_ = -1;
  std::string buffer_;
};

}  // namespace origin::tests
