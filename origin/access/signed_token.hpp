// SPDX-License-Identifier: LGPL-2.1-or-later
// Tokens for signed URLs: who has the key's secret lets others read below a path until a time.
//
//   v1.<key id>.<expiry>.<path>.<signature>
//
// Expiry is in seconds since 1970; path and signature are in base64url; the signature is the HMAC-SHA256 of
// all that stands before its dot. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace origin::access {

struct SignedToken {
  std::string_view key_id;
  int64_t expires = 0;  // seconds since 1970
  std::string path;
  std::string_view signed_part;
  std::string signature;
};

// Nothing if it has another form.
std::optional<SignedToken> parse_signed_token(std::string_view text);
bool is_signed_by(const SignedToken& token, std::string_view secret);

// REQUIRES: a key id of letters, digits, '-' and '_'.
std::string sign_token(std::string_view key_id, std::string_view secret, int64_t expires,
                       std::string_view path);

}  // namespace origin::access
