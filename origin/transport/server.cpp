// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/server.hpp"

#include <algorithm>

#include "origin/base/mutex.hpp"
#include "origin/transport/listen_socket.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

struct Server::Impl {
  Impl(const Options& options, ApplicationFactory the_factory)
      : shared(options.limits, options.memory_shortages), factory(std::move(the_factory)) {}

  ServerContext shared;
  const ApplicationFactory factory;
  std::vector<std::unique_ptr<WorkerThread>> workers;  // fixed once made
  Mutex mutex;
  bool stopped GUARDED_BY(mutex) = false;
};

Server::Server(Options options, ApplicationFactory factory)
    : impl_(std::make_unique<Impl>(options, std::move(factory))) {
  const unsigned count =
      options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) {
    impl_->workers.push_back(std::make_unique<WorkerThread>(impl_->shared, impl_->factory));
    impl_->shared.workers.push_back(impl_->workers.back().get());
  }
  for (const auto& worker : impl_->workers) worker->start();
}

Server::~Server() {
  stop();
}

Result<uint16_t> Server::listen(const std::string& host, uint16_t port,
                                const std::function<void(uint16_t)>& before_accepting) {
  {
    MutexLock lock(impl_->mutex);
    if (impl_->stopped) return Error{ErrorCode::kEnded, "the server has stopped"};
  }
  const auto count = static_cast<unsigned>(impl_->workers.size());
  Result<ListenSockets> sockets = open_listen_sockets(host, port, count);
  if (!sockets) return sockets.error();
  if (before_accepting) before_accepting(sockets->port);
  for (std::vector<Descriptor>& group : sockets->groups) {
    for (unsigned i = 0; i < count; ++i) {
      WorkerThread& worker = *impl_->workers[i];
      // std::function copies what it holds.
      auto socket = std::make_shared<Descriptor>(std::move(group[i]));
      worker.post([&worker, socket] { worker.listen(std::move(*socket)); });
    }
  }
  return sockets->port;
}

void Server::stop(Duration grace) {
  {
    MutexLock lock(impl_->mutex);
    if (std::exchange(impl_->stopped, true)) return;
  }
  for (const auto& worker : impl_->workers) worker->begin_stop(grace);
  for (const auto& worker : impl_->workers) worker->join();
}

std::vector<ConnectionInfo> Server::connections(size_t most) const {
  std::vector<ConnectionInfo> all;
  for (const auto& worker : impl_->workers) worker->list_connections(most, all);
  return all;
}

Stats Server::stats() const {
  Stats stats;
  stats.connections = impl_->shared.admission.open();
  for (const auto& worker : impl_->workers) {
    const WorkerCounters& counters = std::as_const(*worker).counters();
    stats.accepted += counters.accepted.load(std::memory_order_relaxed);
    stats.refused += counters.refused.load(std::memory_order_relaxed);
    stats.timed_out += counters.timed_out.load(std::memory_order_relaxed);
    stats.bad_requests += counters.bad_requests.load(std::memory_order_relaxed);
    stats.bytes_received += counters.bytes_received.load(std::memory_order_relaxed);
    stats.bytes_sent += counters.bytes_sent.load(std::memory_order_relaxed);
  }
  return stats;
}

}  // namespace origin::transport
