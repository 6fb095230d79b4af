// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/server.hpp"

#include <thread>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/http/application.hpp"

namespace origin::http {

struct Server::Impl {
  Impl(const Options& options, store::Store& store)
      : shared(store, options.limits),
        transport(options.transport,
                  [this](transport::Worker& worker, SoupServer* soup) { return add_worker(worker, soup); }) {
    // Nothing asks for it before listen().
    shared.transport_stats = [this] { return transport.stats(); };
  }

  std::unique_ptr<transport::Application> add_worker(transport::Worker& worker, SoupServer* soup) {
    auto application = std::make_unique<Application>(worker, soup, shared);
    MutexLock lock(mutex);
    workers.emplace_back(&worker, application.get());
    return application;
  }

  // Lets the answers to held requests leave, within the grace.
  void drain() {
    shared.stopping = true;
    std::vector<std::pair<transport::Worker*, Application*>> all;
    {
      MutexLock lock(mutex);
      all.swap(workers);
    }
    for (const auto& [worker, application] : all) {
      worker->post([application = application] { application->give_up_holding(); });
    }
    const auto deadline = std::chrono::steady_clock::now() + shared.limits.stop_grace;
    while (shared.unfinished_holds > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
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

Result<uint16_t> Server::listen(const std::string& host, uint16_t port) {
  return impl_->transport.listen(host, port);
}

void Server::stop() {
  impl_->drain();
  impl_->transport.stop();
}

}  // namespace origin::http
