// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/worker_thread.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>

#include <algorithm>

#include "origin/base/clock.hpp"
#include "origin/base/log.hpp"
#include "origin/base/thread.hpp"
#include "origin/transport/client_connection.hpp"
#include "origin/transport/listener.hpp"

namespace origin::transport {

namespace {

constexpr size_t kReceiveBuffer = 64 * 1024;
constexpr Duration kLingerTimeout = 3s;
constexpr Duration kAcceptPause = 100ms;
constexpr Duration kMemoryLook = 100ms;
constexpr Duration kTearDownTimeout = 2s;

void on_request_started(SoupServer*, SoupServerMessage* message, gpointer) {
  if (ClientConnection* connection = ClientConnection::of_message(message)) connection->soup_started(message);
}

void on_request_finished(SoupServer*, SoupServerMessage* message, gpointer) {
  if (ClientConnection* connection = ClientConnection::of_message(message))
    connection->soup_finished(message, true);
}

void on_request_aborted(SoupServer*, SoupServerMessage* message, gpointer) {
  if (ClientConnection* connection = ClientConnection::of_message(message))
    connection->soup_finished(message, false);
}

}  // namespace

class WorkerThread::Wake final : public EpollTarget {
 public:
  explicit Wake(WorkerThread& worker) : worker_(worker), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    worker.loop_->add(fd_.get(), EPOLLIN | EPOLLET, *this);
  }
  bool ok() const { return static_cast<bool>(fd_); }
  // Any thread.
  void signal() { eventfd_write(fd_.get(), 1); }
  void on_events(uint32_t) override {
    eventfd_t count;
    eventfd_read(fd_.get(), &count);
    worker_.run_posted();
  }

 private:
  WorkerThread& worker_;
  Descriptor fd_;
};

class WorkerThread::MemoryWatch final : public HasDeadline {
 public:
  explicit MemoryWatch(WorkerThread& worker) : worker_(worker), seen_(worker.shared_.memory_shortages()) {
    look_again();
  }
  void on_deadline() override {
    const uint64_t shortages = worker_.shared_.memory_shortages();
    if (shortages != std::exchange(seen_, shortages)) worker_.free_memory();
    look_again();
  }

 private:
  void look_again() { worker_.memory_deadlines.set(*this, worker_.loop_->now()); }

  WorkerThread& worker_;
  uint64_t seen_;
};

WorkerThread::WorkerThread(ServerContext& shared, const ApplicationFactory& factory)
    : head_deadlines(shared.limits.head_timeout),
      idle_deadlines(shared.limits.idle_timeout),
      write_deadlines(shared.limits.write_stall_timeout),
      body_deadlines(shared.limits.body_stall_timeout),
      linger_deadlines(kLingerTimeout),
      accept_deadlines(kAcceptPause),
      memory_deadlines(kMemoryLook),
      shared_(shared),
      factory_(factory),
      context_(Ref<GMainContext>::adopt(g_main_context_new())),
      loop_(std::make_unique<EventLoop>(context_.get())),
      wake_(std::make_unique<Wake>(*this)),
      receive_buffer_(kReceiveBuffer),
      header_fields_(shared.limits.max_headers) {
  if (!loop_->ok() || !wake_->ok()) log_warning("no descriptor left for an HTTP worker's event loop");
  for (DeadlineList* list : {&head_deadlines, &idle_deadlines, &write_deadlines, &body_deadlines,
                             &linger_deadlines, &accept_deadlines, &memory_deadlines}) {
    loop_->watch(*list);
  }
  if (shared_.memory_shortages) memory_watch_ = std::make_unique<MemoryWatch>(*this);
}

WorkerThread::~WorkerThread() {
  begin_stop({});
  join();
}

void WorkerThread::start() {
  std::promise<void> started;
  std::future<void> ready = started.get_future();
  thread_ = start_thread("origin-http", [this, &started] { run(started); });
  ready.wait();
}

void WorkerThread::begin_stop(Duration grace) {
  post([this, grace] {
    stop_grace_ = grace;
    running_ = false;
  });
}

void WorkerThread::join() {
  if (thread_.joinable()) thread_.join();
}

void WorkerThread::post(std::function<void()> function) {
  {
    MutexLock lock(mutex_);
    if (!accepts_posts_) return;
    posted_.push_back(std::move(function));
    if (posted_.size() > 1) return;  // the first of the batch woke it
  }
  wake_->signal();
}

void WorkerThread::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    MutexLock lock(mutex_);
    batch.swap(posted_);
  }
  for (const std::function<void()>& function : batch) function();
}

void WorkerThread::run(std::promise<void>& started) {
  g_main_context_push_thread_default(context_.get());
  // Without a listener of its own: this SoupServer lets go of a stream after each response, so that an idle
  // connection costs nothing in libsoup, and whether the socket stays open is ours to decide.
  soup_ = Ref<SoupServer>::adopt(soup_server_new("raw-paths", TRUE, nullptr));
  g_signal_connect(soup_.get(), "request-started", G_CALLBACK(on_request_started), nullptr);
  g_signal_connect(soup_.get(), "request-finished", G_CALLBACK(on_request_finished), nullptr);
  g_signal_connect(soup_.get(), "request-aborted", G_CALLBACK(on_request_aborted), nullptr);
  application_ = factory_(*this, soup_.get());
  started.set_value();
  while (running_) g_main_context_iteration(context_.get(), TRUE);
  tear_down();
  g_main_context_pop_thread_default(context_.get());
}

void WorkerThread::finish_answers() {
  for (size_t i = 0; i < connections_.size(); ++i) connections_[i]->finish();
  const auto answering = [this] {
    return std::ranges::any_of(connections_, [](const auto& connection) { return connection->answering(); });
  };
  bool over = false;
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(stop_grace_).count();
  const auto timer = Ref<GSource>::adopt(g_timeout_source_new(static_cast<guint>(milliseconds)));
  g_source_set_callback(
      timer.get(), [](gpointer flag) -> gboolean { return *static_cast<bool*>(flag) = true; }, &over,
      nullptr);
  g_source_attach(timer.get(), context_.get());
  while (!over && answering()) g_main_context_iteration(context_.get(), TRUE);
}

void WorkerThread::tear_down() {
  listeners_.clear();
  if (stop_grace_ > Duration::zero()) finish_answers();
  for (size_t i = 0; i < connections_.size(); ++i) connections_[i]->close();
  // What libsoup was doing ends with errors now, partly in threads of GLib's pool.
  const MonotonicTime limit = Clock::system().monotonic() + kTearDownTimeout;
  const auto busy = [this] { return live_soup_streams_->load(std::memory_order_acquire) > 0; };
  while (g_main_context_iteration(context_.get(), FALSE) ||
         ((busy() || !connections_.empty()) && Clock::system().monotonic() < limit)) {
    if (busy()) g_usleep(100);
  }
  {
    MutexLock lock(mutex_);
    accepts_posts_ = false;
    posted_.clear();
  }
  application_.reset();
  loop_->stop();  // where the time was too short, it still knows connections
  {
    MutexLock lock(roster_mutex_);
    connections_.clear();
  }
  soup_server_disconnect(soup_.get());
  soup_ = nullptr;
  while (g_main_context_iteration(context_.get(), FALSE)) {
  }
}

void WorkerThread::listen(Descriptor socket) {
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(socket)));
}

void WorkerThread::adopt(Descriptor socket, const PeerAddress& peer) {
  const int fd = socket.get();
  const auto unsent = static_cast<int>(limits().max_unsent_bytes);
  if (unsent > 0) setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
  {
    MutexLock lock(roster_mutex_);
    connections_.push_back(
        std::make_unique<ClientConnection>(*this, std::move(socket), peer, connections_.size()));
  }
  WorkerCounters::add(counters_.accepted);
  if (!loop_->add(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *connections_.back()))
    connections_.back()->close();
}

void WorkerThread::list_connections(size_t most, std::vector<ConnectionInfo>& all) const {
  MutexLock lock(roster_mutex_);
  for (const auto& connection : connections_) {
    if (all.size() >= most) return;
    all.push_back(connection->info());
  }
}

void WorkerThread::forget(ClientConnection& connection) {
  MutexLock lock(roster_mutex_);
  const size_t slot = connection.slot();
  std::swap(connections_[slot], connections_.back());
  connections_[slot]->set_slot(slot);
  connections_.pop_back();
}

}  // namespace origin::transport
