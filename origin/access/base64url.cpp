// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/base64url.hpp"

#include <glib.h>

#include <algorithm>

#include "origin/base/ref.hpp"

namespace origin::access {

std::string encode_base64url(std::string_view bytes) {
  const GCharPtr base64(g_base64_encode(reinterpret_cast<const guchar*>(bytes.data()), bytes.size()));
  std::string text(base64.get());
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '-', '+');
  std::replace(base64.begin(), base64.end(), '_', '/');
  base64.append((4 - base64.size() % 4) % 4, '=');
  gsize size = 0;
  guchar* decoded = g_base64_decode(base64.c_str(), &size);
  std::string bytes(reinterpret_cast<const char*>(decoded), size);
  g_free(decoded);
  // GLib skips what it does not know.
  return encode_base64url(bytes) == text ? std::optional(bytes) : std::nullopt;
}

}  // namespace origin::access
