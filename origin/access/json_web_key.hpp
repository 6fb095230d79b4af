// SPDX-License-Identifier: LGPL-2.1-or-later
// The keys that JSON web tokens are signed with (RFC 7517, RFC 7518 6, RFC 8037 2), each pinned to the one
// algorithm that it is for. Immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "origin/access/digest.hpp"
#include "origin/base/result.hpp"

namespace origin::access {

class JsonWebKey {
 public:
  virtual ~JsonWebKey() = default;
  const std::string& id() const { return id_; }                // "kid"; empty if it has none
  const std::string& algorithm() const { return algorithm_; }  // HS256, RS256, ES256 or EdDSA
  const Digest& digest() const { return digest_; }             // of the key: tells it from any other
  // `signature` as RFC 7515 has it.
  virtual bool has_signed(std::string_view text, std::string_view signature) const = 0;

 protected:
  JsonWebKey(std::string id, std::string algorithm, const Digest& digest)
      : id_(std::move(id)), algorithm_(std::move(algorithm)), digest_(digest) {}

 private:
  const std::string id_;
  const std::string algorithm_;
  const Digest digest_;
};

using JsonWebKeys = std::vector<std::shared_ptr<const JsonWebKey>>;

// A JWK set: {"keys":[…]}. Private parts are not read. Errors: kInvalid, naming the key and what would be
// right: a type or algorithm that is not one of the four, an RSA key under 2048 bits, a secret under 256, an
// id twice, one of several keys without an id.
Result<JsonWebKeys> parse_json_web_keys(const std::string& text);

}  // namespace origin::access
