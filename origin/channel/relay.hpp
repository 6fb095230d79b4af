// SPDX-License-Identifier: LGPL-2.1-or-later
// What a presentation writes on its way to a remote origin, which makes the same presentation of it. Any
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "origin/base/mutex.hpp"
#include "origin/channel/options.hpp"
#include "origin/channel/publication.hpp"
#include "origin/publish/publisher.hpp"

namespace origin::channel {

class Relay {
 public:
  // Where to, and the key for it; the rest is the presentation's. Errors: kInvalid.
  static Result<std::shared_ptr<Relay>> start(const Options& options, publish::Options target);

  publish::Publisher& publisher() { return *publisher_; }
  // Media that is not paced by the clock waits until there is room for it, a minute at most: what there is no
  // room for then is lost, of which the publisher is warned. On streaming threads; no effect on other media.
  void wait_for_room();
  // What its publisher is to be warned of since the last call.
  std::vector<Publication::Warning> take_warnings();
  // Waits for what has not arrived yet, 10 s at most, and logs if it has not. Idempotent.
  void finish();

 private:
  class Listener;
  Relay() = default;

  std::shared_ptr<Listener> listener_;
  std::unique_ptr<publish::Publisher> publisher_;
  bool loses_nothing_ = false;
  std::atomic<bool> finished_ = false;
};

}  // namespace origin::channel
