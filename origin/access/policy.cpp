// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/policy.hpp"

#include <algorithm>

#include "origin/access/json_web_token.hpp"
#include "origin/access/signed_token.hpp"

namespace origin::access {

namespace {

Error refused(const std::string& why) {
  return {ErrorCode::kInvalid, why};
}

std::string with_digest(const std::string& what, const Digest& digest) {
  return what + std::string(digest.begin(), digest.end());
}

std::string foundation(const std::string& name, const Policy::SigningKey& key) {
  return with_digest("signing key " + name, sha256(key.secret));
}

PathPrefixes everywhere() {
  return {*PathPrefix::parse("/")};
}

}  // namespace

Policy::Policy(Options options)
    : options_(std::move(options)),
      has_keys_(!options_.keys.empty() || !options_.signing_keys.empty() || !options_.token_keys.empty()) {
  for (const auto& [name, key] : options_.keys) add(name, key);
  for (const auto& [name, key] : options_.signing_keys) {
    foundations_[foundation(name, key)] = {
        .rights = key.rights, .paths = key.paths, .expires = key.expires, .limits = everywhere()};
  }
  for (const auto& key : options_.token_keys) {
    foundations_[with_digest("token key " + key->id(), key->digest())] = {
        .rights = *rights_of("admin"), .paths = everywhere(), .limits = everywhere()};
  }
}

void Policy::add(const std::string& name, const ApiKey& key) {
  Grant grant;
  grant.holder = name;
  grant.rights = key.rights;
  grant.paths = key.paths;
  grant.limits = everywhere();
  grant.expires = key.expires;
  grant.rests_on = with_digest("key " + name, key.digest);
  foundations_[grant.rests_on] = grant;
  keys_.emplace(key.digest, std::make_shared<const Grant>(std::move(grant)));
}

GrantRef Policy::key_for(const Digest& credential) const {
  const auto found = keys_.find(credential);
  return found == keys_.end() ? nullptr : found->second;
}

bool Policy::still_allows(const Grant& grant, Right right, std::string_view name, UtcTime now) const {
  const auto found = foundations_.find(grant.rests_on);
  return found != foundations_.end() && found->second.allows(right, name) &&
         !found->second.out_of_time(now) && !grant.out_of_time(now);
}

Result<Grant> Policy::grant_for(std::string_view credential) const {
  if (const GrantRef grant = key_for(sha256(credential))) return *grant;
  if (parse_signed_token(credential)) return grant_for_signed(credential);
  if (!looks_like_json_web_token(credential)) return refused("the key is unknown");
  if (options_.token_keys.empty())
    return refused("JSON web tokens are not taken here: no JWK set is configured");
  return read_json_web_token(credential, options_.token_keys, options_.audience);
}

Result<Grant> Policy::grant_for_signed(std::string_view credential) const {
  const SignedToken token = *parse_signed_token(credential);
  const auto found = options_.signing_keys.find(std::string(token.key_id));
  if (found == options_.signing_keys.end()) return refused("the token is signed with a key that is unknown");
  const auto& [name, key] = *found;
  if (!is_signed_by(token, key.secret)) return refused("the token has a signature that is not its key's");
  Result<PathPrefix> path = PathPrefix::parse(token.path);
  if (!path) return refused("the token is for something that is no path like /live/");
  Grant grant;
  grant.holder = name;
  grant.rights = key.rights;
  grant.paths = {*std::move(path)};
  grant.limits = key.paths;
  grant.expires = std::min(key.expires, utc_of_seconds(token.expires));
  grant.rests_on = foundation(name, key);
  return grant;
}

}  // namespace origin::access
