// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for keys and tokens: nothing that is not signed is believed, what is signed opens no more
// than it says, and no form of it is taken for another.
#include <cstdlib>

#include "origin/access/base64url.hpp"
#include "origin/access/credential.hpp"
#include "origin/access/json_web_token.hpp"
#include "origin/access/signed_token.hpp"

using namespace origin;
using namespace origin::access;

namespace {

const std::string kSecret(32, 's');

void require(bool condition) {
  if (!condition) std::abort();
}

std::string signed_with_secret(const std::string& text) {
  const Digest mac = hmac_sha256(kSecret, text);
  return text + "." + encode_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

const JsonWebKeys& keys() {
  static const JsonWebKeys set =
      *parse_json_web_keys(R"({"keys":[{"kty":"oct","kid":"k","k":")" + encode_base64url(kSecret) + "\"}]}");
  return set;
}

// `bytes` stand where nobody has signed anything, then as signed claims, then as a signed header.
void check_json_web_token(std::string_view bytes) {
  require(!read_json_web_token(bytes, keys(), ""));
  const std::string header = encode_base64url(R"({"alg":"HS256","kid":"k"})"), text = encode_base64url(bytes);
  const Result<Grant> grant = read_json_web_token(signed_with_secret(header + "." + text), keys(), "");
  if (grant) {
    require(grant->rights.any() && !grant->paths.empty());
    for (const char c : grant->holder) require(c >= 0x20 && c < 0x7f);
  }
  const std::string claims = encode_base64url(R"({"exp":1,"paths":["/"]})");
  (void)read_json_web_token(signed_with_secret(text + "." + claims), keys(), "");
}

void check_signed_token(std::string_view bytes) {
  const auto token = parse_signed_token(bytes);
  if (!token) return;
  require(!is_signed_by(*token, kSecret));
  require(bytes.starts_with(token->signed_part) && bytes.starts_with("v1."));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_json_web_token(bytes);
  check_signed_token(bytes);
  if (const Result<JsonWebKeys> set = parse_json_web_keys(std::string(bytes))) {
    for (const auto& key : *set) require(!key->has_signed("text", "signature"));
  }
  (void)credential_in_authorization(bytes);
  (void)credential_in_query(bytes);
  if (const auto path = take_token_path(bytes)) require(path->path.starts_with('/'));
  if (const auto decoded = decode_base64url(bytes)) require(encode_base64url(*decoded) == bytes);
  if (const Result<PathPrefix> prefix = PathPrefix::parse(bytes))
    require(prefix->covers(prefix->path().substr(1)));
  return 0;
}
