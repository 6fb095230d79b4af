// SPDX-License-Identifier: LGPL-2.1-or-later
// The access log: a line of JSON for each request, written by a thread of its own. Any thread.
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "origin/base/metrics.hpp"
#include "origin/base/mutex.hpp"
#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

struct AccessEntry {
  UtcTime time{};  // when its head had come
  std::string id;
  std::string address;
  std::string forwarded_for;
  std::string method;
  std::string path;   // as it was sent; without a token
  std::string query;  // likewise
  std::string key;    // the name of the key, or the token's subject; never the credential
  std::string user_agent;
  std::string cmcd;  // the keys and values of CTA-5004, joined by commas
  int status = 0;    // 0: there was no answer
  const char* result = "";
  uint64_t bytes_received = 0;  // of the request's body
  uint64_t bytes_sent = 0;      // of the answer, with its head
  Duration duration{};          // to the last byte of the answer
  bool held = false;
  bool complete = false;  // all of the answer left
};

// What its head says of a request.
AccessEntry describe_request(const transport::RequestHead& head);
// One line with its newline.
std::string format_entry(const AccessEntry& entry);

class AccessLog {
 public:
  // Appends to a file, which is made if need be; "-" is standard output. Errors: kIo, naming it.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& path, uint32_t max_waiting);
  ~AccessLog();  // writes what waits

  // Never blocks: what comes while `max_waiting` lines wait is dropped, and counted.
  void write(AccessEntry entry);
  // The file was renamed: begins another under its name.
  void reopen();
  uint64_t dropped() const;

 private:
  AccessLog(std::string path, int fd, uint32_t max_waiting);
  void run();
  bool stopping() const;
  bool write_all(std::string_view text);
  void put_out(const std::vector<AccessEntry>& entries);

  const std::string path_;
  const uint32_t max_waiting_;
  int fd_;  // the thread's
  mutable Mutex mutex_;
  std::condition_variable_any condition_;
  std::vector<AccessEntry> waiting_ GUARDED_BY(mutex_);
  uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  bool reopening_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool within_line_ = false;  // the thread's
  bool failing_ = false;      // the thread's: the last line could not be written, which was logged
  std::thread thread_;
};

}  // namespace origin::http
