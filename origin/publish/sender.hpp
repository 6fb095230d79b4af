// SPDX-License-Identifier: LGPL-2.1-or-later
// The thread that keeps a request going for each track of a backlog, over outages. Any thread; the
// destructor not from a Listener.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/publish/backlog.hpp"
#include "origin/publish/location.hpp"
#include "origin/publish/publisher.hpp"
#include "origin/publish/transfer.hpp"

namespace origin::publish {

class Sender {
 public:
  // `options.query` is complete. The backlog outlives it. `listener` may be null.
  Sender(Backlog& backlog, Options options, Location location, std::shared_ptr<Listener> listener);
  ~Sender() { stop(); }

  // Ends at once. Idempotent; one thread at a time.
  void stop();

  // Whether curl could be set up; else nothing is ever sent.
  bool is_good() const { return multi_ != nullptr; }
  // There is something new in the backlog.
  void wake() const { curl_multi_wakeup(multi_.get()); }
  // Fills in what the sender knows.
  void describe(Stats& stats) const;

 private:
  struct MultiCleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  // What carries a track.
  struct Line {
    std::unique_ptr<Transfer> transfer;  // null between tries
    MonotonicTime retry_at{};
    Duration back_off{};           // before the try that is going on; 0 once that counts
    bool is_settled = false;       // the connection counts
    bool waits_for_media = false;  // nothing is amiss, and there is nothing to send
    bool end_was_sent = false;     // by an earlier try, whose answer did not come
  };

  void run();
  void serve(MonotonicTime now);
  void connect(Backlog::TrackId track, MonotonicTime now);
  void reap(MonotonicTime now);
  void watch(MonotonicTime now);
  void finished(Backlog::TrackId track, CURLcode code, MonotonicTime now);
  void failed(Backlog::TrackId track, const std::string& reason, MonotonicTime now);
  void refuse(const Error& error);
  void settle(MonotonicTime now);
  void tell_drops();
  void wait(MonotonicTime now);

  Backlog& backlog_;
  const Options options_;
  const Location location_;
  const std::shared_ptr<Listener> listener_;
  const std::unique_ptr<CURLM, MultiCleanup> multi_;

  // Of the thread.
  std::vector<Line> lines_;  // by track
  std::vector<Backlog::TrackState> tracks_;
  bool in_outage_ = false;

  mutable Mutex mutex_;
  bool connected_ GUARDED_BY(mutex_) = false;
  uint64_t reconnections_ GUARDED_BY(mutex_) = 0;
  std::string last_failure_ GUARDED_BY(mutex_);

  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace origin::publish
