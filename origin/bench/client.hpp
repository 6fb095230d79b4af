// SPDX-License-Identifier: LGPL-2.1-or-later
// A follower on a connection: sends its requests, reads the responses, connects again. The load's thread
// only.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "origin/bench/connection.hpp"
#include "origin/bench/follower.hpp"

namespace origin::bench {

// What all clients of a run share.
struct Load {
  const Options& options;
  Tally& tally;
  int epoll;
  std::span<char> buffer;
};

class Client {
 public:
  Client(Load& load, size_t index, Subject& subject, const Endpoint& server, std::optional<in_addr> source)
      : load_(load),
        index_(index),
        subject_(subject),
        server_(server),
        source_(source),
        follower_(load.options, subject, load.tally) {}

  size_t index() const { return index_; }

  // For EPOLL* events of the connection.
  void on_events(uint32_t events);
  // At due() or later.
  void on_due();
  // When to call on_due(); nullopt: there is no more to do.
  std::optional<MonotonicTime> due() const;

  bool joined() const { return follower_.joined(); }
  bool ended() const { return follower_.ended(); }

 private:
  void request();
  void send();
  void on_bytes(const Received& received);
  bool take_bytes(std::string_view& bytes);
  void on_complete(UtcTime last_byte);
  void on_closed(int error);
  void break_off();
  void follow();

  Load& load_;
  const size_t index_;
  Subject& subject_;
  const Endpoint& server_;
  const std::optional<in_addr> source_;
  Follower follower_;
  Connection connection_;
  bool was_connected_ = false;
  const Request* request_ = nullptr;  // waits for its answer
  bool on_used_connection_ = false;
  UtcTime sent_;
  UtcTime first_byte_;
  MonotonicTime deadline_;
  ResponseParser parser_;
  std::string text_;
  BoxWalk boxes_;
};

}  // namespace origin::bench
