// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/digest.hpp"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "origin/base/text.hpp"

namespace origin::access {

Digest sha256(std::string_view bytes) {
  Digest digest{};
  gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.data(), bytes.size(), digest.data());
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  Digest digest{};
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, key.data(), key.size(), bytes.data(), bytes.size(), digest.data());
  return digest;
}

bool are_equal(const Digest& digest, std::string_view bytes) {
  return bytes.size() == digest.size() && gnutls_memcmp(digest.data(), bytes.data(), digest.size()) == 0;
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return digest;
}

}  // namespace origin::access
