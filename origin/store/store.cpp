// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/store/store.hpp"

#include <algorithm>

#include "origin/store/store_entry.hpp"

namespace origin::store {

namespace {

// This part of the memory is kept free of what can go, so that a shortage is known before anything is
// refused.
constexpr uint64_t kReserve = 16;

// What an object costs besides its content, as the allocator rounds it up: the object and its entry, its name
// there and in the order of expiry, and for each piece of the body the GBytes around it, their owners, and
// what those have to spare. Measured; test_memory_that_grows_is_counted compares it with the heap.
uint64_t bookkeeping(std::string_view name, const Object& object) {
  constexpr uint64_t kObject = 500;
  constexpr uint64_t kPiece = 350;
  const Headers& headers = object.headers;
  uint64_t text =
      2 * name.size() + headers.content_type.size() + headers.cache_control.size() + headers.etag.size();
  for (const auto& [field, value] : headers.custom)
    text += sizeof(headers.custom[0]) + field.size() + value.size();
  return kObject + text + kPiece * object.body.size();
}

struct StoredObject {
  Budget::Charge charge;
  Object object;
};

}  // namespace

Store::Store(Options options, const Clock& clock)
    : clock_(clock),
      budget_(std::make_shared<Budget>(options.memory_limit)),
      renderings_(std::make_shared<Renderings>(budget_)) {}

Store::~Store() = default;

Result<Bytes> Store::admit(const Bytes& bytes) {
  const uint64_t comfortable = budget_->limit() - budget_->limit() / kReserve;
  for (;;) {
    const bool tight = budget_->used() + bytes.size() > comfortable;
    if (tight && evict_one()) continue;
    if (tight) shortages_.fetch_add(1, std::memory_order_relaxed);
    if (auto admitted = budget_->admit(bytes)) return *std::move(admitted);
    if (tight) break;
  }
  return Error{ErrorCode::kLimit, "memory-limit of " + std::to_string(budget_->limit()) +
                                      " bytes is reached (" + std::to_string(budget_->used()) + " in use, " +
                                      std::to_string(bytes.size()) + " more wanted)"};
}

ObjectRef Store::put(std::string_view name, Object object, PutOptions options) {
  ObjectRef stored;
  TopicRef replaced;
  {
    MutexLock lock(mutex_);
    replaced = take_out(name);
    stored = insert(name, std::move(object), options);
  }
  if (replaced) replaced->seal();
  return stored;
}

ObjectRef Store::insert(std::string_view name, Object object, PutOptions options) {
  object.size = body_size(object.body);
  Budget::Charge charge = budget_->charge(bookkeeping(name, object));
  const auto whole = std::make_shared<const StoredObject>(StoredObject{std::move(charge), std::move(object)});
  const ObjectRef stored(whole, &whole->object);
  const auto [entry, inserted] = entries_.emplace(std::string(name), Entry{stored, std::nullopt, false});
  if (!options.pinned) set_expiry(entry, options.ttl);
  return stored;
}

void Store::set_expiry(Entries::iterator entry, std::optional<Duration> ttl) {
  if (entry->second.expiry) expiries_.erase(*entry->second.expiry);
  // What has no TTL stands last in the order of eviction.
  const MonotonicTime when = ttl ? clock_.monotonic() + *ttl : MonotonicTime::max();
  entry->second.expiry = expiries_.emplace(when, entry->first);
}

void Store::erase(Entries::iterator entry) {
  if (entry->second.expiry) expiries_.erase(*entry->second.expiry);
  if (std::holds_alternative<TopicRef>(entry->second.content)) --topics_;
  if (entry->second.uploaded) forget_upload(entry);
  entries_.erase(entry);
}

bool Store::expire_after(std::string_view name, Duration ttl) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || !std::holds_alternative<ObjectRef>(entry->second.content)) return false;
  set_expiry(entry, ttl);
  return true;
}

TopicRef Store::take_out(std::string_view name) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return nullptr;
  const auto* held = std::get_if<TopicRef>(&entry->second.content);
  TopicRef topic = held ? *held : nullptr;
  erase(entry);
  return topic;
}

bool Store::remove(std::string_view name) {
  TopicRef topic;
  {
    MutexLock lock(mutex_);
    if (!entries_.contains(name)) return false;
    topic = take_out(name);
  }
  if (topic) topic->seal();
  return true;
}

size_t Store::remove_prefix(std::string_view prefix) {
  std::vector<TopicRef> topics;
  size_t removed = 0;
  {
    MutexLock lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto current = entry++;
      if (!current->first.starts_with(prefix)) continue;
      if (const auto* topic = std::get_if<TopicRef>(&current->second.content)) topics.push_back(*topic);
      erase(current);
      ++removed;
    }
  }
  for (const TopicRef& topic : topics) topic->seal();
  return removed;
}

TopicRef Store::create_topic(std::string_view name, TopicOptions options) {
  auto topic = std::make_shared<Topic>(std::string(name), std::move(options));
  put_topic(topic);
  return topic;
}

void Store::put_topic(TopicRef topic) {
  TopicRef replaced;
  {
    MutexLock lock(mutex_);
    if (topic->sealed()) return;
    replaced = take_out(topic->name());
    entries_.emplace(topic->name(), Entry{topic, std::nullopt, false});
    ++topics_;
  }
  if (replaced && replaced != topic) replaced->seal();
}

ObjectRef Store::seal_into(const TopicRef& topic, Object object, PutOptions options) {
  ObjectRef stored;
  TopicRef replaced;
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    MutexLock lock(mutex_);
    replaced = take_out(topic->name());
    stored = insert(topic->name(), std::move(object), options);
    // Before anybody can offer the topic again.
    watchers = topic->close();
  }
  if (replaced && replaced != topic) replaced->seal();
  for (const auto& watcher : watchers) watcher->topic_changed(topic);
  return stored;
}

Store::Found Store::find(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return std::monostate{};
  return std::visit([](const auto& content) -> Found { return content; }, entry->second.content);
}

bool Store::had(std::string_view name) const {
  MutexLock lock(mutex_);
  return gone_.has(name);
}

ObjectRef Store::resolve(std::string_view name, std::string_view query) const {
  std::vector<std::shared_ptr<Resolver>> resolvers;
  {
    MutexLock lock(mutex_);
    resolvers = resolvers_;
  }
  for (const auto& resolver : resolvers) {
    if (ObjectRef object = resolver->resolve(name, query)) return object;
  }
  return nullptr;
}

void Store::add_resolver(std::shared_ptr<Resolver> resolver) {
  MutexLock lock(mutex_);
  resolvers_.push_back(std::move(resolver));
}

std::shared_ptr<Sink> Store::sink() const {
  MutexLock lock(mutex_);
  return sink_;
}

void Store::set_sink(std::shared_ptr<Sink> sink) {
  MutexLock lock(mutex_);
  sink_ = std::move(sink);
}

void Store::expire_due() {
  const MonotonicTime now = clock_.monotonic();
  MutexLock lock(mutex_);
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    gone_.add(expiries_.begin()->second);
    erase(entries_.find(expiries_.begin()->second));
    ++expired_;
  }
}

bool Store::evict_one() {
  MutexLock lock(mutex_);
  if (expiries_.empty()) return false;
  gone_.add(expiries_.begin()->second);
  erase(entries_.find(expiries_.begin()->second));
  ++evicted_;
  return true;
}

Stats Store::stats() const {
  MutexLock lock(mutex_);
  return {.objects = entries_.size() - topics_,
          .topics = topics_,
          .used_bytes = budget_->used(),
          .limit_bytes = budget_->limit(),
          .evicted = evicted_,
          .shortages = shortages(),
          .expired = expired_,
          .rendered = renderings_->rendered.load(std::memory_order_relaxed),
          .compressed = renderings_->compressed.load(std::memory_order_relaxed)};
}

}  // namespace origin::store
