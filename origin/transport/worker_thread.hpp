// SPDX-License-Identifier: LGPL-2.1-or-later
// The Worker that the server makes: a thread and all that lives on it. start, begin_stop, join, counters,
// post: any thread; the rest: its own.
#pragma once

#include <libsoup/soup.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/base/ref.hpp"
#include "origin/transport/admission.hpp"
#include "origin/transport/event_loop.hpp"
#include "origin/transport/server.hpp"
#include "origin/transport/worker.hpp"

namespace origin::transport {

class ClientConnection;
class Listener;
class WorkerThread;

// What all workers of a server share.
struct ServerContext {
  ServerContext(const Limits& the_limits, std::function<uint64_t()> the_memory_shortages)
      : limits(the_limits), memory_shortages(std::move(the_memory_shortages)), admission(limits) {}

  const Limits limits;
  const std::function<uint64_t()> memory_shortages;  // may be empty
  Admission admission;
  std::vector<WorkerThread*> workers;  // fixed before the first of them starts
};

// A client that somebody has to make room for.
struct Newcomer {
  Descriptor socket;  // none: a descriptor is wanted, and nobody comes in
  PeerAddress peer;
  bool address_is_full = false;  // only others of its address can
  size_t first = 0;              // the worker that is asked first
  size_t asked = 0;              // how many times a worker was asked to
};

// What 503 says to who comes in vain.
inline const HeadError kTooManyConnections{503, "too many connections; try again later"};

// Counters with one writer, the worker.
struct WorkerCounters {
  static void add(std::atomic<uint64_t>& counter, uint64_t count = 1) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> timed_out{0};
  std::atomic<uint64_t> bad_requests{0};
  std::atomic<uint64_t> bytes_received{0};
  std::atomic<uint64_t> bytes_sent{0};
};

class WorkerThread final : public Worker {
 public:
  WorkerThread(ServerContext& shared, const ApplicationFactory& factory);
  ~WorkerThread() override;

  // Returns when the Application is made.
  void start();
  // Has the thread end, once the answers in flight have left or `grace` is over.
  void begin_stop(Duration grace);
  // Waits for that end. Idempotent.
  void join();

  GMainContext* context() override { return context_.get(); }
  void post(std::function<void()> function) override;
  const WorkerCounters& counters() const { return counters_; }
  // Appends its connections, as long as there are no more than `most`.
  void list_connections(size_t most, std::vector<ConnectionInfo>& all) const;

  // ---- on its thread
  void listen(Descriptor socket);
  // A client that connected: taken in if there is room, or a connection of any worker that has to make some
  // (see kGivesWay); turned away otherwise. `descriptors_left`: whether the process has any. Returns false if
  // the client was turned away before this returned.
  bool admit(Descriptor socket, const PeerAddress& peer, bool descriptors_left = true);
  // There is no descriptor left, not even one to turn clients away with: a connection of any worker gives
  // way.
  void free_descriptor();
  // Deletes it.
  void forget(ClientConnection& connection);

  EventLoop& loop() { return *loop_; }
  WorkerCounters& counters() { return counters_; }
  ServerContext& shared() { return shared_; }
  const Limits& limits() const { return shared_.limits; }
  Application& application() { return *application_; }
  SoupServer* soup() { return soup_.get(); }
  const std::shared_ptr<std::atomic<int>>& live_soup_streams() { return live_soup_streams_; }
  // For one recv, and for the fields of one head: shared, since a turn serves one connection at a time.
  std::span<char> receive_buffer() { return receive_buffer_; }
  std::span<HeaderField> header_fields() { return header_fields_; }

  DeadlineList head_deadlines;
  DeadlineList idle_deadlines;
  DeadlineList write_deadlines;
  DeadlineList body_deadlines;
  DeadlineList linger_deadlines;
  DeadlineList accept_deadlines;
  DeadlineList memory_deadlines;

 private:
  // The descriptor that other threads wake the loop with.
  class Wake;
  // Looks again and again whether memory is short.
  class MemoryWatch;

  std::shared_ptr<Newcomer> newcomer(Descriptor socket, const PeerAddress& peer) const;
  bool find_room(const std::shared_ptr<Newcomer>& newcomer);
  ClientConnection* who_gives_way(size_t reason, const Newcomer& newcomer);
  void adopt(Descriptor socket, const PeerAddress& peer);
  void turn_away(const Descriptor& socket);
  void free_memory();
  void run(std::promise<void>& started);
  void run_posted();
  void finish_answers();
  void tear_down();

  ServerContext& shared_;
  const ApplicationFactory& factory_;
  Ref<GMainContext> context_;
  WorkerCounters counters_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Wake> wake_;
  std::unique_ptr<MemoryWatch> memory_watch_;
  Ref<SoupServer> soup_;
  std::unique_ptr<Application> application_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  // Changed by its own thread alone, under the lock, so that others may look.
  mutable Mutex roster_mutex_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  const std::shared_ptr<std::atomic<int>> live_soup_streams_ = std::make_shared<std::atomic<int>>(0);
  std::vector<char> receive_buffer_;
  std::vector<HeaderField> header_fields_;

  Mutex mutex_;
  std::vector<std::function<void()>> posted_ GUARDED_BY(mutex_);
  bool accepts_posts_ GUARDED_BY(mutex_) = true;
  bool running_ = true;  // its thread only
  Duration stop_grace_{};
  std::thread thread_;
};

}  // namespace origin::transport
