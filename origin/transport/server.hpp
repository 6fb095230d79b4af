// SPDX-License-Identifier: LGPL-2.1-or-later
// Sockets and bytes under libsoup: listeners, one worker thread per core, connections, limits. Knows no
// names. Server's own methods: any thread. Application: only ever called on its worker's thread.
#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::transport {

class Connection;  // connection.hpp
class Worker;      // worker.hpp

// Every limit of the transport, with its default. 0 in a count means: no limit.
struct Limits {
  uint32_t max_connections = 20'000;  // in the process; lowered to what RLIMIT_NOFILE leaves
  uint32_t reserved_descriptors =
      256;  // of RLIMIT_NOFILE, for all but connections; never more than half of it
  // Of an IPv4 address or an IPv6 /64. Unset: 4096, and never more than half of what all may have.
  std::optional<uint32_t> max_connections_per_address;
  uint32_t max_head_bytes = 16 * 1024;   // request line and headers: 431
  uint32_t max_target_bytes = 4 * 1024;  // request target: 414
  uint32_t max_headers = 100;            // header lines: 431
  // From the first byte of a request to the end of its head: 408, then closed. For the first request of a
  // connection it begins with the connection; who sends no byte at all is just closed.
  Duration head_timeout = 10s;
  Duration idle_timeout = 60s;        // keep-alive connection without a request: closed, earlier to make room
  Duration body_stall_timeout = 30s;  // no byte of a request body received for so long: 408, then closed
  Duration write_stall_timeout = 30s;  // no byte of a response taken by the client for so long: closed
  // What makes a reader a slow one, the first of all readers to give way where there is no room for a
  // newcomer: fewer bytes/s than this, over so much time of being waited for. 0: nothing does.
  uint32_t min_send_rate = 4 * 1024;
  Duration send_rate_window = 30s;
  // Likewise where there is no memory (Server::Options::memory_shortages): below the bit rate of any video,
  // over all of the time of being waited for, which is this long at least. 0: nobody gives way for memory.
  uint32_t min_send_rate_short_of_memory = 32 * 1024;
  Duration send_time_short_of_memory = 5s;
  // In peace although there is no room: who owes a request head for less than this, or has taken a byte of
  // its answer within it.
  Duration patience = 1s;
  // Of a response, in the kernel and not on its way yet (TCP_NOTSENT_LOWAT): bytes there are in no budget.
  uint32_t max_unsent_bytes = 32 * 1024;
};

struct Stats {
  uint64_t connections = 0;  // open now
  uint64_t accepted = 0;
  uint64_t refused = 0;       // over a cap, and nobody who had to give way
  uint64_t timed_out = 0;     // by one of the deadlines, or closed early to make room
  uint64_t bad_requests = 0;  // refused by the guard
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
};

// A connection as others see it, which may be a moment ago.
struct ConnectionInfo {
  std::string address;     // "127.0.0.1" or "2001:db8::1"
  const char* state = "";  // for people
  Duration age{};
  uint64_t requests = 0;
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
};

// What runs on a worker: made once per worker on its thread, destroyed there.
class Application {
 public:
  virtual ~Application() = default;
  // The seam of the fast lane. Sees each complete request head that the guard let through, before libsoup
  // does. Returns true if it took the request: it then answers on the connection itself (there or later), and
  // libsoup never hears of it. Who answers later asks Connection::on_gone, and does not touch the connection
  // after that.
  virtual bool first_look(Connection& connection, const RequestHead& head) = 0;
  // The complete answer to a request, or a connection, that the transport refuses; it closes the connection
  // behind it. `method` may be empty.
  virtual Body refusal(const HeadError& error, std::string_view method) = 0;
  // Told of a request whose head is refused so, for statistics.
  virtual void note_refused_head(const HeadError&, std::string_view /*method*/) {}
};

// Makes the Application of a worker. `soup` is that worker's SoupServer, for handlers; it outlives the
// Application.
using ApplicationFactory = std::function<std::unique_ptr<Application>(Worker& worker, SoupServer* soup)>;

class Server {
 public:
  struct Options {
    unsigned threads = 0;  // workers; 0: one per core
    Limits limits;
    // How often, so far, memory was short. Each time that it grows, slow readers, who keep
    // memory from being freed, give way. Any thread; called often.
    std::function<uint64_t()> memory_shortages;
  };
  Server(Options options, ApplicationFactory factory);
  ~Server();  // stops

  // Listens on host:port with every worker; port 0 takes a free one. host is an IPv4 or IPv6 address,
  // "localhost", "0.0.0.0", "::" (which also takes IPv4). May be called for several addresses. Returns the
  // port; `before_accepting` hears of it before any request comes in there. Errors: kInvalid (not an
  // address), kExists (address in use), kIo, kEnded (after stop).
  Result<uint16_t> listen(const std::string& host, uint16_t port,
                          const std::function<void(uint16_t port)>& before_accepting = {});
  // Closes listeners and connections and joins the workers. Answers in flight have `grace` to end before
  // they are cut. Idempotent.
  void stop(Duration grace = {});

  Stats stats() const;
  // At most that many of those that are open.
  std::vector<ConnectionInfo> connections(size_t most) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace origin::transport
