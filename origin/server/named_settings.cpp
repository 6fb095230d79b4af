// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/named_settings.hpp"

#include <glib.h>

#include <algorithm>
#include <memory>
#include <set>

#include "origin/base/text.hpp"
#include "origin/server/value_text.hpp"

namespace origin::server {

namespace {

using access::Policy;

// A secret is what HMAC-SHA256 can make use of at the least (RFC 2104 3).
constexpr size_t kLeastSecret = 32;
constexpr std::string_view kHashPrefix = "sha256:";
constexpr std::string_view kKey = "key", kSigningKey = "signing-key", kNamespace = "namespace";
constexpr size_t kLongestName = 64;

struct DateTimeFree {
  void operator()(GDateTime* time) const { g_date_time_unref(time); }
};

std::string set_expiry(UtcTime& expires, std::string_view value) {
  const std::unique_ptr<GTimeZone, decltype(&g_time_zone_unref)> utc(g_time_zone_new_utc(),
                                                                     g_time_zone_unref);
  const std::unique_ptr<GDateTime, DateTimeFree> time(
      g_date_time_new_from_iso8601(std::string(value).c_str(), utc.get()));
  if (!time) return "is not a time like 2027-01-31T18:00:00Z";
  expires = utc_of_seconds(g_date_time_to_unix(time.get()));
  return {};
}

std::string set_role(access::Rights& rights, std::string_view value) {
  const Result<access::Rights> known = access::rights_of(value);
  if (!known) return "is wrong: " + known.error().message;
  rights = *known;
  return {};
}

std::string set_paths(access::PathPrefixes& paths, std::string_view value) {
  Result<access::PathPrefixes> parsed = parse_paths(value);
  if (!parsed) return "is wrong: " + parsed.error().message;
  if (parsed->empty()) return "is empty; / is everything";
  paths = *std::move(parsed);
  return {};
}

struct NamedSetting {
  std::string_view kind;
  std::string_view key;
  std::string (*set)(Policy::Options& policy, const std::string& name, std::string_view value);
  bool secret = false;
};

// A new key is a line here, and one in origin-server.conf and docs/origin-server.1; tests compare them.
constexpr NamedSetting kNamed[] = {
    {kKey, "hash",
     [](Policy::Options& policy, const std::string& name, std::string_view value) -> std::string {
       const auto digest = value.starts_with(kHashPrefix)
                               ? access::parse_digest(value.substr(kHashPrefix.size()))
                               : std::nullopt;
       if (!digest) return "is not sha256: and 64 hexadecimal digits, as origin-key prints them";
       policy.keys[name].digest = *digest;
       return {};
     },
     true},
    {kKey, "role",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_role(policy.keys[name].rights, value);
     }},
    {kKey, "paths",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_paths(policy.keys[name].paths, value);
     }},
    {kKey, "expires",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_expiry(policy.keys[name].expires, value);
     }},
    {kSigningKey, "secret",
     [](Policy::Options& policy, const std::string& name, std::string_view value) -> std::string {
       if (value.size() < kLeastSecret)
         return "is too short; it takes 32 characters or more, as origin-key prints them";
       policy.signing_keys[name].secret = value;
       return {};
     },
     true},
    {kSigningKey, "role",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_role(policy.signing_keys[name].rights, value);
     }},
    {kSigningKey, "paths",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_paths(policy.signing_keys[name].paths, value);
     }},
    {kSigningKey, "expires",
     [](Policy::Options& policy, const std::string& name, std::string_view value) {
       return set_expiry(policy.signing_keys[name].expires, value);
     }},
};

const NamedSetting* find_named(std::string_view kind, std::string_view key) {
  const NamedSetting* found = std::ranges::find_if(
      kNamed, [&](const NamedSetting& setting) { return setting.kind == kind && setting.key == key; });
  return found == std::end(kNamed) ? nullptr : found;
}

Error lacks(std::string_view kind, const std::string& name, const char* what) {
  return {ErrorCode::kInvalid, "[" + std::string(kind) + " " + name + "] has no " + what};
}

Status check_keys(const Policy::Options& policy) {
  std::set<access::Digest> digests;
  for (const auto& [name, key] : policy.keys) {
    if (key.digest == access::Digest{}) return lacks(kKey, name, "hash");
    if (!key.rights.any()) return lacks(kKey, name, "role");
    if (key.paths.empty()) return lacks(kKey, name, "paths");
    if (!digests.insert(key.digest).second)
      return Error{ErrorCode::kInvalid, "[key " + name + "] has the hash of another key"};
  }
  for (const auto& [name, key] : policy.signing_keys) {
    if (key.secret.empty()) return lacks(kSigningKey, name, "secret");
    if (!key.rights.any()) return lacks(kSigningKey, name, "role");
    if (key.paths.empty()) return lacks(kSigningKey, name, "paths");
  }
  return {};
}

// Names in the configuration have hyphens.
const std::vector<std::string>& term_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> made;
    for (const http::NamespaceTerm& term : http::namespace_terms())
      std::ranges::replace(made.emplace_back(term.name), '_', '-');
    return made;
  }();
  return keys;
}

// REQUIRES: a key of term_keys().
std::string set_term(http::NamespaceTerms& terms, std::string_view key, std::string_view value) {
  const auto index = static_cast<size_t>(std::ranges::find(term_keys(), key) - term_keys().begin());
  const http::NamespaceTerm& term = http::namespace_terms()[index];
  using Unit = http::NamespaceTerm::Unit;
  if (term.unit == Unit::kSeconds) {
    const std::optional<Duration> time = parse_duration(value);
    if (!time || *time % 1s != Duration::zero()) return "is not a time in whole seconds, like 10 or 3600s";
    terms.*term.value = static_cast<uint64_t>(*time / 1s);
    return {};
  }
  const bool is_size = term.unit == Unit::kBytes;
  const std::optional<uint64_t> number = is_size ? parse_size(value) : parse_number(value);
  if (!number) return is_size ? "is not a number of bytes, like 1000, 64M or 1G" : "is not a number";
  terms.*term.value = *number;
  return {};
}

}  // namespace

std::vector<std::string_view> named_kinds() {
  return {kKey, kSigningKey, kNamespace};
}

std::vector<std::string_view> keys_of_kind(std::string_view kind) {
  std::vector<std::string_view> keys;
  if (kind == kNamespace) {
    for (const std::string& key : term_keys()) keys.push_back(key);
  }
  for (const NamedSetting& setting : kNamed) {
    if (setting.kind == kind) keys.push_back(setting.key);
  }
  return keys;
}

std::string problem_of_name(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
    return g_ascii_isalnum(c) || c == '-' || c == '_';
  });
  return good ? std::string() : "is not of 1 to 64 letters, digits, '-' and '_'";
}

std::string set_named(Configuration& configuration, std::string_view kind, const std::string& name,
                      std::string_view key, std::string_view value) {
  if (kind == kNamespace) return set_term(configuration.namespaces[name], key, value);
  return find_named(kind, key)->set(configuration.policy, name, value);
}

bool is_secret(std::string_view kind, std::string_view key) {
  const NamedSetting* setting = find_named(kind, key);
  return setting && setting->secret;
}

Status check_complete(const Configuration& configuration) {
  for (const auto& [name, terms] : configuration.namespaces) {
    if (const Status good = http::check(terms); !good)
      return Error{ErrorCode::kInvalid, "[namespace " + name + "] " + good.error().message};
  }
  return check_keys(configuration.policy);
}

Result<access::PathPrefixes> parse_paths(std::string_view value) {
  access::PathPrefixes paths;
  while (!trimmed(value).empty()) {
    Result<access::PathPrefix> path = access::PathPrefix::parse(take_until(value, ';'));
    if (!path) return path.error();
    paths.push_back(*std::move(path));
  }
  return paths;
}

std::string format_paths(const access::PathPrefixes& paths) {
  std::string text;
  for (const access::PathPrefix& path : paths) text += (text.empty() ? "" : ";") + path.path();
  return text;
}

}  // namespace origin::server
