// SPDX-License-Identifier: LGPL-2.1-or-later
// Who comes in, and who gives way: for it, or for memory.
#include <algorithm>

#include "origin/transport/client_connection.hpp"
#include "origin/transport/output_queue.hpp"
#include "origin/transport/worker_thread.hpp"

namespace origin::transport {

namespace {

// How many are looked at for one that fits, so that a flood of newcomers does not keep a worker searching.
constexpr size_t kMostLookedAt = 256;

bool any(ClientConnection&) {
  return true;
}
bool reads_slowly(ClientConnection& connection) {
  return connection.reads_slowly();
}

struct Reason {
  DeadlineList WorkerThread::*list;
  bool patiently;  // only after Limits::patience
  bool (*fits)(ClientConnection&);
};

// In this order, those that have waited longest first. Not here: who waits for an answer (a held request),
// who takes one as it comes, who sends a body.
constexpr Reason kGivesWay[] = {
    {&WorkerThread::linger_deadlines, true, any},           // has its last answer, and does not close
    {&WorkerThread::head_deadlines, true, any},             // sends no request, or not all of its head
    {&WorkerThread::write_deadlines, false, reads_slowly},  // has read slowly for long
    {&WorkerThread::head_deadlines, false, any},            // has only just come
    {&WorkerThread::idle_deadlines, false, any},            // may come back when it has something to ask
    {&WorkerThread::write_deadlines, true, any},            // does not read, whatever it did before
};

}  // namespace

bool WorkerThread::admit(Descriptor socket, const PeerAddress& peer, bool descriptors_left) {
  Admission::Verdict verdict = Admission::Verdict::kFull;
  if (descriptors_left) verdict = shared_.admission.enter(peer);
  if (verdict == Admission::Verdict::kAdmitted) {
    adopt(std::move(socket), peer);
    return true;
  }
  const std::shared_ptr<Newcomer> waiting = newcomer(std::move(socket), peer);
  waiting->address_is_full = verdict == Admission::Verdict::kAddressFull;
  return find_room(waiting);
}

void WorkerThread::free_descriptor() {
  find_room(newcomer({}, {}));
}

std::shared_ptr<Newcomer> WorkerThread::newcomer(Descriptor socket, const PeerAddress& peer) const {
  const auto made = std::make_shared<Newcomer>();
  made->socket = std::move(socket);
  made->peer = peer;
  const auto& workers = shared_.workers;
  made->first = static_cast<size_t>(std::ranges::find(workers, this) - workers.begin());
  return made;
}

// Asks each worker with the first reason, then each with the second, and so on: the newcomer goes from one to
// the other, and stays where there is room. Returns false if there is none.
bool WorkerThread::find_room(const std::shared_ptr<Newcomer>& newcomer) {
  const std::vector<WorkerThread*>& workers = shared_.workers;
  for (; newcomer->asked < std::size(kGivesWay) * workers.size(); ++newcomer->asked) {
    const size_t reason = newcomer->asked / workers.size();
    WorkerThread* worker = workers[(newcomer->first + newcomer->asked) % workers.size()];
    if ((worker->*kGivesWay[reason].list).size() == 0) continue;
    if (worker != this) {
      worker->post([worker, newcomer] { worker->find_room(newcomer); });
      return true;
    }
    while (ClientConnection* connection = who_gives_way(reason, *newcomer)) {
      if (!connection->give_way()) continue;
      if (!newcomer->socket) return true;
      const Admission::Verdict verdict = shared_.admission.enter(newcomer->peer);
      if (verdict == Admission::Verdict::kAdmitted) {
        adopt(std::move(newcomer->socket), newcomer->peer);
        return true;
      }
      // Another newcomer was faster.
      newcomer->address_is_full = verdict == Admission::Verdict::kAddressFull;
    }
  }
  if (newcomer->socket) turn_away(newcomer->socket);
  return false;
}

ClientConnection* WorkerThread::who_gives_way(size_t reason, const Newcomer& newcomer) {
  const Reason& why = kGivesWay[reason];
  const auto connection_of = [](HasDeadline& item) -> ClientConnection& {
    return static_cast<ClientConnection&>(item);
  };
  HasDeadline* found =
      (this->*why.list)
          .find(loop_->now(), why.patiently ? limits().patience : Duration::zero(), kMostLookedAt,
                [&](HasDeadline& item) {
                  ClientConnection& connection = connection_of(item);
                  return (!newcomer.address_is_full || connection.peer().group() == newcomer.peer.group()) &&
                         why.fits(connection);
                });
  return found ? &connection_of(*found) : nullptr;
}

// A reader may keep much that has left the store, and none of it is freed before its answer is over.
void WorkerThread::free_memory() {
  std::vector<ClientConnection*> slow;
  write_deadlines.for_each([&](HasDeadline& item) {
    auto& connection = static_cast<ClientConnection&>(item);
    if (connection.too_slow_for_memory()) slow.push_back(&connection);
  });
  for (ClientConnection* connection : slow) connection->give_way();
}

void WorkerThread::turn_away(const Descriptor& socket) {
  WorkerCounters::add(counters_.refused);
  OutputQueue answer;
  answer.push(application_->refusal(kTooManyConnections, {}));
  uint64_t sent = 0;
  answer.send(socket.get(), SIZE_MAX, sent);
}

}  // namespace origin::transport
