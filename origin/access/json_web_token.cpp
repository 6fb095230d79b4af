// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/json_web_token.hpp"

#include <json-glib/json-glib.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "origin/access/base64url.hpp"
#include "origin/base/ref.hpp"

namespace origin::access {

namespace {

// Nobody needs more, and the parser calls itself for each.
constexpr long kMostBrackets = 64;
constexpr size_t kLongestHolder = 64;
constexpr size_t kMostPaths = 64;
constexpr double kLastSecond = 253'402'300'799;  // of the year 9999

Error wrong(const std::string& message) {
  return {ErrorCode::kInvalid, "the token " + message};
}

// What comes from a token that nobody vouches for, as far as it may be in an answer or a log.
std::string quoted(const std::string& text) {
  std::string shown = text.substr(0, kLongestHolder);
  std::ranges::replace_if(
      shown, [](char c) { return c < 0x20 || c > 0x7e || c == '"'; }, '?');
  return "'" + shown + "'";
}

// An object in base64url.
class Claims {
 public:
  static std::optional<Claims> parse(std::string_view encoded) {
    const std::optional<std::string> text = decode_base64url(encoded);
    if (!text) return std::nullopt;
    const auto brackets = std::ranges::count_if(*text, [](char c) { return c == '{' || c == '['; });
    if (brackets > kMostBrackets) return std::nullopt;
    auto parser = Ref<JsonParser>::adopt(json_parser_new_immutable());
    if (!json_parser_load_from_data(parser.get(), text->data(), static_cast<gssize>(text->size()), nullptr))
      return std::nullopt;
    JsonNode* root = json_parser_get_root(parser.get());
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) return std::nullopt;
    return Claims(std::move(parser), json_node_get_object(root));
  }

  bool has(const char* name) const { return json_object_has_member(object_, name); }
  std::optional<std::string> text(const char* name) const {
    return text_of(json_object_get_member(object_, name));
  }
  // Seconds since 1970 (RFC 7519 2: NumericDate).
  std::optional<UtcTime> time(const char* name) const {
    JsonNode* node = json_object_get_member(object_, name);
    if (!node || !JSON_NODE_HOLDS_VALUE(node)) return std::nullopt;
    const GType type = json_node_get_value_type(node);
    if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE) return std::nullopt;
    const double seconds = json_node_get_double(node);
    if (!(seconds >= 0 && seconds <= kLastSecond)) return std::nullopt;
    const double whole = std::floor(seconds);
    const UtcTime time = utc_of_seconds(static_cast<int64_t>(whole));
    return time == UtcTime::max() ? time
                                  : time + std::chrono::milliseconds(std::llround((seconds - whole) * 1000));
  }
  // One text, or an array of them.
  std::optional<std::vector<std::string>> texts(const char* name) const {
    JsonNode* node = json_object_get_member(object_, name);
    if (const auto one = text_of(node)) return std::vector{*one};
    if (!node || !JSON_NODE_HOLDS_ARRAY(node)) return std::nullopt;
    JsonArray* array = json_node_get_array(node);
    std::vector<std::string> found;
    for (guint i = 0; i < json_array_get_length(array); ++i) {
      auto element = text_of(json_array_get_element(array, i));
      if (!element) return std::nullopt;
      found.push_back(*std::move(element));
    }
    return found;
  }

 private:
  Claims(Ref<JsonParser> parser, JsonObject* object) : parser_(std::move(parser)), object_(object) {}

  static std::optional<std::string> text_of(JsonNode* node) {
    if (!node || !JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
      return std::nullopt;
    return json_node_get_string(node);
  }

  Ref<JsonParser> parser_;
  JsonObject* object_;
};

Result<std::shared_ptr<const JsonWebKey>> key_for(const Claims& header, const JsonWebKeys& keys) {
  const std::string algorithm = header.text("alg").value_or("");
  const std::optional<std::string> id = header.text("kid");
  if (header.has("crit")) return wrong("has critical extensions, of which none is known here");
  const auto found =
      std::ranges::find_if(keys, [&](const auto& key) { return id ? key->id() == *id : keys.size() == 1; });
  if (found == keys.end())
    return wrong(id ? "names the key " + quoted(*id) + ", which is not in the JWK set"
                    : std::string("names no key, and the JWK set has several"));
  if ((*found)->algorithm() != algorithm)
    return wrong("has the algorithm " + quoted(algorithm) + ", and its key is for " + (*found)->algorithm());
  return *found;
}

Status take_times(const Claims& claims, Grant& grant) {
  const std::optional<UtcTime> expires = claims.time("exp");
  if (!expires) return wrong("has no 'exp' in seconds since 1970");
  grant.expires = *expires;
  if (!claims.has("nbf")) return {};
  const std::optional<UtcTime> not_before = claims.time("nbf");
  if (!not_before) return wrong("has an 'nbf' that is not in seconds since 1970");
  grant.not_before = *not_before;
  return {};
}

Status check_audience(const Claims& claims, const std::string& audience) {
  const auto audiences = claims.texts("aud");
  const bool names_us = audiences && !audience.empty() && std::ranges::count(*audiences, audience) > 0;
  if (names_us || (audience.empty() && !claims.has("aud"))) return {};
  return wrong(audience.empty() ? std::string("has an 'aud', and no audience is configured here")
                                : "is not for the audience '" + audience + "'");
}

Status take_rights(const Claims& claims, Grant& grant) {
  const Result<Rights> rights = rights_of(claims.has("role") ? claims.text("role").value_or("") : "read");
  if (!rights) return wrong("has a role that there is not: " + quoted(claims.text("role").value_or("")));
  grant.rights = *rights;
  const auto paths = claims.texts("paths");
  if (!paths || paths->empty() || paths->size() > kMostPaths)
    return wrong("has no 'paths', which is an array of 1 to 64 prefixes like \"/live/\"");
  for (const std::string& path : *paths) {
    Result<PathPrefix> prefix = PathPrefix::parse(path);
    if (!prefix) return wrong("has something in 'paths' that is no path like \"/live/\"");
    grant.paths.push_back(*std::move(prefix));
  }
  return {};
}

}  // namespace

bool looks_like_json_web_token(std::string_view text) {
  return std::ranges::count(text, '.') == 2;
}

Result<Grant> read_json_web_token(std::string_view token, const JsonWebKeys& keys,
                                  const std::string& audience) {
  const size_t first = token.find('.'), last = token.rfind('.');
  if (!looks_like_json_web_token(token)) return wrong("has not three parts");
  const auto header = Claims::parse(token.substr(0, first));
  if (!header) return wrong("has a header that is no JSON object in base64url");
  const auto key = key_for(*header, keys);
  if (!key) return key.error();
  const auto signature = decode_base64url(token.substr(last + 1));
  if (!signature || !(*key)->has_signed(token.substr(0, last), *signature))
    return wrong("has a signature that is not its key's");

  const auto claims = Claims::parse(token.substr(first + 1, last - first - 1));
  if (!claims) return wrong("has claims that are no JSON object in base64url");
  Grant grant;
  if (Status status = take_times(*claims, grant); !status) return status.error();
  if (Status status = check_audience(*claims, audience); !status) return status.error();
  if (Status status = take_rights(*claims, grant); !status) return status.error();
  grant.holder = quoted(claims->text("sub").value_or("?"));
  grant.limits = {*PathPrefix::parse("/")};
  const Digest& digest = (*key)->digest();
  grant.rests_on = "token key " + (*key)->id() + std::string(digest.begin(), digest.end());
  return grant;
}

}  // namespace origin::access
