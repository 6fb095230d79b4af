// SPDX-License-Identifier: LGPL-2.1-or-later
// A whole origin in one object: store, presentations, HTTP, and the thread that keeps their time. Any thread.
#pragma once

#include <condition_variable>
#include <string>
#include <thread>
#include <vector>

#include "origin/base/clock.hpp"
#include "origin/channel/directory.hpp"
#include "origin/channel/ingest.hpp"
#include "origin/http/server.hpp"
#include "origin/store/store.hpp"

namespace origin::api {

class Origin {
 public:
  struct Options {
    store::Store::Options store;
    http::Server::Options http;
    channel::IngestLimits ingest;
  };
  explicit Origin(Options options);
  ~Origin();

  store::Store& store() { return content_->store; }
  channel::Directory& directory() { return *content_->directory; }

  // See http::Server::listen. Returns the port.
  Result<uint16_t> listen(const std::string& host, uint16_t port,
                          http::Purpose purpose = http::Purpose::kEverything);
  // See http::Server::set_policy.
  void set_policy(std::shared_ptr<const access::Policy> policy) { http_.set_policy(std::move(policy)); }
  // See http::Server::configure_namespaces.
  void configure_namespaces(http::Namespaces::Terms terms) { http_.configure_namespaces(std::move(terms)); }
  // See http::Server::open_access_log.
  Status open_access_log(const std::string& path) { return http_.open_access_log(path); }
  void reopen_access_log() { http_.reopen_access_log(); }
  // "http://127.0.0.1:8080" for each address that was listened on, in that order.
  std::vector<std::string> uris() const;
  uint16_t first_port() const;
  // Closes all listeners and connections. Idempotent.
  void stop();
  bool stopped() const;

 private:
  // Shared with the timekeeper's thread, which may be the one that lets go of the Origin: a publisher's
  // signal handler runs there.
  struct Content {
    explicit Content(const Options& options);
    // Who still pushes leaves while the store is there.
    ~Content() { store.set_sink(nullptr); }
    store::Store store;
    const std::shared_ptr<channel::Directory> directory;
    const std::shared_ptr<channel::Ingest> ingest;
    Mutex mutex;
    std::condition_variable_any condition;
    bool stopping GUARDED_BY(mutex) = false;
  };
  static void keep_time(const std::shared_ptr<Content>& content);

  const std::shared_ptr<Content> content_;
  http::Server http_;
  mutable Mutex mutex_;
  std::vector<std::pair<std::string, uint16_t>> listening_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::thread timekeeper_;
};

}  // namespace origin::api
