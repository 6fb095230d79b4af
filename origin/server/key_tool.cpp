// SPDX-License-Identifier: LGPL-2.1-or-later
// origin-key: makes API keys, and tokens for signed URLs. See docs/operating.md, "Keys".
#include <gnutls/crypto.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <span>

#include "origin/access/base64url.hpp"
#include "origin/access/signed_token.hpp"
#include "origin/base/text.hpp"
#include "origin/server/configuration.hpp"
#include "origin/server/value_text.hpp"

namespace {

using namespace origin;
using namespace origin::server;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kMisused = 2;
constexpr size_t kKeyBytes = 32;

constexpr const char* kUsage =
    "Usage: origin-key new              prints a new key, and the hash that a configuration has of it\n"
    "       origin-key hash             reads a key from standard input, and prints its hash\n"
    "       origin-key sign --config=FILE --key=NAME --path=/PATH/ --for=TIME\n"
    "                                   prints a token that opens what is below the path for that time "
    "(3600,\n"
    "                                   90s), signed with [signing-key NAME] of the file; it goes into URLs "
    "as\n"
    "                                   http://HOST/_token/TOKEN/PATH/index.m3u8 or behind ?token=\n";

int complain(const std::string& message, int status) {
  std::fprintf(stderr, "origin-key: %s\n", message.c_str());
  return status;
}

std::string hash_line(const std::string& key) {
  return "hash=sha256:" + to_hex(access::sha256(key));
}

int make_key() {
  std::string bytes(kKeyBytes, '\0');
  if (gnutls_rnd(GNUTLS_RND_KEY, bytes.data(), bytes.size()) < 0)
    return complain("the system gives no random numbers", kFailed);
  const std::string key = access::encode_base64url(bytes);
  std::printf("key: %s\n%s\n", key.c_str(), hash_line(key).c_str());
  return kDone;
}

int hash_key() {
  std::string key;
  std::getline(std::cin, key);
  if (trimmed(key).empty()) return complain("there is no key on standard input", kMisused);
  std::printf("%s\n", hash_line(std::string(trimmed(key))).c_str());
  return kDone;
}

// "--name=value" each; an error names what is no option, or missing.
Result<std::map<std::string, std::string>> options_of(std::span<char*> arguments,
                                                      std::span<const char* const> names) {
  std::map<std::string, std::string> options;
  for (const std::string_view argument : arguments) {
    const size_t sign = argument.find('=');
    const std::string name(argument.substr(0, sign));
    if (std::ranges::find(names, name) == names.end() || sign == std::string_view::npos)
      return Error{ErrorCode::kInvalid, "'" + std::string(argument) + "' is no option with a value"};
    options[name] = argument.substr(sign + 1);
  }
  for (const char* name : names) {
    if (options[name].empty()) return Error{ErrorCode::kInvalid, std::string(name) + "= is missing"};
  }
  return options;
}

int sign(std::span<char*> arguments) {
  constexpr const char* kNames[] = {"--config", "--key", "--path", "--for"};
  Result<std::map<std::string, std::string>> options = options_of(arguments, kNames);
  if (!options) return complain(options.error().message, kMisused);
  const Result<Configuration> configuration = load_configuration((*options)["--config"]);
  if (!configuration) return complain(configuration.error().message, kFailed);
  const std::string& name = (*options)["--key"];
  const auto& keys = configuration->policy.signing_keys;
  const auto key = keys.find(name);
  if (key == keys.end()) return complain("the file has no [signing-key " + name + "]", kFailed);
  const Result<access::PathPrefix> path = access::PathPrefix::parse((*options)["--path"]);
  if (!path) return complain("--path: " + path.error().message, kMisused);
  const std::optional<Duration> time = parse_duration((*options)["--for"]);
  if (!time) return complain("--for=" + (*options)["--for"] + " is not a time like 3600 or 90s", kMisused);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto expires = std::chrono::floor<std::chrono::seconds>(now + *time);
  std::printf("%s\n",
              access::sign_token(name, key->second.secret, expires.count(), (*options)["--path"]).c_str());
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "--help") return std::fputs(kUsage, stdout), kDone;
  if (command == "new" && argc == 2) return make_key();
  if (command == "hash" && argc == 2) return hash_key();
  if (command == "sign") return sign({argv + 2, argv + argc});
  std::fputs(kUsage, stderr);
  return kMisused;
}
