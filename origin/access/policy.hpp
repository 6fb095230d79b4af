// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may do what: the keys that there are, and what they open. Built once, then immutable; any thread.
#pragma once

#include <map>
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
  // quote it.
  Result<Grant> grant_for(std::string_view credential) const;
  // Of the API key with that digest; null if there is none.
  GrantRef key_for(const Digest& credential) const;
  // Whether the key that a grant of an earlier policy rests on is still there, and still opens that.
  bool still_allows(const Grant& grant, Right right, std::string_view name, UtcTime now) const;

 private:
  void add(const std::string& name, const ApiKey& key);
  Result<Grant> grant_for_signed(std::string_view credential) const;

  const Options options_;
  const bool has_keys_;
  std::unordered_map<Digest, GrantRef, DigestHash> keys_;
  std::map<std::string, Grant> foundations_;  // the most that may rest on each, by Grant::rests_on
};

}  // namespace origin::access
