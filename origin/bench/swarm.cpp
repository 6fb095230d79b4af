// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/swarm.hpp"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "origin/base/clock.hpp"

namespace origin::bench {

namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr unsigned kOtherDescriptors = 16;
// 127.0.0.1 is the server's; the last byte of an address runs from 2 to 254.
constexpr unsigned kMaxSourceAddresses = 253;
// How often it is looked whether the run is over.
constexpr Duration kCheckInterval = 50ms;
constexpr MonotonicTime kNoAlarm = MonotonicTime::max();

MonotonicTime now() {
  return Clock::system().monotonic();
}

}  // namespace

Swarm::Swarm(const Options& options, std::deque<Subject>& subjects, std::vector<Endpoint> servers,
             Tally& tally)
    : options_(options),
      subjects_(subjects),
      servers_(std::move(servers)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kBufferBytes),
      load_{options, tally, epoll_, buffer_} {}

Swarm::~Swarm() {
  if (epoll_ >= 0) close(epoll_);
}

Status Swarm::prepare() {
  if (epoll_ < 0) return Error{ErrorCode::kIo, std::string("no epoll: ") + std::strerror(errno)};
  const rlim_t wanted = rlim_t{options_.clients} + kOtherDescriptors;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < wanted) {
    return Error{ErrorCode::kLimit, "--clients=" + std::to_string(options_.clients) + " needs " +
                                        std::to_string(wanted) + " descriptors, but the hard limit is " +
                                        std::to_string(limit.rlim_max) +
                                        ": raise it (ulimit -Hn) or take at most " +
                                        std::to_string(limit.rlim_max - kOtherDescriptors) + " clients"};
  }
  const bool any_loopback = std::ranges::any_of(servers_, &Endpoint::is_loopback);
  const uint64_t most = uint64_t{options_.clients_per_address} * kMaxSourceAddresses;
  if (any_loopback && options_.clients > most) {
    return Error{ErrorCode::kLimit, "--clients=" + std::to_string(options_.clients) + " needs more than " +
                                        std::to_string(kMaxSourceAddresses) +
                                        " loopback addresses: raise --clients-per-address"};
  }
  return {};
}

Result<RunTimes> Swarm::run(const std::function<bool()>& interrupted,
                            const std::function<void()>& on_measure) {
  RunTimes times;
  begun_ = now();
  const Duration ramp = options_.clients * Duration(1s) / options_.connect_rate;
  const MonotonicTime patience = begun_ + ramp + options_.timeout;
  while (!interrupted() && now() < patience && count(&Client::joined) < options_.clients) {
    if (const Status status = loop_until(now() + kCheckInterval); !status) return status.error();
  }
  times.starting = now() - begun_;
  times.joined = count(&Client::joined);
  load_.tally.begin();
  on_measure();
  const MonotonicTime measured_from = now();
  const MonotonicTime end = measured_from + options_.seconds;
  while (!interrupted() && now() < end && !alarms_.empty()) {
    if (const Status status = loop_until(std::min<MonotonicTime>(end, now() + kCheckInterval)); !status) {
      return status.error();
    }
  }
  times.measured = now() - measured_from;
  times.ended = count(&Client::ended);
  on_measure();
  return times;
}

Status Swarm::loop_until(MonotonicTime end) {
  while (now() < end) {
    start_clients(now());
    MonotonicTime until = end;
    if (clients_.size() < options_.clients) until = std::min<MonotonicTime>(until, now() + 1ms);
    if (!alarms_.empty()) until = std::min(until, alarms_.top().when);
    if (!wait_until(until)) return Error{ErrorCode::kIo, std::string("epoll: ") + std::strerror(errno)};
    ring_alarms(now());
  }
  return {};
}

// For events, and handles them.
bool Swarm::wait_until(MonotonicTime until) {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
  std::array<epoll_event, 512> events;
  const int count =
      epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(std::max<int64_t>(wait, 0)));
  if (count < 0) return errno == EINTR;
  for (int i = 0; i < count; ++i) {
    auto* client = static_cast<Client*>(events[static_cast<size_t>(i)].data.ptr);
    client->on_events(events[static_cast<size_t>(i)].events);
    set_alarm(client->index());
  }
  return true;
}

void Swarm::start_clients(MonotonicTime now) {
  const auto due = static_cast<uint64_t>(to_seconds(now - begun_) * options_.connect_rate) + 1;
  while (clients_.size() < std::min<uint64_t>(due, options_.clients)) {
    const size_t index = clients_.size();
    const size_t subject = index % subjects_.size();
    ++subjects_[subject].clients;
    const Endpoint& server = servers_[subject];
    Client& client =
        clients_.emplace_back(load_, index, subjects_[subject], server, source_of(index, server));
    alarm_of_.push_back(kNoAlarm);
    client.on_due();
    set_alarm(index);
  }
}

std::optional<in_addr> Swarm::source_of(size_t client, const Endpoint& server) const {
  if (!server.is_loopback() || options_.clients <= options_.clients_per_address) return std::nullopt;
  const auto host = static_cast<uint32_t>(client / options_.clients_per_address) + 2;
  return in_addr{htonl(uint32_t{IN_LOOPBACKNET} << 24 | host)};
}

void Swarm::set_alarm(size_t client) {
  const std::optional<MonotonicTime> due = clients_[client].due();
  if (!due || *due >= alarm_of_[client]) return;
  alarm_of_[client] = *due;
  alarms_.push({*due, client});
}

void Swarm::ring_alarms(MonotonicTime now) {
  while (!alarms_.empty() && alarms_.top().when <= now) {
    const Alarm alarm = alarms_.top();
    alarms_.pop();
    // An earlier one has been set since.
    if (alarm.when != alarm_of_[alarm.client]) continue;
    alarm_of_[alarm.client] = kNoAlarm;
    Client& client = clients_[alarm.client];
    if (const auto due = client.due(); due && *due <= now) client.on_due();
    set_alarm(alarm.client);
  }
}

unsigned Swarm::count(bool (Client::*what)() const) const {
  return static_cast<unsigned>(std::ranges::count_if(clients_, what));
}

}  // namespace origin::bench
