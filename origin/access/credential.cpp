// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/credential.hpp"

#include <glib.h>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::access {

namespace {

constexpr std::string_view kTokenFolder = "/_token/";

bool is_scheme(std::string_view scheme, const char* lower_case) {
  return g_ascii_strcasecmp(std::string(scheme).c_str(), lower_case) == 0;
}

// RFC 7617
std::string password_of(std::string_view encoded) {
  gsize size = 0;
  guchar* decoded = g_base64_decode(std::string(encoded).c_str(), &size);
  const std::string pair(reinterpret_cast<const char*>(decoded), size);
  g_free(decoded);
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return {};
  return colon + 1 == pair.size() ? pair.substr(0, colon) : pair.substr(colon + 1);
}

}  // namespace

std::string credential_in_authorization(std::string_view value) {
  value = trimmed(value);
  const size_t space = value.find(' ');
  if (space == std::string_view::npos) return std::string(value);
  const std::string_view scheme = value.substr(0, space), rest = trimmed(value.substr(space));
  if (is_scheme(scheme, "bearer")) return std::string(rest);
  return is_scheme(scheme, "basic") ? password_of(rest) : std::string();
}

std::string credential_in_query(std::string_view query) {
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (take_until(value, '=') != "token") continue;
    const GCharPtr decoded(g_uri_unescape_string(std::string(value).c_str(), nullptr));
    return decoded ? decoded.get() : std::string();
  }
  return {};
}

std::optional<TokenPath> take_token_path(std::string_view path) {
  if (!path.starts_with(kTokenFolder)) return std::nullopt;
  path.remove_prefix(kTokenFolder.size());
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return TokenPath{path.substr(0, slash), path.substr(slash)};
}

}  // namespace origin::access
