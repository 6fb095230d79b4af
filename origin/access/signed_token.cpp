// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/signed_token.hpp"

#include <climits>

#include "origin/access/base64url.hpp"
#include "origin/access/digest.hpp"
#include "origin/base/text.hpp"

namespace origin::access {

namespace {

constexpr std::string_view kVersion = "v1";
constexpr uint64_t kLastSecond = 253'402'300'799;  // of the year 9999

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

std::optional<SignedToken> parse_signed_token(std::string_view text) {
  SignedToken token;
  const size_t last = text.rfind('.');
  if (last == std::string_view::npos) return std::nullopt;
  token.signed_part = text.substr(0, last);
  std::string_view rest = text;
  const auto field = [&rest] {
    const size_t dot = rest.find('.');
    const std::string_view value = rest.substr(0, dot);
    rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
    return value;
  };
  if (field() != kVersion) return std::nullopt;
  token.key_id = field();
  const std::optional<uint64_t> expires = parse_number(field());
  const std::optional<std::string> path = decode_base64url(field());
  const std::optional<std::string> signature = decode_base64url(rest);
  if (!expires || *expires > kLastSecond || !path || !signature) return std::nullopt;
  token.expires = static_cast<int64_t>(*expires);
  token.path = *path;
  token.signature = *signature;
  return token;
}

bool is_signed_by(const SignedToken& token, std::string_view secret) {
  return are_equal(hmac_sha256(secret, token.signed_part), token.signature);
}

std::string sign_token(std::string_view key_id, std::string_view secret, int64_t expires,
                       std::string_view path) {
  std::string token = std::string(kVersion) + "." + std::string(key_id) + "." + std::to_string(expires) +
                      "." + encode_base64url(path);
  return token + "." + encode_base64url(as_text(hmac_sha256(secret, token)));
}

}  // namespace origin::access
