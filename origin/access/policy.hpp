// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may do what: the keys that there are, and what they open. Built once, then immutable; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "origin/access/digest.hpp"
#include "origin/access/grant.hpp"
#include "origin/access/json_web_key.hpp"

namespace origin::access {

class Policy {
 public:
  struct ApiKey {
    Digest digest{};  // SHA-256 of the key, which is nowhere
    Rights rights;
    PathPrefixes paths;
    UtcTime expires = UtcTime::max();
  };
  // Signs the tokens of signed URLs.
  struct SigningKey {
    std::string secret;
    Rights rights;       // of its tokens
    PathPrefixes paths;  // that its tokens are limited to
    UtcTime expires = UtcTime::max();
  };
  struct Options {
    std::map<std::string, ApiKey> keys;  // by name
    std::map<std::string, SigningKey> signing_keys;
    JsonWebKeys token_keys;
    std::string audience;  // that tokens have to name; empty: they name none
    // What is read without a key.
    PathPrefixes open = {*PathPrefix::parse("/")};
  };
  explicit Policy(Options options);

  // False: nobody has been given one, and who sits at this machine may write.
  bool has_keys() const { return has_keys_; }
  bool all_is_open() const { return covers(options_.open, {}); }
  bool is_open(std::string_view name) const { return covers(options_.open, name); }

  // What a credential grants, whether or not it is out of time. Errors: kInvalid, with a reason that does not
  // quote it. `is_cheap`: only looks for it among the API keys.
  Result<Grant> grant_for(std::string_view credential) const;
  const Grant* key_for(const Digest& credential) const;
  // Whether what a grant rests on still counts: a key that is there, and is the same.
  bool still_counts(const Grant& grant) const { return trusted_.contains(grant.rests_on); }

 private:
  void add(const std::string& name, const ApiKey& key);
  Result<Grant> grant_for_signed(std::string_view credential) const;

  const Options options_;
  const bool has_keys_;
  std::unordered_map<Digest, Grant, DigestHash> keys_;
  std::set<std::string> trusted_;
};

}  // namespace origin::access
