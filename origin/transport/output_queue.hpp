// SPDX-License-Identifier: LGPL-2.1-or-later
// What a connection still has to send, and the one system call that sends it. Worker's thread only.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "origin/base/bytes.hpp"
#include "origin/transport/connection.hpp"

namespace origin::transport {

class OutputQueue {
 public:
  enum class Result : uint8_t {
    kDone,     // all is with the kernel
    kBlocked,  // the socket takes no more now
    kBudget,   // the budget is spent; the socket may take more
    kBroken,   // the connection is
  };

  bool empty() const { return text_.empty() && body_.empty(); }
  // A few bytes, copied; before any body.
  void hold(std::string_view text) { text_.append(text); }
  void push(Body body);
  void clear();

  // Sends about `budget` bytes; adds what went to `sent`.
  Result send(int fd, size_t budget, uint64_t& sent);
  // Sends about `budget` bytes of a response and keeps the rest; all of it if `budget` is 0. REQUIRES: empty.
  Result begin(int fd, const Response& response, size_t budget, uint64_t& sent);
  // Sends what is held and then `data`, in one call. Returns how much of `data` went, or -1: kBlocked or
  // kBroken in `result`.
  ssize_t send_with(int fd, std::string_view data, uint64_t& sent, Result& result);

 private:
  void advance(size_t count);
  void keep(const Response& response, uint64_t sent);

  std::string text_;
  size_t text_offset_ = 0;
  Body body_;
  size_t body_index_ = 0;
  size_t body_offset_ = 0;  // in body_[body_index_]
};

}  // namespace origin::transport
