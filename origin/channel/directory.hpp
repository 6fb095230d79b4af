// SPDX-License-Identifier: LGPL-2.1-or-later
// All presentations of an origin, by name. Any thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "origin/base/metrics.hpp"
#include "origin/channel/presentation.hpp"
#include "origin/channel/spent_numbers.hpp"
#include "origin/store/store.hpp"

namespace origin::channel {

class Directory final : public store::Resolver, public metrics::Source {
 public:
  Directory(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Where presentations that are opened from now on remember what they have to: SpentNumbers.
  void remember_numbers_in(const std::string& folder);

  // Makes a presentation, or takes over one that its publisher left without ending it and that was made with
  // the same durations. Errors: kInvalid, kExists.
  Result<std::shared_ptr<Presentation>> open(const Options& options, std::shared_ptr<Observer> observer);
  // Takes a presentation out of the origin. kNotFound; kExists while it has a publisher.
  Status remove(const std::string& name);

  // Outages, deadlines, retention. Called by the timekeeper, every kTick.
  void tick();

  // "api/presentations" and "api/presentations/<name>".
  store::ObjectRef resolve(std::string_view name, std::string_view query) override;
  void collect(metrics::Families& families) const override;

 private:
  std::vector<std::shared_ptr<Presentation>> all() const;
  std::shared_ptr<const SpentNumbers> spent_numbers() const;
  std::shared_ptr<Presentation> find(std::string_view name) const;
  // Puts `desired` (null: nothing) in the place of `expected`, if that is what is there.
  bool exchange(const std::string& name, const std::shared_ptr<Presentation>& expected,
                std::shared_ptr<Presentation> desired);
  // It has been removed, and its name is free.
  void forget(const std::string& name, const std::shared_ptr<Presentation>& presentation);

  store::Store& store_;
  const Clock& clock_;
  mutable Mutex mutex_;
  std::shared_ptr<const SpentNumbers> spent_numbers_ GUARDED_BY(mutex_) =
      std::make_shared<const SpentNumbers>("");
  std::map<std::string, std::shared_ptr<Presentation>, std::less<>> presentations_ GUARDED_BY(mutex_);
};

}  // namespace origin::channel
