// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/relay.hpp"

#include "origin/base/log.hpp"
#include "origin/channel/push_terms.hpp"

namespace origin::channel {

namespace {

// How long what is written at the end may take to arrive.
constexpr Duration kLongestFinish = 10s;
// How long media that is not paced by the clock waits for room.
constexpr Duration kLongestWait = 60s;

}  // namespace

// What it hears of the publisher's thread, the timekeeper's takes on: who is warned may let go of the
// publisher.
class Relay::Listener final : public publish::Listener {
 public:
  explicit Listener(std::string location) : location_(std::move(location)) {}

  void connected() override { log_info("publishing to %s", location_.c_str()); }

  void disconnected(const std::string& reason) override {
    add("nothing is taken by " + location_ + ": " + reason, "it is tried again until the pipeline ends");
  }

  void dropped(const std::string& track, uint64_t bytes, uint64_t) override {
    add("track '" + track + "': " + std::to_string(bytes) + " bytes and more are lost on the way to " +
            location_,
        "a link that takes the bitrates of all renditions, or less of those");
  }

  void refused(const Error& error) override {
    add(location_ + " does not take it: " + error.message,
        "set location and api-key as that server has them");
  }

  std::vector<Publication::Warning> take() {
    MutexLock lock(mutex_);
    return std::exchange(warnings_, {});
  }

 private:
  void add(std::string message, const char* hint) {
    MutexLock lock(mutex_);
    warnings_.push_back({std::move(message), hint});
  }

  const std::string location_;
  Mutex mutex_;
  std::vector<Publication::Warning> warnings_ GUARDED_BY(mutex_);
};

Result<std::shared_ptr<Relay>> Relay::start(const Options& options, publish::Options target) {
  std::shared_ptr<Relay> relay(new Relay);
  relay->listener_ = std::make_shared<Listener>(target.location);
  relay->loses_nothing_ = !options.wall_clock;
  target.presentation = options.name;
  target.query = push_query(options);
  auto publisher = publish::Publisher::start(std::move(target), relay->listener_);
  if (!publisher) return publisher.error();
  relay->publisher_ = std::move(*publisher);
  return relay;
}

void Relay::wait_for_room() {
  if (loses_nothing_) publisher_->wait_for_room(kLongestWait);
}

std::vector<Publication::Warning> Relay::take_warnings() {
  return listener_->take();
}

void Relay::finish() {
  if (finished_.exchange(true)) return;
  if (const Status finished = publisher_->finish(kLongestFinish); !finished)
    log_warning("what was published last has not arrived: %s", finished.error().message.c_str());
}

}  // namespace origin::channel
