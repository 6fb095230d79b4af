// SPDX-License-Identifier: LGPL-2.1-or-later
// Objects and topics in memory, by name, under one byte budget. Any thread; no I/O, and no callback under its
// lock.
//
// A name is a path without leading slash: "live/video_0/index.m3u8". It is either an object or a topic, never
// both; replacing one by the other is one step for readers.
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "origin/base/clock.hpp"
#include "origin/base/mutex.hpp"
#include "origin/base/result.hpp"
#include "origin/store/budget.hpp"
#include "origin/store/object.hpp"
#include "origin/store/recent_names.hpp"
#include "origin/store/sink.hpp"
#include "origin/store/topic.hpp"

namespace origin::store {

// Makes documents on demand under names that nothing is stored at: status documents, time-shifted playlists.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Null if the name is not this resolver's. `query` is the part after '?', undecoded. Called on an HTTP
  // worker: must not block.
  virtual ObjectRef resolve(std::string_view name, std::string_view query) = 0;
};

struct PutOptions {
  // Pinned objects are never evicted (the live window); the rest goes, earliest expiry first, when memory is
  // needed.
  bool pinned = false;
  std::optional<Duration> ttl;  // from now; none: until removed or evicted
};

// What has to be so for an upload to take effect (RFC 9110 13.1).
struct Precondition {
  bool absent = false;  // nothing has the name yet
  std::string etag;     // the object that has it carries this one; empty: any, or none
};

// Objects that were uploaded, in the order of their names.
struct Listing {
  struct Item {
    std::string name;
    ObjectRef object;
  };
  std::vector<Item> items;
  bool more = false;  // others follow
};

// Of what was uploaded below a first component of names.
struct Usage {
  uint64_t objects = 0;
  uint64_t bytes = 0;  // of their bodies
};
// The most that it may be; 0: no limit.
struct Quota {
  uint64_t objects = 0;
  uint64_t bytes = 0;
};

struct Stats {
  uint64_t objects = 0;
  uint64_t topics = 0;
  uint64_t used_bytes = 0;  // counted by the budget
  uint64_t limit_bytes = 0;
  uint64_t evicted = 0;     // objects that went for want of memory, since start
  uint64_t shortages = 0;   // admissions with little or no room left even so, since start
  uint64_t expired = 0;     // objects whose TTL ran out, since start
  uint64_t rendered = 0;    // forms of messages, since start
  uint64_t compressed = 0;  // likewise
};

class Store {
 public:
  struct Options {
    uint64_t memory_limit = 1ull << 30;  // bytes
  };
  Store(Options options, const Clock& clock);
  ~Store();

  // The same memory, counted by the budget until it is freed. Evicts what is not pinned to make room, and to
  // leave a sixteenth of the limit free.
  // Errors: kLimit if even that does not free enough.
  Result<Bytes> admit(const Bytes& bytes);
  // Counted without regard to the limit, for small documents that must exist.
  Bytes count(const Bytes& bytes) { return budget_->count(bytes); }
  // How often that found less than this free although nothing was left to evict, since start. Lock free.
  uint64_t shortages() const { return shortages_.load(std::memory_order_relaxed); }
  const std::shared_ptr<Budget>& budget() const { return budget_; }
  // For messages whose forms are rendered later.
  const std::shared_ptr<Renderings>& renderings() const { return renderings_; }

  // Puts or replaces. The body's bytes have been admitted or counted by the caller; what keeps them is
  // counted here.
  ObjectRef put(std::string_view name, Object object, PutOptions options = {});
  // From now on not pinned and gone after `ttl`. False if there is no such object.
  bool expire_after(std::string_view name, Duration ttl);
  bool remove(std::string_view name);
  // Every object and topic whose name begins with `prefix`. Returns how many went.
  size_t remove_prefix(std::string_view prefix);

  // Offers a topic under its name, in the place of what had it; readers of a topic that had it wake. One that
  // is sealed is not offered: whoever sealed it came first.
  void put_topic(TopicRef topic);
  TopicRef create_topic(std::string_view name, TopicOptions options);
  // Puts `object` in the place of a topic and seals it: readers of the topic wake and find the object.
  ObjectRef seal_into(const TopicRef& topic, Object object, PutOptions options = {});

  // ---- Uploads: names that their senders choose, beside those of presentations.

  // Sets a first component aside for its owner: nothing can be uploaded below it. False if something was.
  // Claimed more than once, it is free when it has been released as often.
  bool claim(std::string_view component);
  void release(std::string_view component);
  // Whether `size` bytes (0: not known yet) may be uploaded under that name. kExists: the name is claimed;
  // kPrecondition: that does not hold; kQuota.
  Status may_upload(std::string_view name, const Precondition& precondition, uint64_t size) const;
  // Offers a topic that shows an upload on its way if its name is free; else whoever has it keeps it.
  bool offer(const TopicRef& topic);
  // Puts an object that was uploaded in the place of what its name has, in one step; `topic` is the one that
  // was offered for it, which is sealed. Errors as above, and nothing happens then. True: nothing had the
  // name.
  Result<bool> commit(const TopicRef& topic, Object object, PutOptions options,
                      const Precondition& precondition);
  // Takes back a topic that was offered, and seals it.
  void withdraw(const TopicRef& topic);
  // By first components. What is there already stays.
  void set_quotas(std::map<std::string, Quota, std::less<>> quotas);
  std::map<std::string, Usage, std::less<>> usage() const;
  Usage usage_of(std::string_view component) const;
  // Removes what was uploaded. Errors: as may_upload; kNotFound.
  Status remove_uploaded(std::string_view name, const Precondition& precondition);
  // What was uploaded under names that begin with `prefix` and come after `after`, at most `limit` of it.
  Listing list(std::string_view prefix, std::string_view after, size_t limit) const;

  // ----

  // What has the name now: monostate if nothing.
  using Found = std::variant<std::monostate, ObjectRef, TopicRef>;
  Found find(std::string_view name) const;
  // Whether the name is one of those that have lately expired or been evicted: for statistics, since one in
  // many may be mistaken for another.
  bool had(std::string_view name) const;
  // Asks the resolvers in the order they were added.
  ObjectRef resolve(std::string_view name, std::string_view query) const;

  void add_resolver(std::shared_ptr<Resolver> resolver);
  // Who takes pushed media; null if nobody does.
  std::shared_ptr<Sink> sink() const;
  void set_sink(std::shared_ptr<Sink> sink);

  // Removes what has expired. Called by the server's timekeeper every 100 ms or so.
  void expire_due();

  Stats stats() const;
  const Clock& clock() const { return clock_; }

 private:
  struct Entry;
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  using Entries = std::unordered_map<std::string, Entry, NameHash, std::equal_to<>>;
  using Expiries = std::multimap<MonotonicTime, std::string>;

  ObjectRef insert(std::string_view name, Object object, PutOptions options) REQUIRES_LOCK(mutex_);
  Status check_upload(std::string_view name, const Precondition& precondition) const REQUIRES_LOCK(mutex_);
  Status check_quota(std::string_view name, uint64_t size) const REQUIRES_LOCK(mutex_);
  // Counts an object that was uploaded.
  void count_upload(Entries::const_iterator entry) REQUIRES_LOCK(mutex_);
  void forget_upload(Entries::const_iterator entry) REQUIRES_LOCK(mutex_);
  // Takes out what has the name; a topic is for the caller to seal once the lock is gone.
  TopicRef take_out(std::string_view name) REQUIRES_LOCK(mutex_);
  void set_expiry(Entries::iterator entry, std::optional<Duration> ttl) REQUIRES_LOCK(mutex_);
  void erase(Entries::iterator entry) REQUIRES_LOCK(mutex_);
  // Removes the object that is next to expire; false if all that is left is pinned.
  bool evict_one();

  const Clock& clock_;
  const std::shared_ptr<Budget> budget_;
  const std::shared_ptr<Renderings> renderings_;
  mutable Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);
  Expiries expiries_ GUARDED_BY(mutex_);
  std::map<std::string, unsigned, std::less<>> claims_ GUARDED_BY(mutex_);
  std::set<std::string_view> uploaded_ GUARDED_BY(mutex_);  // keys of entries_
  std::map<std::string, Usage, std::less<>> usage_ GUARDED_BY(mutex_);
  std::map<std::string, Quota, std::less<>> quotas_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Resolver>> resolvers_ GUARDED_BY(mutex_);
  std::shared_ptr<Sink> sink_ GUARDED_BY(mutex_);
  RecentNames gone_ GUARDED_BY(mutex_);
  uint64_t topics_ GUARDED_BY(mutex_) = 0;
  std::atomic<uint64_t> shortages_{0};
  uint64_t evicted_ GUARDED_BY(mutex_) = 0;
  uint64_t expired_ GUARDED_BY(mutex_) = 0;
};

}  // namespace origin::store
