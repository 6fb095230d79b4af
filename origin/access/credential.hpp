// SPDX-License-Identifier: LGPL-2.1-or-later
// Where in a request a key or token may stand. Pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::access {

// Of a value of Authorization: "Bearer TOKEN", "Basic …" (the password; the user where that is empty), or the
// key alone. Empty: it has none, or another scheme.
std::string credential_in_authorization(std::string_view value);
// Of a query: `token=…`, with its escapes decoded. Empty: none.
std::string credential_in_query(std::string_view query);

// The path of "/_token/TOKEN/live/index.m3u8" is "/live/index.m3u8": what relative URLs in playlists inherit.
struct TokenPath {
  std::string_view token;
  std::string_view path;
};
// Nothing if the path does not begin so.
std::optional<TokenPath> take_token_path(std::string_view path);

}  // namespace origin::access
