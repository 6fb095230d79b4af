// SPDX-License-Identifier: LGPL-2.1-or-later
// The store's names that senders choose, beside those of presentations.
#include "origin/store/store.hpp"
#include "origin/store/store_entry.hpp"

namespace origin::store {

namespace {

std::string_view first_component(std::string_view name) {
  return name.substr(0, name.find('/'));
}

}  // namespace

bool Store::claim(std::string_view component) {
  const std::string folder = std::string(component) + '/';
  MutexLock lock(mutex_);
  const auto first = uploaded_.lower_bound(folder);
  if (first != uploaded_.end() && first->starts_with(folder)) return false;
  ++claims_[std::string(component)];
  return true;
}

void Store::release(std::string_view component) {
  MutexLock lock(mutex_);
  const auto claim = claims_.find(component);
  if (claim != claims_.end() && --claim->second == 0) claims_.erase(claim);
}

Status Store::check_upload(std::string_view name, const Precondition& precondition) const {
  if (claims_.contains(first_component(name)))
    return Error{ErrorCode::kExists, "/" + std::string(name) + " belongs to the presentation '" +
                                         std::string(first_component(name)) + "'"};
  const auto entry = entries_.find(name);
  const auto* object = entry == entries_.end() ? nullptr : std::get_if<ObjectRef>(&entry->second.content);
  if (precondition.absent && object)
    return Error{ErrorCode::kPrecondition, "something is at /" + std::string(name) + " already"};
  if (!precondition.etag.empty() && (!object || (*object)->headers.etag != precondition.etag))
    return Error{ErrorCode::kPrecondition,
                 "what is at /" + std::string(name) + " is not what the condition names"};
  return {};
}

Status Store::may_upload(std::string_view name, const Precondition& precondition, uint64_t size) const {
  MutexLock lock(mutex_);
  if (Status possible = check_upload(name, precondition); !possible) return possible;
  return check_quota(name, size);
}

void Store::set_quotas(std::map<std::string, Quota, std::less<>> quotas) {
  MutexLock lock(mutex_);
  quotas_ = std::move(quotas);
}

std::map<std::string, Usage, std::less<>> Store::usage() const {
  MutexLock lock(mutex_);
  return usage_;
}

Usage Store::usage_of(std::string_view component) const {
  MutexLock lock(mutex_);
  const auto usage = usage_.find(component);
  return usage == usage_.end() ? Usage{} : usage->second;
}

// What it replaces makes room.
Status Store::check_quota(std::string_view name, uint64_t size) const {
  const std::string_view component = first_component(name);
  const auto quota = quotas_.find(component);
  if (quota == quotas_.end()) return {};
  const auto found = usage_.find(component);
  Usage usage = found == usage_.end() ? Usage{} : found->second;
  if (const auto entry = entries_.find(name); entry != entries_.end() && entry->second.uploaded) {
    --usage.objects;
    usage.bytes -= std::get<ObjectRef>(entry->second.content)->size;
  }
  const auto refuse = [&](const char* what, uint64_t most, const char* unit) {
    return Error{ErrorCode::kQuota, "namespace '" + std::string(component) + "' is full: " + what + " of " +
                                        std::to_string(most) + unit + " would be exceeded"};
  };
  if (quota->second.objects > 0 && usage.objects + 1 > quota->second.objects)
    return refuse("max_objects", quota->second.objects, "");
  if (quota->second.bytes > 0 && usage.bytes + size > quota->second.bytes)
    return refuse("max_bytes", quota->second.bytes, " bytes");
  return {};
}

void Store::count_upload(Entries::const_iterator entry) {
  uploaded_.insert(entry->first);
  Usage& usage = usage_[std::string(first_component(entry->first))];
  ++usage.objects;
  usage.bytes += std::get<ObjectRef>(entry->second.content)->size;
}

void Store::forget_upload(Entries::const_iterator entry) {
  uploaded_.erase(entry->first);
  const auto usage = usage_.find(first_component(entry->first));
  usage->second.bytes -= std::get<ObjectRef>(entry->second.content)->size;
  if (--usage->second.objects == 0) usage_.erase(usage);
}

bool Store::offer(const TopicRef& topic) {
  MutexLock lock(mutex_);
  if (claims_.contains(first_component(topic->name()))) return false;
  const bool offered = entries_.emplace(topic->name(), Entry{topic, std::nullopt, false}).second;
  topics_ += offered;
  return offered;
}

Result<bool> Store::commit(const TopicRef& topic, Object object, PutOptions options,
                           const Precondition& precondition) {
  const std::string& name = topic->name();
  std::vector<std::shared_ptr<Watcher>> watchers;
  bool created = false;
  {
    MutexLock lock(mutex_);
    if (Status possible = check_upload(name, precondition); !possible) return possible.error();
    if (Status room = check_quota(name, body_size(object.body)); !room) return room.error();
    const auto had = entries_.find(name);
    created = had == entries_.end() || std::holds_alternative<TopicRef>(had->second.content);
    // Another upload that is offered under the name goes on for those who read it already.
    take_out(name);
    insert(name, std::move(object), options);
    const auto entry = entries_.find(name);
    entry->second.uploaded = true;
    count_upload(entry);
    watchers = topic->close();
  }
  for (const auto& watcher : watchers) watcher->topic_changed(topic);
  return created;
}

void Store::withdraw(const TopicRef& topic) {
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(topic->name());
    const auto* offered = entry == entries_.end() ? nullptr : std::get_if<TopicRef>(&entry->second.content);
    if (offered && *offered == topic) erase(entry);
  }
  topic->seal();
}

Status Store::remove_uploaded(std::string_view name, const Precondition& precondition) {
  MutexLock lock(mutex_);
  if (Status possible = check_upload(name, precondition); !possible) return possible;
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || !entry->second.uploaded)
    return Error{ErrorCode::kNotFound, "nothing is at /" + std::string(name)};
  erase(entry);
  return {};
}

Listing Store::list(std::string_view prefix, std::string_view after, size_t limit) const {
  Listing listing;
  MutexLock lock(mutex_);
  auto name = after > prefix ? uploaded_.upper_bound(after) : uploaded_.lower_bound(prefix);
  for (; name != uploaded_.end() && name->starts_with(prefix); ++name) {
    if (listing.items.size() == limit) {
      listing.more = true;
      break;
    }
    const auto entry = entries_.find(*name);
    listing.items.push_back({std::string(*name), std::get<ObjectRef>(entry->second.content)});
  }
  return listing;
}

}  // namespace origin::store
