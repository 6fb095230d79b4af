// SPDX-License-Identifier: LGPL-2.1-or-later
// SHA-256, alone and keyed, and a comparison that takes as long whatever it compares. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace origin::access {

using Digest = std::array<uint8_t, 32>;

// Digests are as good as random already.
struct DigestHash {
  size_t operator()(const Digest& digest) const {
    size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
// Its duration tells nothing of where they differ.
bool are_equal(const Digest& digest, std::string_view bytes);
// 64 hexadecimal digits.
std::optional<Digest> parse_digest(std::string_view hex);

}  // namespace origin::access
