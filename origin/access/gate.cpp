// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/gate.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace origin::access {

namespace {

constexpr Duration kMinute = 60s;

// Who has an IPv6 /64 has all its addresses.
std::string network_of(std::string_view address) {
  std::string text(address);
  in6_addr bytes{};
  const bool is_ipv6 = inet_pton(AF_INET6, text.c_str(), &bytes) == 1;
  return is_ipv6 && !IN6_IS_ADDR_V4MAPPED(&bytes) ? std::string(reinterpret_cast<const char*>(&bytes), 8)
                                                  : text;
}

}  // namespace

Gate::Gate(const Clock& clock, GateLimits limits)
    : clock_(clock), limits_(limits), policy_(std::make_shared<const Policy>(Policy::Options{})) {}

void Gate::set_policy(std::shared_ptr<const Policy> policy) {
  MutexLock lock(mutex_);
  all_is_open_ = policy->all_is_open();
  policy_ = std::move(policy);
  verified_.clear();
}

std::shared_ptr<const Policy> Gate::policy() const {
  MutexLock lock(mutex_);
  return policy_;
}

Gate::Decision Gate::judge(Right right, std::string_view name, std::string_view credential,
                           std::string_view address) {
  if (credential.empty()) return {Verdict::kNeedsCredential, "this needs a key or a token", {}, {}};
  const std::shared_ptr<const Policy> policy = this->policy();
  const Digest digest = sha256(credential);
  Result<GrantRef> grant = Error{};
  if (GrantRef key = policy->key_for(digest)) {
    grant = std::move(key);
  } else if (GrantRef verified = remembered(digest)) {
    grant = std::move(verified);
  } else {
    const std::string network = network_of(address);
    // Without a look at it: signatures take time to verify.
    if (const Duration wait = locked_out_for(network); wait > Duration::zero())
      return {Verdict::kTooManyFailures,
              "too many keys and tokens that count for nothing came from this address",
              {},
              wait};
    grant = verify(*policy, credential, digest);
    if (!grant) {
      note_failure(network);
      return {Verdict::kRefused, grant.error().message, {}, {}};
    }
  }
  if (const auto problem = (*grant)->out_of_time(clock_.utc()))
    return {Verdict::kRefused, "the key or token " + *problem, {}, {}};
  if (!(*grant)->allows(right, name)) return {Verdict::kRefused, "the key or token is not for this", {}, {}};
  return {Verdict::kAdmitted, {}, *grant, {}};
}

Result<GrantRef> Gate::verify(const Policy& policy, std::string_view credential, const Digest& digest) {
  Result<Grant> grant = policy.grant_for(credential);
  if (!grant) return grant.error();
  if (const auto problem = grant->out_of_time(clock_.utc()))
    return Error{ErrorCode::kInvalid, "the token " + *problem};
  auto shared = std::make_shared<const Grant>(*std::move(grant));
  MutexLock lock(mutex_);
  if (policy_.get() != &policy) return GrantRef(shared);
  if (verified_.size() >= limits_.max_verified) verified_.clear();
  verified_.emplace(digest, shared);
  return GrantRef(shared);
}

GrantRef Gate::remembered(const Digest& digest) {
  MutexLock lock(mutex_);
  const auto found = verified_.find(digest);
  return found == verified_.end() ? nullptr : found->second;
}

Duration Gate::locked_out_for(const std::string& address) {
  MutexLock lock(mutex_);
  const auto found = failures_.find(address);
  if (found == failures_.end() || found->second.count < limits_.max_failures) return {};
  return std::max<Duration>(kMinute - (clock_.monotonic() - found->second.since), {});
}

void Gate::note_failure(const std::string& address) {
  const MonotonicTime now = clock_.monotonic();
  MutexLock lock(mutex_);
  if (failures_.size() >= limits_.max_failing_addresses) {
    std::erase_if(failures_, [now](const auto& entry) { return now - entry.second.since >= kMinute; });
    if (failures_.size() >= limits_.max_failing_addresses) failures_.clear();
  }
  Failures& failures = failures_[address];
  if (failures.count == 0 || now - failures.since >= kMinute) failures = {now, 0};
  ++failures.count;
}

bool Gate::still_admits(const GrantRef& grant, Right right, std::string_view name) const {
  const std::shared_ptr<const Policy> policy = this->policy();
  // Writers without a key sit at this machine.
  if (!grant) return right != Right::kRead || policy->is_open(name);
  return policy->still_allows(*grant, right, name, clock_.utc());
}

}  // namespace origin::access
