// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON web tokens (RFC 7519) in their compact form. What is not signed is not believed: the header only says
// which key to try, and that key says by which algorithm. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/access/grant.hpp"
#include "origin/access/json_web_key.hpp"

namespace origin::access {

// Whether text has that form; nothing else about it.
bool looks_like_json_web_token(std::string_view text);

// What a token grants whose signature is that of one of the keys. Claims: `exp` (needed), `nbf`, `aud` (must
// hold `audience`; one that names another, or any where `audience` is empty, is not for us: RFC 7519 4.1.3),
// `sub` for logs, `role` ("read" if missing) and `paths`, an array of path prefixes (needed). Errors:
// kInvalid, with what is wrong; it quotes nothing of the token but its algorithm, key id and role.
Result<Grant> read_json_web_token(std::string_view token, const JsonWebKeys& keys,
                                  const std::string& audience);

}  // namespace origin::access
