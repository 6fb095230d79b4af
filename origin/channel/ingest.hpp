// SPDX-License-Identifier: LGPL-2.1-or-later
// All publishing points of an origin. Any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "origin/base/clock.hpp"
#include "origin/base/mutex.hpp"
#include "origin/channel/publishing_point.hpp"
#include "origin/store/sink.hpp"

namespace origin::channel {

class Ingest final : public store::Sink {
 public:
  Ingest(std::shared_ptr<Directory> directory, store::Store& store, const Clock& clock,
         const IngestLimits& limits = {})
      : directory_(std::move(directory)), store_(store), clock_(clock), limits_(limits) {}

  Result<std::unique_ptr<store::Push>> push(std::string_view name, std::string_view query) override;
  Status end(std::string_view name) override;

  // Looks after publishers that have gone. Called by the timekeeper, every kTick.
  void tick();

 private:
  std::shared_ptr<PublishingPoint> find(const std::string& name) const;
  // Null: there are too many.
  std::shared_ptr<PublishingPoint> obtain(const std::string& name);

  const std::shared_ptr<Directory> directory_;
  store::Store& store_;
  const Clock& clock_;
  const IngestLimits limits_;
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<PublishingPoint>, std::less<>> points_ GUARDED_BY(mutex_);
};

}  // namespace origin::channel
