// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/topic.hpp"

#include <algorithm>
#include <array>
#include <mutex>

#include "origin/base/gzip.hpp"

namespace origin::store {

struct Message::Forms {
  struct Slot {
    std::once_flag once;
    ObjectRef object;
  };
  Render render;
  std::shared_ptr<Renderings> renderings;
  std::array<Slot, kEditions> plain;
  std::array<Slot, kEditions> compressed;

  Bytes counted(const Bytes& bytes) const { return renderings ? renderings->budget->count(bytes) : bytes; }

  const ObjectRef& edition(uint8_t edition) {
    Slot& slot = plain[edition];
    std::call_once(slot.once, [&] {
      const ObjectRef rendered = render(edition);
      if (!rendered) return;
      auto object = std::make_shared<Object>(*rendered);
      object->headers.has_forms = true;
      slot.object = std::move(object);
      if (renderings) renderings->rendered.fetch_add(1, std::memory_order_relaxed);
    });
    return slot.object;
  }

  const ObjectRef& gzipped(uint8_t edition, const ObjectRef& source) {
    Slot& slot = compressed[edition];
    std::call_once(slot.once, [&] {
      auto object = std::make_shared<Object>(*source);
      object->body = {counted(gzip(source->body))};
      object->size = body_size(object->body);
      object->headers.gzip = true;
      // A strong validator names one sequence of bytes (RFC 9110 8.8.1).
      if (std::string& etag = object->headers.etag; etag.size() > 1) etag.insert(etag.size() - 1, "-gzip");
      slot.object = std::move(object);
      if (renderings) renderings->compressed.fetch_add(1, std::memory_order_relaxed);
    });
    return slot.object;
  }
};

Message::Message(Position position, ObjectRef content, std::shared_ptr<Renderings> renderings)
    : Message(
          position,
          [content = std::move(content)](uint8_t edition) { return edition == 0 ? content : nullptr; },
          std::move(renderings)) {}

Message::Message(Position position, Render render, std::shared_ptr<Renderings> renderings,
                 std::optional<Ahead> ahead)
    : position_(position), ahead_(std::move(ahead)), forms_(std::make_unique<Forms>()) {
  forms_->render = std::move(render);
  forms_->renderings = std::move(renderings);
}

Message::~Message() = default;

ObjectRef Message::form(Form form) const {
  uint8_t edition = form.edition < kEditions ? form.edition : 0;
  ObjectRef plain = forms_->edition(edition);
  if (!plain) plain = forms_->edition(edition = 0);
  return form.gzip ? forms_->gzipped(edition, plain) : plain;
}

Topic::Topic(std::string name, TopicOptions options) : name_(std::move(name)), options_(std::move(options)) {}

bool Topic::publish(MessageRef message) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    if (sealed_) return false;
    if (!messages_.empty() && message->position() <= messages_.back()->position()) return false;
    messages_.push_back(std::move(message));
    while (options_.keep && messages_.size() > options_.keep) messages_.pop_front();
    ++changes_;
    watchers = take_watchers();
  }
  for (const auto& watcher : watchers) watcher->topic_changed(shared_from_this());
  return true;
}

void Topic::seal() {
  for (const auto& watcher : end(false)) watcher->topic_changed(shared_from_this());
}

std::vector<std::shared_ptr<Watcher>> Topic::close() {
  return end(true);
}

std::vector<std::shared_ptr<Watcher>> Topic::end(bool completed) {
  MutexLock lock(mutex_);
  if (sealed_) return {};
  sealed_ = true;
  completed_ = completed;
  ++changes_;
  return take_watchers();
}

bool Topic::completed() const {
  MutexLock lock(mutex_);
  return completed_;
}

bool Topic::sealed() const {
  MutexLock lock(mutex_);
  return sealed_;
}

MessageRef Topic::newest() const {
  MutexLock lock(mutex_);
  return messages_.empty() ? nullptr : messages_.back();
}

MessageRef Topic::at_or_after(Position position) const {
  MutexLock lock(mutex_);
  if (messages_.empty() || messages_.back()->position() < position) return nullptr;
  return messages_.back();
}

std::vector<MessageRef> Topic::read_from(Position position, size_t limit) const {
  MutexLock lock(mutex_);
  const auto first = std::partition_point(messages_.begin(), messages_.end(), [&](const MessageRef& message) {
    return message->position() < position;
  });
  const auto count = std::min<size_t>(limit, static_cast<size_t>(messages_.end() - first));
  return {first, first + static_cast<ptrdiff_t>(count)};
}

bool Topic::watch(const std::shared_ptr<Watcher>& watcher, uint64_t seen) {
  MutexLock lock(mutex_);
  if (changes_ != seen) return false;
  const bool registered = std::any_of(watchers_.begin(), watchers_.end(),
                                      [&](const auto& weak) { return weak.lock() == watcher; });
  if (!registered) watchers_.push_back(watcher);
  return true;
}

uint64_t Topic::changes() const {
  MutexLock lock(mutex_);
  return changes_;
}

std::vector<std::shared_ptr<Watcher>> Topic::take_watchers() {
  std::vector<std::shared_ptr<Watcher>> alive;
  alive.reserve(watchers_.size());
  for (const auto& weak : watchers_) {
    if (auto watcher = weak.lock()) alive.push_back(std::move(watcher));
  }
  watchers_.clear();
  return alive;
}

}  // namespace origin::store
