// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/api/origin.hpp"

#include <unistd.h>

#include "origin/base/thread.hpp"
#include "origin/channel/lifetimes.hpp"

namespace origin::api {

namespace {

// Memory in the shape of files, which outlives a process: no disk is waited for.
std::string user_memory() {
  const char* runtime = g_getenv("XDG_RUNTIME_DIR");
  return runtime && *runtime ? std::string(runtime) + "/gst-origin"
                             : "/dev/shm/gst-origin-" + std::to_string(geteuid());
}

}  // namespace

Origin::Content::Content(const Options& options)
    : store(options.store, Clock::system()),
      directory(std::make_shared<channel::Directory>(store, Clock::system())),
      ingest(std::make_shared<channel::Ingest>(directory, store, Clock::system(), options.ingest)) {
  store.add_resolver(directory);
  store.set_sink(ingest);
}

Origin::Origin(Options options)
    : content_(std::make_shared<Content>(options)),
      http_(options.http, content_->store),
      timekeeper_(start_thread("origin-time", [content = content_] { keep_time(content); })) {
  http_.add_metrics(content_->directory);
}

Origin::~Origin() {
  stop();
  {
    MutexLock lock(content_->mutex);
    content_->stopping = true;
  }
  content_->condition.notify_all();
  if (timekeeper_.get_id() == std::this_thread::get_id()) {
    timekeeper_.detach();
  } else {
    timekeeper_.join();
  }
}

void Origin::keep_time(const std::shared_ptr<Content>& content) {
  for (;;) {
    {
      MutexLock lock(content->mutex);
      if (!content->stopping) content->condition.wait_for(content->mutex, channel::kTick);
      if (content->stopping) return;
    }
    content->directory->tick();
    content->ingest->tick();
    content->store.expire_due();
  }
}

Result<uint16_t> Origin::listen(const std::string& host, uint16_t port, http::Purpose purpose) {
  Result<uint16_t> listened = http_.listen(host, port, purpose);
  if (!listened) return listened;
  bool is_first = false;
  {
    MutexLock lock(mutex_);
    is_first = listening_.empty();
    listening_.emplace_back(host, *listened);
  }
  // A port that was any that was free is another one in the next process, where no viewer looks for it.
  if (is_first && port != 0)
    content_->directory->remember_numbers_in(user_memory() + "/" + host + "-" + std::to_string(port));
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

void Origin::stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    listening_.clear();
  }
  http_.stop();
}

bool Origin::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

}  // namespace origin::api
