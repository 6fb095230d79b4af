// SPDX-License-Identifier: LGPL-2.1-or-later
// HTTP over a store: names and answers. Any thread.
#pragma once

#include <memory>
#include <string>

#include "origin/access/gate.hpp"
#include "origin/base/clock.hpp"
#include "origin/base/metrics.hpp"
#include "origin/base/result.hpp"
#include "origin/http/limits.hpp"
#include "origin/http/namespaces.hpp"
#include "origin/store/store.hpp"
#include "origin/transport/server.hpp"

namespace origin::http {

enum class Purpose : uint8_t {
  kEverything,
  kPlaying,  // nothing is written, and only presentations and objects are read
};

class Server {
 public:
  struct Options {
    transport::Server::Options transport;
    Limits limits;
    access::GateLimits access;
    // False: libsoup answers everything. The answers are the same, later.
    bool fast_lane = true;
  };
  // The store outlives the server.
  Server(Options options, store::Store& store);
  ~Server();

  // See transport::Server::listen. Of two listeners with different purposes, each has a port of its own.
  Result<uint16_t> listen(const std::string& host, uint16_t port, Purpose purpose = Purpose::kEverything);
  // Who may do what, from now on; before, nobody has a key. Requests that wait or are on their way, and that
  // it does not admit, are broken off. Any thread.
  void set_policy(std::shared_ptr<const access::Policy> policy);
  // Writes a line for each request from now on: see AccessLog::open. REQUIRES: before listen().
  Status open_access_log(const std::string& path);
  // Its file was renamed.
  void reopen_access_log();
  // /metrics has what it tells, too. REQUIRES: before listen().
  void add_metrics(std::shared_ptr<const metrics::Source> source);
  // What namespaces may cost from now on, by the configuration: see Namespaces. Any thread.
  void configure_namespaces(Namespaces::Terms terms);
  // Answers held requests with 503, lets answers leave within stop_grace, closes everything, joins the
  // workers. Idempotent. Not from a worker.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace origin::http
