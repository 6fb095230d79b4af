// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/directory.hpp"

#include "origin/channel/status_json.hpp"
#include "origin/channel/status_metrics.hpp"

namespace origin::channel {

namespace {

// Whether a new publisher may go on where the last one left: a playlist's constants never change.
bool resumable(const Presentation& presentation, const Options& options) {
  const Options& had = presentation.options();
  return presentation.state() == State::kStopped && had.type == options.type &&
         had.wall_clock == options.wall_clock && had.segment_duration == options.segment_duration &&
         had.part_duration == options.part_duration && had.target_duration == options.target_duration &&
         had.window == options.window;
}

}  // namespace

Result<std::shared_ptr<Presentation>> Directory::open(const Options& options,
                                                      std::shared_ptr<Observer> observer) {
  if (Status valid = validate(options); !valid) return valid.error();
  for (;;) {
    std::shared_ptr<Presentation> presentation = find(options.name);
    const bool taken = presentation && presentation->has_publisher();
    if (!presentation || (!taken && !resumable(*presentation, options))) {
      if (presentation && !presentation->remove()) continue;
      auto fresh = std::make_shared<Presentation>(options, store_, clock_, spent_numbers());
      if (presentation) fresh->succeed(*presentation);
      if (!presentation && !store_.claim(options.name))
        return Error{ErrorCode::kExists, "objects are stored below /" + options.name +
                                             "/; delete them, or choose another name for the presentation"};
      if (!exchange(options.name, presentation, fresh)) {
        if (!presentation) store_.release(options.name);
        continue;
      }
      presentation = std::move(fresh);
    }
    const Status started = presentation->start_run(observer);
    if (started) return presentation;
    // It ended or went between our look and our step: look again.
    if (started.error().code != ErrorCode::kEnded) return started.error();
  }
}

void Directory::remember_numbers_in(const std::string& folder) {
  MutexLock lock(mutex_);
  spent_numbers_ = std::make_shared<const SpentNumbers>(folder);
}

std::shared_ptr<const SpentNumbers> Directory::spent_numbers() const {
  MutexLock lock(mutex_);
  return spent_numbers_;
}

Status Directory::remove(const std::string& name) {
  const std::shared_ptr<Presentation> presentation = find(name);
  if (!presentation) return Error{ErrorCode::kNotFound, "no presentation '" + name + "'"};
  if (!presentation->remove()) {
    return Error{ErrorCode::kExists, "presentation '" + name + "' has a publisher; end it first"};
  }
  forget(name, presentation);
  return {};
}

std::shared_ptr<Presentation> Directory::find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = presentations_.find(name);
  return found == presentations_.end() ? nullptr : found->second;
}

bool Directory::exchange(const std::string& name, const std::shared_ptr<Presentation>& expected,
                         std::shared_ptr<Presentation> desired) {
  MutexLock lock(mutex_);
  std::shared_ptr<Presentation>& current = presentations_[name];
  const bool as_expected = current == expected;
  if (as_expected) current = std::move(desired);
  if (!current) presentations_.erase(name);
  return as_expected;
}

void Directory::forget(const std::string& name, const std::shared_ptr<Presentation>& presentation) {
  if (exchange(name, presentation, nullptr)) store_.release(name);
}

std::vector<std::shared_ptr<Presentation>> Directory::all() const {
  MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Presentation>> list;
  for (const auto& [name, presentation] : presentations_) list.push_back(presentation);
  return list;
}

void Directory::tick() {
  for (const auto& presentation : all()) {
    presentation->tick();
    if (presentation->remove_if_expired()) forget(presentation->options().name, presentation);
  }
}

void Directory::collect(metrics::Families& families) const {
  add_metrics(all(), clock_.utc(), families);
}

store::ObjectRef Directory::resolve(std::string_view name, std::string_view) {
  constexpr std::string_view kList = "api/presentations";
  if (!name.starts_with(kList)) return nullptr;
  name.remove_prefix(kList.size());
  std::string text;
  if (name.empty()) {
    text = presentations_json(all());
  } else {
    const std::shared_ptr<Presentation> presentation = name.front() == '/' ? find(name.substr(1)) : nullptr;
    if (!presentation) return nullptr;
    text = presentation_json(*presentation);
  }
  return store::make_object({store_.count(Bytes::take(std::move(text)))},
                            {.content_type = "application/json", .cache_control = "no-store"});
}

}  // namespace origin::channel
