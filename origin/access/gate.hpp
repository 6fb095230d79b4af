// SPDX-License-Identifier: LGPL-2.1-or-later
// Lets requests in, by the policy in force: remembers what tokens it has verified, and who has shown too many
// that are none. Any thread; its locks are held for a look at a table.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "origin/access/policy.hpp"
#include "origin/base/clock.hpp"
#include "origin/base/mutex.hpp"

namespace origin::access {

struct GateLimits {
  uint32_t max_failures = 60;  // credentials of one address that are refused in a minute; beyond: 429
  uint32_t max_failing_addresses = 10'000;  // that are remembered
  uint32_t max_verified = 10'000;           // tokens that are remembered
};

class Gate {
 public:
  enum class Verdict : uint8_t {
    kAdmitted,
    kNeedsCredential,  // 401
    kRefused,          // 403: one that counts for nothing, or not for this
    kTooManyFailures,  // 429
  };
  struct Decision {
    Verdict verdict = Verdict::kAdmitted;
    std::string reason;
    GrantRef grant;          // null: none was needed
    Duration retry_after{};  // kTooManyFailures
  };

  // The clock outlives it.
  Gate(const Clock& clock, GateLimits limits);

  // From now on. What was verified by the one before is verified again.
  void set_policy(std::shared_ptr<const Policy> policy);
  std::shared_ptr<const Policy> policy() const;
  // Nobody has to show anything to read. Without a lock.
  bool all_is_open() const { return all_is_open_.load(std::memory_order_relaxed); }

  // Whether who shows `credential` (empty: nothing) may do that. What is open to all is not asked for here.
  // `address`: of the client, without its port.
  Decision judge(Right right, std::string_view name, std::string_view credential, std::string_view address);
  // Whether what was admitted with that grant (null: with none, as it was open) still would be.
  bool still_admits(const GrantRef& grant, Right right, std::string_view name) const;

 private:
  struct Failures {
    MonotonicTime since;
    uint32_t count = 0;
  };
  Result<GrantRef> verify(const Policy& policy, std::string_view credential, const Digest& digest);
  GrantRef remembered(const Digest& digest);
  Duration locked_out_for(const std::string& address);
  void note_failure(const std::string& address);

  const Clock& clock_;
  const GateLimits limits_;
  std::atomic<bool> all_is_open_{true};
  mutable Mutex mutex_;
  std::shared_ptr<const Policy> policy_ GUARDED_BY(mutex_);
  std::unordered_map<Digest, GrantRef, DigestHash> verified_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, Failures> failures_ GUARDED_BY(mutex_);
};

}  // namespace origin::access
