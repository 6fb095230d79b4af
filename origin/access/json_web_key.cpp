// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/access/json_web_key.hpp"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <json-glib/json-glib.h>

#include <algorithm>
#include <optional>

#include "origin/access/base64url.hpp"
#include "origin/base/ref.hpp"

namespace origin::access {

namespace {

constexpr size_t kLeastSecret = 32;     // bytes (RFC 7518 3.2)
constexpr unsigned kLeastRsa = 2048;    // bits (RFC 7518 3.3)
constexpr size_t kEcdsaSignature = 64;  // bytes (RFC 7518 3.4)

gnutls_datum_t datum(std::string_view bytes) {
  return {reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data())),
          static_cast<unsigned>(bytes.size())};
}

class SecretKey final : public JsonWebKey {
 public:
  SecretKey(std::string id, std::string secret)
      : JsonWebKey(std::move(id), "HS256", sha256(secret)), secret_(std::move(secret)) {}

  bool has_signed(std::string_view text, std::string_view signature) const override {
    return are_equal(hmac_sha256(secret_, text), signature);
  }

 private:
  const std::string secret_;
};

class PublicKey final : public JsonWebKey {
 public:
  PublicKey(std::string id, std::string algorithm, const Digest& digest)
      : JsonWebKey(std::move(id), std::move(algorithm), digest) {
    gnutls_pubkey_init(&key_);
  }
  ~PublicKey() override { gnutls_pubkey_deinit(key_); }
  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;

  gnutls_pubkey_t get() const { return key_; }

  bool has_signed(std::string_view text, std::string_view signature) const override {
    if (algorithm() == "ES256") return has_signed_ecdsa(text, signature);
    const auto algorithm = this->algorithm() == "RS256" ? GNUTLS_SIGN_RSA_SHA256 : GNUTLS_SIGN_EDDSA_ED25519;
    return verify(algorithm, text, datum(signature));
  }

 private:
  bool verify(gnutls_sign_algorithm_t algorithm, std::string_view text, gnutls_datum_t signature) const {
    const gnutls_datum_t data = datum(text);
    return gnutls_pubkey_verify_data2(key_, algorithm, 0, &data, &signature) >= 0;
  }

  // RFC 7518 3.4: two numbers of 32 bytes, where others have ASN.1.
  bool has_signed_ecdsa(std::string_view text, std::string_view signature) const {
    if (signature.size() != kEcdsaSignature) return false;
    const gnutls_datum_t r = datum(signature.substr(0, kEcdsaSignature / 2));
    const gnutls_datum_t s = datum(signature.substr(kEcdsaSignature / 2));
    gnutls_datum_t encoded{};
    if (gnutls_encode_rs_value(&encoded, &r, &s) < 0) return false;
    const bool good = verify(GNUTLS_SIGN_ECDSA_SHA256, text, encoded);
    gnutls_free(encoded.data);
    return good;
  }

  gnutls_pubkey_t key_ = nullptr;
};

// The members of one key.
class Members {
 public:
  explicit Members(JsonObject* object) : object_(object) {}

  std::string text(const char* name) const {
    JsonNode* node = json_object_get_member(object_, name);
    const bool is_text = node && json_node_get_value_type(node) == G_TYPE_STRING;
    return is_text ? json_node_get_string(node) : "";
  }
  Result<std::string> bytes(const char* name) const {
    const std::optional<std::string> decoded = decode_base64url(text(name));
    if (decoded && !decoded->empty()) return *decoded;
    return Error{ErrorCode::kInvalid, std::string("member '") + name + "' is not in base64url, or not there"};
  }

 private:
  JsonObject* const object_;
};

using KeyResult = Result<std::shared_ptr<const JsonWebKey>>;

Error wrong(const std::string& message) {
  return {ErrorCode::kInvalid, message};
}

KeyResult read_secret(std::string id, const Members& members) {
  const Result<std::string> secret = members.bytes("k");
  if (!secret) return secret.error();
  if (secret->size() < kLeastSecret)
    return wrong("a secret of " + std::to_string(secret->size()) +
                 " bytes is too short; it takes 32 or more");
  return KeyResult(std::make_shared<SecretKey>(std::move(id), *secret));
}

KeyResult read_rsa(std::string id, const Members& members) {
  const Result<std::string> modulus = members.bytes("n"), exponent = members.bytes("e");
  if (!modulus) return modulus.error();
  if (!exponent) return exponent.error();
  const auto key = std::make_shared<PublicKey>(std::move(id), "RS256", sha256(*modulus + *exponent));
  const gnutls_datum_t n = datum(*modulus), e = datum(*exponent);
  if (gnutls_pubkey_import_rsa_raw(key->get(), &n, &e) < 0) return wrong("'n' and 'e' are no RSA key");
  unsigned bits = 0;
  gnutls_pubkey_get_pk_algorithm(key->get(), &bits);
  if (bits < kLeastRsa)
    return wrong("an RSA key of " + std::to_string(bits) + " bits is too short; it takes 2048 or more");
  return KeyResult(key);
}

// All numbers of the two curves have this many bytes (RFC 7518 6.2.1.2, RFC 8037 2).
constexpr size_t kCoordinate = 32;

KeyResult read_curve(std::string id, const Members& members, const char* algorithm,
                     gnutls_ecc_curve_t curve) {
  const bool has_two = curve == GNUTLS_ECC_CURVE_SECP256R1;
  const Result<std::string> x = members.bytes("x");
  if (!x) return x.error();
  const Result<std::string> y = has_two ? members.bytes("y") : x;
  if (!y) return y.error();
  const auto key = std::make_shared<PublicKey>(std::move(id), algorithm, sha256(*x + *y));
  const gnutls_datum_t first = datum(*x), second = datum(*y);
  const bool good =
      x->size() == kCoordinate && y->size() == kCoordinate &&
      gnutls_pubkey_import_ecc_raw(key->get(), curve, &first, has_two ? &second : nullptr) >= 0 &&
      gnutls_pubkey_verify_params(key->get()) >= 0;
  if (!good) return wrong("its coordinates are no point of the curve " + members.text("crv"));
  return KeyResult(key);
}

KeyResult read_by_type(std::string id, const Members& members) {
  const std::string type = members.text("kty"), curve = members.text("crv");
  if (type == "oct") return read_secret(std::move(id), members);
  if (type == "RSA") return read_rsa(std::move(id), members);
  if (type == "EC" && curve == "P-256")
    return read_curve(std::move(id), members, "ES256", GNUTLS_ECC_CURVE_SECP256R1);
  if (type == "OKP" && curve == "Ed25519")
    return read_curve(std::move(id), members, "EdDSA", GNUTLS_ECC_CURVE_ED25519);
  return wrong("type '" + type + "' with curve '" + curve +
               "' is not taken; there are oct, RSA, EC with P-256, and OKP with Ed25519");
}

KeyResult read_key(JsonNode* node) {
  if (!JSON_NODE_HOLDS_OBJECT(node)) return wrong("it is no object");
  const Members members(json_node_get_object(node));
  KeyResult key = read_by_type(members.text("kid"), members);
  if (!key) return key;
  const std::string algorithm = members.text("alg"), use = members.text("use");
  if (!algorithm.empty() && algorithm != (*key)->algorithm())
    return wrong("'alg' is " + algorithm + ", and a key of this type is for " + (*key)->algorithm());
  if (!use.empty() && use != "sig")
    return wrong("'use' is " + use + ", and it takes keys for signatures (sig)");
  return key;
}

bool has_id(const JsonWebKeys& keys, const std::string& id) {
  return std::ranges::any_of(keys, [&id](const auto& key) { return key->id() == id; });
}

}  // namespace

Result<JsonWebKeys> parse_json_web_keys(const std::string& text) {
  const auto parser = Ref<JsonParser>::adopt(json_parser_new_immutable());
  if (!json_parser_load_from_data(parser.get(), text.data(), static_cast<gssize>(text.size()), nullptr))
    return wrong("it is no JSON");
  JsonNode* root = json_parser_get_root(parser.get());
  JsonNode* list = root && JSON_NODE_HOLDS_OBJECT(root)
                       ? json_object_get_member(json_node_get_object(root), "keys")
                       : nullptr;
  if (!list || !JSON_NODE_HOLDS_ARRAY(list)) return wrong("it is no JWK set, which is {\"keys\":[…]}");
  JsonArray* array = json_node_get_array(list);
  const guint count = json_array_get_length(array);
  JsonWebKeys keys;
  for (guint i = 0; i < count; ++i) {
    const std::string place = "key " + std::to_string(i + 1) + ": ";
    KeyResult key = read_key(json_array_get_element(array, i));
    if (!key) return wrong(place + key.error().message);
    if ((*key)->id().empty() && count > 1)
      return wrong(place + "it has no 'kid', which tells it from the others");
    if (has_id(keys, (*key)->id())) return wrong(place + "'kid' " + (*key)->id() + " is there twice");
    keys.push_back(*key);
  }
  return keys;
}

}  // namespace origin::access
