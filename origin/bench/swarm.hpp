// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs all clients in one epoll loop. The thread that calls run() only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "origin/bench/client.hpp"

namespace origin::bench {

struct RunTimes {
  Duration starting{0};  // until all clients had a playlist, or were given up
  Duration measured{0};
  unsigned joined = 0;  // clients that had a playlist when measuring began
  unsigned ended = 0;   // clients that saw the end of the presentation
};

class Swarm {
 public:
  // One address for each subject.
  Swarm(const Options& options, std::deque<Subject>& subjects, std::vector<Endpoint> servers, Tally& tally);
  ~Swarm();

  // Raises the limit of descriptors; an error if it does not suffice.
  Status prepare();
  // Starts the clients, measures, returns. `interrupted` ends it early; `on_measure` is called when measuring
  // begins and when it ends.
  Result<RunTimes> run(const std::function<bool()>& interrupted, const std::function<void()>& on_measure);

 private:
  struct Alarm {
    MonotonicTime when;
    size_t client;
    friend bool operator>(const Alarm& a, const Alarm& b) { return a.when > b.when; }
  };

  Status loop_until(MonotonicTime end);
  bool wait_until(MonotonicTime until);
  void start_clients(MonotonicTime now);
  std::optional<in_addr> source_of(size_t client, const Endpoint& server) const;
  void set_alarm(size_t client);
  void ring_alarms(MonotonicTime now);
  unsigned count(bool (Client::*what)() const) const;

  const Options& options_;
  std::deque<Subject>& subjects_;
  std::vector<Endpoint> servers_;
  int epoll_ = -1;
  std::vector<char> buffer_;
  Load load_;
  std::deque<Client> clients_;
  // At most one alarm for each client that counts: the earliest. One that rings too early is set again.
  std::priority_queue<Alarm, std::vector<Alarm>, std::greater<>> alarms_;
  std::vector<MonotonicTime> alarm_of_;
  MonotonicTime begun_;
};

}  // namespace origin::bench
