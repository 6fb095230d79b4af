// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/api/origin.hpp"

namespace origin::api {

namespace {

constexpr Duration kTick = 100ms;

}  // namespace

Origin::Origin(Options options)
    : store_(options.store, Clock::system()),
      directory_(std::make_shared<channel::Directory>(store_, Clock::system())),
      http_(options.http, store_),
      timekeeper_([this] { keep_time(); }) {
  store_.add_resolver(directory_);
}

Origin::~Origin() {
  stop();
  {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_condition_.notify_all();
  timekeeper_.join();
}

void Origin::keep_time() {
  std::unique_lock lock(stop_mutex_);
  while (!stop_condition_.wait_for(lock, kTick, [this] { return stopping_; })) {
    lock.unlock();
    directory_->tick();
    store_.expire_due();
    lock.lock();
  }
}

Result<uint16_t> Origin::listen(const std::string& host, uint16_t port) {
  Result<uint16_t> listened = http_.listen(host, port);
  if (listened) {
    MutexLock lock(mutex_);
    listening_.emplace_back(host, *listened);
  }
  return listened;
}

std::vector<std::string> Origin::uris() const {
  MutexLock lock(mutex_);
  std::vector<std::string> uris;
  for (const auto& [host, port] : listening_) {
    const bool ipv6 = host.find(':') != std::string::npos;
    uris.push_back("http://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
  }
  return uris;
}

uint16_t Origin::first_port() const {
  MutexLock lock(mutex_);
  return listening_.empty() ? 0 : listening_.front().second;
}

void Origin::stop() { http_.stop(); }

}  // namespace origin::api
