// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys, tokens and what they open, without HTTP.
#include "origin/access/base64url.hpp"
#include "origin/access/credential.hpp"
#include "origin/access/gate.hpp"
#include "origin/access/json_web_token.hpp"
#include "origin/access/signed_token.hpp"
#include "origin/base/text.hpp"
#include "tests/check_main.hpp"
#include "tests/manual_clock.hpp"

using namespace origin;
using namespace origin::access;

namespace {

// The keys and signatures of RFC 7515 A.1 to A.3 and RFC 8037 A.4.
struct Example {
  const char* key;
  const char* text;
  const char* signature;
};
#define RFC_7515_PAYLOAD \
  ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
constexpr Example kExamples[] = {
    {R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"})",
     "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" RFC_7515_PAYLOAD,
     "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
    {R"({"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"})",
     "eyJhbGciOiJSUzI1NiJ9" RFC_7515_PAYLOAD,
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
     "O8W2Fp5jujGbds9uJdbF9C"
     "UAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
     "eSN9383LcOLn6_"
     "dO--xi12jzDwusC-"
     "eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0i"
     "gcN_IoypGlUPQGe77Rw"},
    {R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})",
     "eyJhbGciOiJFUzI1NiJ9" RFC_7515_PAYLOAD,
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    {R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
};

JsonWebKeys key_set(const std::string& keys) {
  const Result<JsonWebKeys> parsed = parse_json_web_keys("{\"keys\":[" + keys + "]}");
  ck_assert_msg(parsed.ok(), "%s", parsed.ok() ? "" : parsed.error().message.c_str());
  return *parsed;
}

START_TEST(test_signatures_of_the_standards) {
  const Example& example = kExamples[_i];
  const JsonWebKeys keys = key_set(example.key);
  std::string signature = *decode_base64url(example.signature);
  ck_assert(keys[0]->has_signed(example.text, signature));
  ck_assert(!keys[0]->has_signed(std::string(example.text) + "x", signature));
  for (const size_t at : {size_t{0}, signature.size() / 2, signature.size() - 1}) {
    std::string bad = signature;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    ck_assert_msg(!keys[0]->has_signed(example.text, bad), "byte %zu", at);
  }
  ck_assert(!keys[0]->has_signed(example.text, signature.substr(1)));
  ck_assert(!keys[0]->has_signed(example.text, {}));
}
END_TEST

const std::string kSecret = "a secret of thirty-two bytes and more";
const std::string kSecretKey = R"({"kty":"oct","kid":"one","k":")" + encode_base64url(kSecret) + "\"}";

std::string token(const std::string& header, const std::string& claims, const std::string& secret = kSecret) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
  const Digest mac = hmac_sha256(secret, text);
  return text + "." + encode_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

const std::string kHeader = R"({"alg":"HS256","kid":"one"})";
const std::string kClaims = R"({"exp":1700003600,"sub":"anna","paths":["/live/","/vod/x"]})";

START_TEST(test_claims_of_a_token_say_what_it_opens) {
  const JsonWebKeys keys = key_set(kSecretKey);
  const Result<Grant> grant = read_json_web_token(token(kHeader, kClaims), keys, "");
  ck_assert_msg(grant.ok(), "%s", grant.ok() ? "" : grant.error().message.c_str());
  ck_assert(grant->holder == "'anna'");
  for (const char* name : {"live", "live/", "live/a/1.m4s", "vod/x", "vod/x/y"})
    ck_assert_msg(grant->allows(Right::kRead, name), "%s", name);
  for (const char* name : {"", "live2", "liv", "vod", "vod/xy", "vod/y"})
    ck_assert_msg(!grant->allows(Right::kRead, name), "%s", name);
  ck_assert(!grant->allows(Right::kWrite, "live/a"));
  ck_assert(!grant->out_of_time(UtcTime(std::chrono::seconds(1'700'003'599))));
  ck_assert(grant->out_of_time(UtcTime(std::chrono::seconds(1'700'003'600))).has_value());
  const std::string far = R"({"exp":253402300799,"paths":["/"]})";
  ck_assert(read_json_web_token(token(kHeader, far), keys, "")->expires == UtcTime::max());
  const std::string publish =
      R"({"exp":1.7e9,"role":"publish","paths":["/"],"aud":["x","us"],"nbf":1600000000.5})";
  const Result<Grant> publisher = read_json_web_token(token(kHeader, publish), keys, "us");
  ck_assert(publisher.ok() && publisher->allows(Right::kPublish, "any/thing"));
  ck_assert(publisher->not_before == UtcTime(std::chrono::milliseconds(1'600'000'000'500)));
}
END_TEST

struct Wrong {
  std::string token;
  const char* says;
  const char* audience = "";
};

std::vector<Wrong> wrong_tokens() {
  const auto claims = [](const std::string& text) { return token(kHeader, text); };
  const std::string good = token(kHeader, kClaims);
  const std::string unsigned_token =
      encode_base64url(R"({"alg":"none","kid":"one"})") + "." + encode_base64url(kClaims) + ".";
  std::string deep = R"({"kid":)" + std::string(9000, '[');
  return {
      {unsigned_token, "has the algorithm 'none'"},
      {token(R"({"alg":"none","kid":"one"})", kClaims), "'none'"},
      {token(R"({"alg":"hs256","kid":"one"})", kClaims), "'hs256'"},
      {token(R"({"alg":"RS256","kid":"one"})", kClaims), "'RS256'"},
      {token(R"({"kid":"one"})", kClaims), "has the algorithm ''"},
      {token(R"({"alg":"HS256","kid":"two"})", kClaims), "'two'"},
      {token(R"({"alg":"HS256","kid":"a\"<script>\n"})", kClaims), "'a?<script>?'"},
      {token(R"({"alg":"HS256","kid":"one","crit":["b64"]})", kClaims), "critical"},
      {token(kHeader, kClaims, "another secret of thirty-two bytes"), "signature"},
      {good.substr(0, good.size() - 1), "signature"},
      {good.substr(0, good.rfind('.') + 1), "signature"},
      {good + "=", "signature"},
      {"x" + good, "header"},
      {"." + good.substr(good.find('.') + 1), "header"},
      {"..", "header"},
      {encode_base64url(deep) + "..", "header"},
      {claims("[]"), "claims"},
      {claims("not JSON"), "claims"},
      {claims(R"({"paths":["/"]})"), "no 'exp'"},
      {claims(R"({"exp":"1700003600","paths":["/"]})"), "no 'exp'"},
      {claims(R"({"exp":-1,"paths":["/"]})"), "no 'exp'"},
      {claims(R"({"exp":1e300,"paths":["/"]})"), "no 'exp'"},
      {claims(R"({"exp":1700003600,"nbf":"x","paths":["/"]})"), "'nbf'"},
      {claims(R"({"exp":1700003600})"), "no 'paths'"},
      {claims(R"({"exp":1700003600,"paths":[]})"), "no 'paths'"},
      {claims(R"({"exp":1700003600,"paths":[1]})"), "no 'paths'"},
      {claims(R"({"exp":1700003600,"paths":["live"]})"), "no path"},
      {claims(R"({"exp":1700003600,"paths":["/a/../b"]})"), "no path"},
      {claims(R"({"exp":1700003600,"role":"root","paths":["/"]})"), "'root'"},
      {claims(R"({"exp":1700003600,"role":7,"paths":["/"]})"), "role"},
      {claims(R"({"exp":1700003600,"aud":"us","paths":["/"]})"), "no audience is configured"},
      {claims(R"({"exp":1700003600,"aud":"them","paths":["/"]})"), "audience 'us'", "us"},
      {claims(kClaims), "audience 'us'", "us"},
  };
}

START_TEST(test_tokens_that_count_for_nothing) {
  const JsonWebKeys keys = key_set(kSecretKey);
  for (const Wrong& wrong : wrong_tokens()) {
    const Result<Grant> grant = read_json_web_token(wrong.token, keys, wrong.audience);
    ck_assert_msg(!grant, "%s", wrong.token.c_str());
    const std::string& message = grant.error().message;
    ck_assert_msg(message.find(wrong.says) != std::string::npos, "%s: %s", wrong.says, message.c_str());
  }
  // The public key of one algorithm is no secret of another.
  const JsonWebKeys rsa = key_set(kExamples[1].key);
  ck_assert(!read_json_web_token(token(R"({"alg":"HS256"})", kClaims, "AQAB"), rsa, ""));
}
END_TEST

START_TEST(test_key_sets_that_are_wrong_say_why) {
  const std::pair<const char*, const char*> wrong[] = {
      {"x", "no JSON"},
      {"", "no JWK set"},
      {"[]", "no JWK set"},
      {R"({"keys":1})", "no JWK set"},
      {R"({"keys":[1]})", "key 1: it is no object"},
      {R"({"keys":[{"kty":"oct","k":"c2hvcnQ"}]})", "too short"},
      {R"({"keys":[{"kty":"oct","k":"*"}]})", "base64url"},
      {R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})", "RSA key"},
      {R"({"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]})", "point"},
      {R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"}]})",
       "point"},
      {R"({"keys":[{"kty":"EC","crv":"P-384","x":"AQAB","y":"AQAB"}]})", "P-384"},
      {R"({"keys":[{"kty":"OKP","crv":"X25519","x":"AQAB"}]})", "X25519"},
  };
  for (const auto& [text, says] : wrong) {
    const Result<JsonWebKeys> keys = parse_json_web_keys(text);
    ck_assert_msg(!keys, "%s", text);
    ck_assert_msg(keys.error().message.find(says) != std::string::npos, "%s: %s", text,
                  keys.error().message.c_str());
  }
  const auto refused = [](const std::string& keys) {
    return !parse_json_web_keys("{\"keys\":[" + keys + "]}");
  };
  ck_assert(refused(kSecretKey + "," + kSecretKey));
  ck_assert(refused(kSecretKey + "," + kExamples[1].key));
  ck_assert(refused(R"({"kty":"oct","alg":"RS256","k":")" + encode_base64url(kSecret) + "\"}"));
  ck_assert(refused(R"({"kty":"oct","use":"enc","k":")" + encode_base64url(kSecret) + "\"}"));
}
END_TEST

START_TEST(test_signed_tokens) {
  const std::string text = sign_token("cdn", kSecret, 1'700'003'600, "/live/");
  // As OpenSSL makes it: printf '%s' v1.cdn.1700003600.L2xpdmUv | openssl dgst -sha256 -hmac "$secret"
  ck_assert_msg(text.starts_with("v1.cdn.1700003600.L2xpdmUv."), "%s", text.c_str());
  const auto parsed = parse_signed_token(text);
  ck_assert(parsed && parsed->key_id == "cdn" && parsed->path == "/live/" &&
            parsed->expires == 1'700'003'600);
  ck_assert(is_signed_by(*parsed, kSecret));
  ck_assert(!is_signed_by(*parsed, kSecret + " "));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string bad = text;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    const auto token = parse_signed_token(bad);
    ck_assert_msg(!token || !is_signed_by(*token, kSecret), "%s", bad.c_str());
    const auto cut = parse_signed_token(std::string_view(text).substr(0, i));
    ck_assert(!cut || !is_signed_by(*cut, kSecret));
  }
  ck_assert(!parse_signed_token("v1.cdn.99999999999999999999.L2xpdmUv.AAAA"));
  ck_assert(!parse_signed_token("v1.cdn.-1.L2xpdmUv.AAAA"));
}
END_TEST

START_TEST(test_where_a_credential_may_stand) {
  ck_assert(credential_in_authorization("Bearer abc") == "abc");
  ck_assert(credential_in_authorization("bearer   abc ") == "abc");
  ck_assert(credential_in_authorization("abc") == "abc");
  ck_assert(credential_in_authorization("Basic dXNlcjprZXk6MQ==") == "key:1");
  ck_assert(credential_in_authorization("Basic a2V5Og==") == "key");
  ck_assert(credential_in_authorization("Basic a2V5").empty());
  ck_assert(credential_in_authorization("Negotiate abc").empty());
  ck_assert(credential_in_authorization("").empty());
  ck_assert(credential_in_query("a=b&token=x%2Ey&token=z") == "x.y");
  ck_assert(credential_in_query("tokens=x&_HLS_msn=3").empty());
  ck_assert(credential_in_query("token=%").empty());
  const auto path = take_token_path("/_token/abc/live/index.m3u8");
  ck_assert(path && path->token == "abc" && path->path == "/live/index.m3u8");
  ck_assert(!take_token_path("/_token/abc") && !take_token_path("/live/_token/abc/"));
}
END_TEST

PathPrefixes paths(std::initializer_list<const char*> texts) {
  PathPrefixes prefixes;
  for (const char* text : texts) prefixes.push_back(*PathPrefix::parse(text));
  return prefixes;
}

std::shared_ptr<const Policy> policy_of(const std::string& key) {
  Policy::Options options;
  options.open = paths({"/free/"});
  if (!key.empty()) options.keys["studio"] = {sha256(key), *rights_of("readwrite"), paths({"/live/"})};
  options.signing_keys["cdn"] = {kSecret, *rights_of("read"), paths({"/live/", "/vod/"})};
  options.token_keys = key_set(kSecretKey);
  return std::make_shared<const Policy>(options);
}

Gate::Verdict verdict(Gate& gate, Right right, const char* name, const std::string& credential,
                      const char* address = "192.0.2.1") {
  const Gate::Decision decision = gate.judge(right, name, credential, address);
  ck_assert_msg(credential.size() < 4 || decision.reason.find(credential) == std::string::npos, "%s",
                decision.reason.c_str());
  return decision.verdict;
}

START_TEST(test_gate_admits_who_may) {
  using enum Gate::Verdict;
  const ManualClock clock;
  Gate gate(clock, {});
  ck_assert(gate.all_is_open() && !gate.policy()->has_keys());
  gate.set_policy(policy_of("studio-key"));
  ck_assert(!gate.all_is_open() && gate.policy()->is_open("free/1.m4s") && !gate.policy()->is_open("live/1"));
  ck_assert(verdict(gate, Right::kRead, "live/1", "") == kNeedsCredential);
  ck_assert(verdict(gate, Right::kRead, "live/1", "studio-key") == kAdmitted);
  ck_assert(verdict(gate, Right::kWrite, "live/1", "studio-key") == kAdmitted);
  ck_assert(verdict(gate, Right::kWrite, "vod/1", "studio-key") == kRefused);
  ck_assert(verdict(gate, Right::kAdmin, "live/1", "studio-key") == kRefused);
  ck_assert(verdict(gate, Right::kRead, "live/1", "studio-kex") == kRefused);
  // Not even the digest of it.
  ck_assert(verdict(gate, Right::kRead, "live/1", to_hex(sha256("studio-key"))) == kRefused);
  const std::string signed_token = sign_token("cdn", kSecret, 1'700'003'600, "/");
  ck_assert(verdict(gate, Right::kRead, "vod/1", signed_token) == kAdmitted);
  ck_assert(verdict(gate, Right::kRead, "other/1", signed_token) == kRefused);
  ck_assert(verdict(gate, Right::kWrite, "vod/1", signed_token) == kRefused);
  ck_assert(verdict(gate, Right::kRead, "vod/x/1", token(kHeader, kClaims)) == kAdmitted);
  const std::string far = sign_token("cdn", kSecret, 253'402'300'799, "/vod/");
  ck_assert(verdict(gate, Right::kRead, "vod/1", far) == kAdmitted);
}
END_TEST

START_TEST(test_what_is_over_is_refused_from_the_cache_too) {
  using enum Gate::Verdict;
  ManualClock clock;
  Gate gate(clock, {});
  gate.set_policy(policy_of("studio-key"));
  const std::string one = token(kHeader, kClaims),
                    other = sign_token("cdn", kSecret, 1'700'003'600, "/live/");
  for (const std::string& credential : {one, other})
    ck_assert(verdict(gate, Right::kRead, "live/1", credential) == kAdmitted);
  clock.advance(3600s);
  for (const std::string& credential : {one, other})
    ck_assert(verdict(gate, Right::kRead, "live/1", credential) == kRefused);
  const std::string early = token(kHeader, R"({"exp":1800000000,"nbf":1700007200,"paths":["/"]})");
  ck_assert(verdict(gate, Right::kRead, "live/1", early) == kRefused);
  clock.advance(3600s);
  ck_assert(verdict(gate, Right::kRead, "live/1", early) == kAdmitted);
}
END_TEST

START_TEST(test_revoked_keys_end_what_they_began) {
  const ManualClock clock;
  Gate gate(clock, {});
  gate.set_policy(policy_of("studio-key"));
  const GrantRef grant = gate.judge(Right::kRead, "live/1", "studio-key", "::1").grant;
  ck_assert(grant && gate.still_admits(grant, Right::kRead, "live/1"));
  gate.set_policy(policy_of("studio-key"));
  ck_assert(gate.still_admits(grant, Right::kRead, "live/1"));
  ck_assert(gate.still_admits(nullptr, Right::kRead, "free/1"));
  ck_assert(!gate.still_admits(nullptr, Right::kRead, "live/1"));
  Policy::Options narrowed;
  narrowed.open = {};
  narrowed.keys["studio"] = {sha256("studio-key"), *rights_of("read"), paths({"/live/"})};
  gate.set_policy(std::make_shared<const Policy>(narrowed));
  ck_assert(gate.still_admits(grant, Right::kRead, "live/1"));
  ck_assert(!gate.still_admits(grant, Right::kWrite, "live/1"));
  for (const char* key : {"", "another key"}) {
    gate.set_policy(policy_of(key));
    ck_assert(!gate.still_admits(grant, Right::kRead, "live/1"));
    ck_assert(verdict(gate, Right::kRead, "live/1", "studio-key") == Gate::Verdict::kRefused);
  }
}
END_TEST

START_TEST(test_who_guesses_is_locked_out) {
  using enum Gate::Verdict;
  ManualClock clock;
  Gate gate(clock, {.max_failures = 5, .max_failing_addresses = 3, .max_verified = 2});
  gate.set_policy(policy_of("studio-key"));
  const std::string known = token(kHeader, kClaims);
  const std::string unknown = token(kHeader, R"({"exp":1700003600,"paths":["/live/"]})");
  ck_assert(verdict(gate, Right::kRead, "live/1", known, "2001:db8::1") == kAdmitted);
  for (int i = 0; i < 5; ++i)
    ck_assert(verdict(gate, Right::kRead, "live/1", "guess " + std::to_string(i), "2001:db8::1") == kRefused);
  const Gate::Decision locked = gate.judge(Right::kRead, "live/1", unknown, "2001:db8::2");
  ck_assert(locked.verdict == kTooManyFailures && locked.retry_after > 59s && locked.retry_after <= 60s);
  // A key that is known, and a token that was verified, count whatever others try from there.
  ck_assert(verdict(gate, Right::kRead, "live/1", "studio-key", "2001:db8::1") == kAdmitted);
  ck_assert(verdict(gate, Right::kRead, "live/1", known, "2001:db8::1") == kAdmitted);
  ck_assert(verdict(gate, Right::kRead, "live/1", unknown, "2001:db8:0:1::1") == kAdmitted);
  clock.advance(61s);
  ck_assert(verdict(gate, Right::kRead, "live/1", "guess", "2001:db8::1") == kRefused);
  for (int i = 0; i < 100; ++i)
    (void)verdict(gate, Right::kRead, "live/1", "guess", ("10.0.0." + std::to_string(i)).c_str());
  ck_assert(verdict(gate, Right::kRead, "live/1", "guess", "10.0.0.99") == kRefused);
}
END_TEST

}  // namespace

int main() {
  const Test tests[] = {
      {test_signatures_of_the_standards, std::size(kExamples)},
      test_claims_of_a_token_say_what_it_opens,
      test_tokens_that_count_for_nothing,
      test_key_sets_that_are_wrong_say_why,
      test_signed_tokens,
      test_where_a_credential_may_stand,
      test_gate_admits_who_may,
      test_what_is_over_is_refused_from_the_cache_too,
      test_revoked_keys_end_what_they_began,
      test_who_guesses_is_locked_out,
  };
  return run_tests("access", tests);
}
