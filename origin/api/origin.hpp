// SPDX-License-Identifier: LGPL-2.1-or-later
// A whole origin in one object: store, presentations, HTTP, and the thread that keeps their time. Any thread.
#pragma once

#include <condition_variable>
#include <string>
#include <thread>
#include <vector>

#include "origin/base/clock.hpp"
#include "origin/channel/directory.hpp"
#include "origin/http/server.hpp"
#include "origin/store/store.hpp"

namespace origin::api {

class Origin {
 public:
  struct Options {
    store::Store::Options store;
    http::Server::Options http;
  };
  explicit Origin(Options options);
  ~Origin();

  store::Store& store() { return store_; }
  channel::Directory& directory() { return *directory_; }

  // See http::Server::listen. Returns the port.
  Result<uint16_t> listen(const std::string& host, uint16_t port);
  // "http://127.0.0.1:8080" for each address that was listened on, in that order.
  std::vector<std::string> uris() const;
  uint16_t first_port() const;
  // Closes all listeners and connections. Idempotent.
  void stop();

 private:
  void keep_time();

  store::Store store_;
  const std::shared_ptr<channel::Directory> directory_;
  http::Server http_;
  mutable Mutex mutex_;
  std::vector<std::pair<std::string, uint16_t>> listening_ GUARDED_BY(mutex_);
  std::mutex stop_mutex_;
  std::condition_variable stop_condition_;
  bool stopping_ = false;  // under stop_mutex_
  std::thread timekeeper_;
};

}  // namespace origin::api
