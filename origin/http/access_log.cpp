// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/access_log.hpp"

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "origin/base/json.hpp"
#include "origin/base/log.hpp"
#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
#include "origin/base/thread.hpp"
#include "origin/http/cmcd.hpp"

namespace origin::http {

namespace {

constexpr const char* kStandardOutput = "-";
constexpr std::string_view kSecret = "token", kSecretFolder = "_token", kCmcd = "CMCD";
constexpr mode_t kMode = 0640;
// What a pipe takes at once if it takes anything (POSIX).
constexpr size_t kPiece = PIPE_BUF;
// Who reads a pipe is waited for as long as the log is open, and then for this.
constexpr int kPatience = 500;  // ms

// What others wrote in a request is bytes; JSON is UTF-8.
std::string valid(const std::string& text) {
  const GCharPtr made(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
  return made.get();
}

std::string decoded(std::string_view text) {
  const std::string terminated(text);
  const GCharPtr plain(g_uri_unescape_string(terminated.c_str(), nullptr));
  return plain ? plain.get() : terminated;
}

// However it is spelled, and as often as it is there. What players tell of themselves is apart.
std::string without_token(std::string_view query) {
  std::string kept;
  while (!query.empty()) {
    const std::string_view parameter = take_until(query, '&');
    const std::string name = decoded(parameter.substr(0, parameter.find('=')));
    if (name == kSecret || name == kCmcd) continue;
    if (!kept.empty()) kept += '&';
    kept += parameter;
  }
  return kept;
}

std::string without_token_segments(std::string_view path) {
  if (!path.starts_with('/')) return std::string(path);
  std::string kept;
  while (!path.empty()) {
    path.remove_prefix(1);
    std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    if (decoded(segment) != kSecretFolder) {
      kept.append("/").append(segment);
    } else if (!path.empty()) {
      path.remove_prefix(std::min(path.find('/', 1), path.size()));
    }
  }
  return kept;
}

// A pipe that nobody reads is not waited for.
int open_file(const std::string& path) {
  if (path == kStandardOutput) return STDOUT_FILENO;
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  if (fd >= 0) fcntl(fd, F_SETFL, O_APPEND);
  return fd;
}

}  // namespace

AccessEntry describe_request(const transport::RequestHead& head) {
  AccessEntry entry;
  entry.forwarded_for = head.field("x-forwarded-for");
  entry.method = head.method;
  entry.path = without_token_segments(head.path);
  entry.query = without_token(head.query);
  entry.user_agent = head.field("user-agent");
  entry.cmcd = cmcd_of(head);
  return entry;
}

std::string format_entry(const AccessEntry& entry) {
  JsonDocument json;
  json.add("time", format_rfc3339(entry.time))
      .add("id", entry.id)
      .add("address", entry.address)
      .add("forwarded_for", valid(entry.forwarded_for))
      .add("key", valid(entry.key))
      .add("method", valid(entry.method))
      .add("path", valid(entry.path))
      .add("query", valid(entry.query))
      .add("status", entry.status)
      .add("result", entry.result)
      .add("bytes_received", entry.bytes_received)
      .add("bytes_sent", entry.bytes_sent)
      .add("duration_us", std::chrono::round<std::chrono::microseconds>(entry.duration).count())
      .add("held", entry.held)
      .add("complete", entry.complete)
      .add("user_agent", valid(entry.user_agent));
  json.begin("cmcd");
  add_cmcd(json, entry.cmcd);
  json.end();
  return json.text();
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& path, uint32_t max_waiting) {
  const int fd = open_file(path);
  if (fd < 0)
    return Error{ErrorCode::kIo, "access log '" + path + "' cannot be opened: " + std::strerror(errno)};
  return std::unique_ptr<AccessLog>(new AccessLog(path, fd, max_waiting));
}

AccessLog::AccessLog(std::string path, int fd, uint32_t max_waiting)
    : path_(std::move(path)), max_waiting_(max_waiting), fd_(fd) {
  thread_ = start_thread("origin-log", [this] { run(); });
}

AccessLog::~AccessLog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  condition_.notify_one();
  thread_.join();
  if (fd_ != STDOUT_FILENO) close(fd_);
}

void AccessLog::write(AccessEntry entry) {
  {
    MutexLock lock(mutex_);
    if (waiting_.size() >= max_waiting_) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(entry));
    if (waiting_.size() > 1) return;  // the first of them has woken the thread
  }
  condition_.notify_one();
}

void AccessLog::reopen() {
  {
    MutexLock lock(mutex_);
    reopening_ = true;
  }
  condition_.notify_one();
}

uint64_t AccessLog::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

void AccessLog::run() {
  for (bool stopping = false; !stopping;) {
    std::vector<AccessEntry> entries;
    bool reopening = false;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !reopening_ && !stopping_) condition_.wait(mutex_);
      entries.swap(waiting_);
      reopening = std::exchange(reopening_, false);
      stopping = stopping_;
    }
    // Under its old name go those that came before.
    put_out(entries);
    if (!reopening || fd_ == STDOUT_FILENO) continue;
    if (const int fresh = open_file(path_); fresh >= 0) {
      close(fd_);
      fd_ = fresh;
    } else {
      log_warning("access log '%s' cannot be opened again, and goes on where it is: %s", path_.c_str(),
                  std::strerror(errno));
    }
  }
}

bool AccessLog::stopping() const {
  MutexLock lock(mutex_);
  return stopping_;
}

// False: errno says why not.
bool AccessLog::write_all(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (poll(&ready, 1, kPatience) == 0) {
      if (!stopping()) continue;
      errno = ETIMEDOUT;
      return false;
    }
    const ssize_t count = ::write(fd_, text.data(), std::min(text.size(), kPiece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count > 0) within_line_ = text[static_cast<size_t>(count) - 1] != '\n';
    text.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

void AccessLog::put_out(const std::vector<AccessEntry>& entries) {
  // A line that could not be ended before is not gone on with.
  std::string text = within_line_ ? "\n" : "";
  for (const AccessEntry& entry : entries) text += format_entry(entry);
  if (write_all(text)) {
    failing_ = false;
    return;
  }
  const int number = errno;
  {
    MutexLock lock(mutex_);
    dropped_ += entries.size();
  }
  if (!std::exchange(failing_, true))
    log_warning("access log '%s' cannot be written, and lines are lost: %s", path_.c_str(),
                std::strerror(number));
}

}  // namespace origin::http
