// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/server.hpp"

#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/http/application.hpp"

namespace origin::http {

struct Server::Impl {
  Impl(const Options& options, store::Store& store)
      : shared(store, options.limits, options.fast_lane, options.access),
        transport(with_memory(options.transport, store),
                  [this](transport::Worker& worker, SoupServer* soup) { return add_worker(worker, soup); }) {
    // Nothing asks for it before listen().
    shared.transport = &transport;
  }

  static transport::Server::Options with_memory(transport::Server::Options options, store::Store& store) {
    options.memory_shortages = [&store] { return store.shortages(); };
    return options;
  }

  std::unique_ptr<transport::Application> add_worker(transport::Worker& worker, SoupServer* soup) {
    auto application = std::make_unique<Application>(worker, soup, shared);
    MutexLock lock(mutex);
    workers.emplace_back(&worker, application.get());
    return application;
  }

  // Each worker does so before it hears of its end.
  void give_up_held() {
    shared.stopping = true;
    MutexLock lock(mutex);
    for (const auto& [worker, application] : workers) {
      worker->post([application = application] { application->give_up_waiting(); });
    }
    workers.clear();
  }

  void set_policy(std::shared_ptr<const access::Policy> policy) {
    shared.gate.set_policy(std::move(policy));
    MutexLock lock(mutex);
    for (const auto& [worker, application] : workers) {
      worker->post([application = application] { application->refuse_who_is_not_admitted(); });
    }
  }

  Shared shared;
  Mutex mutex;
  std::vector<std::pair<transport::Worker*, Application*>> workers GUARDED_BY(mutex);
  transport::Server transport;
};

Server::Server(Options options, store::Store& store) : impl_(std::make_unique<Impl>(options, store)) {}

Server::~Server() {
  stop();
}

Result<uint16_t> Server::listen(const std::string& host, uint16_t port, Purpose purpose) {
  // Who comes at once is not to be told that nothing is written here.
  return impl_->transport.listen(host, port, [&](uint16_t listening) {
    if (purpose == Purpose::kEverything) impl_->shared.managed_ports.add(listening);
  });
}

void Server::set_policy(std::shared_ptr<const access::Policy> policy) {
  impl_->set_policy(std::move(policy));
}

void Server::configure_namespaces(Namespaces::Terms terms) {
  impl_->shared.namespaces.configure(std::move(terms));
}

Status Server::open_access_log(const std::string& path) {
  auto log = AccessLog::open(path, impl_->shared.limits.max_logged);
  if (!log) return log.error();
  impl_->shared.access_log = std::move(*log);
  return {};
}

void Server::reopen_access_log() {
  if (impl_->shared.access_log) impl_->shared.access_log->reopen();
}

void Server::add_metrics(std::shared_ptr<const metrics::Source> source) {
  impl_->shared.metrics.push_back(std::move(source));
}

void Server::stop() {
  impl_->give_up_held();
  impl_->transport.stop(impl_->shared.limits.stop_grace);
}

}  // namespace origin::http
