// SPDX-License-Identifier: LGPL-2.1-or-later
// What origin-server can be told: the file, the command line, and the example that comes with it.
#include <glib/gstdio.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
#include "origin/server/command_line.hpp"
#include "origin/server/named_settings.hpp"
#include "origin/server/nearest_name.hpp"
#include "origin/server/settings.hpp"
#include "origin/server/value_text.hpp"
#include "tests/check_main.hpp"

using namespace origin;
using namespace origin::server;

namespace {

// Every key with another value than its default.
constexpr const char* kAllChanged =
    "[server]\nhost=::1\nport=0\nplay-host=::\nplay-port=1\nthreads=3\nmemory-limit=1536M\n"
    "access-log=-\n"
    "[access]\nopen=/a/;/b\njwks-file=keys.json\naudience=me\nmax-failures=1\nmax-failing-addresses=2\n"
    "max-verified=3\n"
    "[limits]\nmax-connections=1\nreserved-descriptors=2\nmax-connections-per-address=3\nmax-head-bytes=8K\n"
    "max-target-bytes=5000\nmax-headers=6\nhead-timeout=7\nidle-timeout=8s\nbody-stall-timeout=9.5\n"
    "write-stall-timeout=1500ms\nmin-send-rate=0\nsend-rate-window=0.25s\nmin-send-rate-short-of-memory=1M\n"
    "send-time-short-of-memory=1\npatience=2\nmax-unsent-bytes=0\nmax-held=7\nmax-ranges=8\nmax-object-bytes="
    "8G\nmax-uploads=1\nmax-ttl=3600\nmax-listed=2\nmax-publishing-points=2\nmax-pushed-tracks=3\nmax-cmaf-"
    "header=2K\n"
    "max-cmaf-chunk=1M\npublisher-timeout=5\nheader-timeout=6\nviewer-window=9\n"
    "max-viewers=10\nmax-logged=11\nstop-grace=0\n";

struct Wrong {
  const char* text;
  const char* why;  // a piece of the error
};

constexpr Wrong kWrong[] = {
    {"[server]\nport=80a\n", "[server] port='80a' is not a number from 0 to 65535"},
    {"[server]\nport=-1\n", "'-1' is not a number"},
    {"[server]\nport=65536\n", "'65536' is not a number from 0 to 65535"},
    {"[server]\nport=\n", "port='' is not a number"},
    {"[server]\nport=99999999999999999999999\n", "is not a number from 0 to 65535"},
    {"[server]\nport=8080 # mine\n", "port='8080 # mine'"},
    {"[server]\nport[de]=1\n", "[server] key 'port[de]' is unknown"},
    {"[server]\nhost=example.org\n", "host='example.org' is not an IPv4 or IPv6 address"},
    {"[server]\nhost=\n", "host='' is not an IPv4"},
    {"[server]\nthreads=2000\n", "is not a number from 0 to 1024"},
    {"[server]\nmemory-limit=1000\n", "is not a number of bytes from 1M to"},
    {"[server]\nmemory-limit=1T\n", "'1T' is not a number of bytes"},
    {"[server]\nmemory-limit=G\n", "'G' is not a number of bytes"},
    {"[server]\nmemory-limit=99999999999999999999G\n", "is not a number of bytes"},
    {"[server]\nmemorylimit=1G\n", "did you mean 'memory-limit'?"},
    {"[server]\nnonsense=1\n", "is unknown; there are host, port, play-host, play-port, threads"},
    {"[sever]\nport=1\n",
     "group 'sever' is unknown (did you mean 'server'?); there are server, access, limits"},
    {"[nonsense]\n", "group 'nonsense' is unknown; there are"},
    {"[limits]\nmax_connections_per_address=1\n", "did you mean 'max-connections-per-address'?"},
    {"[limits]\nmax-connections-per-address=many\n", "or auto"},
    {"[limits]\nmax-connections=4294967296\n", "is not a number from 0 to 4294967295"},
    {"[limits]\nmax-held=0\n", "is not a number from 1 to"},
    {"[limits]\nhead-timeout=0\n", "[limits] head-timeout='0' is not a time from 0.001s to 86400s"},
    {"[limits]\nhead-timeout=1h\n", "like 10, 2.5s or 500ms"},
    {"[limits]\nhead-timeout=86400.1\n", "is not a time"},
    {"[limits]\nhead-timeout=1.\n", "is not a time"},
    {"[limits]\nhead-timeout=1e3\n", "is not a time"},
    {"[limits]\nstop-grace=-1\n", "stop-grace='-1' is not a time from 0s"},
    {"[access]\nopen=live\n", "open='live' is wrong: 'live' is no path: it begins with a slash"},
    {"[keys a]\nhash=x\n",
     "group 'keys a' is unknown (did you mean 'key'?); there are key, signing-key, namespace"},
    {"[namespace a]\nmax-bytes=lots\n", "[namespace a] max-bytes='lots' is not a number of bytes"},
    {"[namespace a]\nmax-objects=-1\n", "max-objects='-1' is not a number"},
    {"[namespace a]\nmax-ttl=1.5\n", "max-ttl='1.5' is not a time in whole seconds"},
    {"[namespace a]\nmax_bytes=1\n", "key 'max_bytes' is unknown (did you mean 'max-bytes'?)"},
    {"[namespace a]\nmin-ttl=2\nmax-ttl=1\n", "[namespace a] min_ttl of 2 is more than max_ttl of 1"},
    {"[key a b]\nrole=read\n", "[key a b] name 'a b' is not of 1 to 64 letters"},
    {"[key a]\nhsh=x\n",
     "[key a] key 'hsh' is unknown (did you mean 'hash'?); there are hash, role, paths, expires"},
    {"[key a]\nhash=secret\n", "[key a] hash=… is not sha256: and 64"},
    {"[key a]\nrole=root\n", "role='root' is wrong: 'root' is no role; there are read, write"},
    {"[key a]\npaths=\n", "paths='' is empty; / is everything"},
    {"[key a]\npaths=/a/../b\n", "no segments"},
    {"[key a]\nexpires=tomorrow\n", "expires='tomorrow' is not a time like 2027-01-31T18:00:00Z"},
    {"[key a]\nrole=read\npaths=/\n", "[key a] has no hash"},
    {"[signing-key a]\nsecret=short\n", "secret=… is too short"},
    {"[signing-key a]\nrole=read\npaths=/\n", "[signing-key a] has no secret"},
    {"[limits]\nport=8080\n", "[limits] key 'port' is unknown"},
    {"port=8080\n", "does not start with a group; it takes lines like"},
    {"[server]\nport\n", "“port”"},
    {"[server]\nport=\x1b[1m\xff\n", "port='?[1m\xef\xbf\xbd'"},
};
constexpr int kWrongCount = sizeof kWrong / sizeof kWrong[0];

std::string all_of(const Configuration& configuration) {
  std::string text;
  for (const Setting& setting : settings())
    text.append(setting.group).append(setting.key).append("=").append(setting.get(configuration)).append(" ");
  return text;
}

Result<CommandLine> command_line(std::vector<const char*> arguments) {
  return parse_command_line(arguments);
}

std::string read_example() {
  std::ifstream file(g_getenv("ORIGIN_SERVER_CONF"));
  ck_assert_msg(file.good(), "ORIGIN_SERVER_CONF=%s", g_getenv("ORIGIN_SERVER_CONF"));
  return {std::istreambuf_iterator<char>(file), {}};
}

// Lines "#key=value" without their mark; what is prose has a blank behind it.
std::string without_marks(const std::string& text) {
  std::string bare;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '\n';
    const bool is_mark = begins && text[i] == '#' && i + 1 < text.size() && g_ascii_isalpha(text[i + 1]);
    if (!is_mark) bare += text[i];
  }
  return bare;
}

}  // namespace

START_TEST(test_nothing_is_the_defaults) {
  for (const char* text : {"", "\n# a remark\n", "[server]\n[limits]\n"}) {
    const Result<Configuration> configuration = parse_configuration(text);
    ck_assert_msg(configuration.ok(), "%s", text);
    ck_assert(all_of(*configuration) == all_of({}));
  }
  const Configuration defaults;
  ck_assert(defaults.host == "127.0.0.1" && defaults.port == 8080);
  ck_assert(find_setting("limits", "max-connections-per-address")->get(defaults) == "auto");
  ck_assert(find_setting("server", "memory-limit")->get(defaults) == "1G");
  ck_assert(find_setting("limits", "stop-grace")->get(defaults) == "1s");
}
END_TEST

START_TEST(test_every_key_is_taken) {
  const Result<Configuration> configuration = parse_configuration(kAllChanged);
  ck_assert_msg(configuration.ok(), "%s", configuration.ok() ? "" : configuration.error().message.c_str());
  ck_assert_uint_eq(differences({}, *configuration).size(), settings().size());
  const transport::Limits& transport = configuration->origin.http.transport.limits;
  ck_assert(configuration->host == "::1" && configuration->port == 0);
  ck_assert_uint_eq(configuration->origin.http.transport.threads, 3);
  ck_assert_uint_eq(configuration->origin.store.memory_limit, 1536ull << 20);
  ck_assert(transport.max_connections_per_address == 3u && transport.max_head_bytes == 8192);
  ck_assert(transport.body_stall_timeout == 9500ms && transport.write_stall_timeout == 1500ms);
  ck_assert(configuration->origin.http.limits.max_viewers == 10);
  ck_assert(configuration->origin.http.limits.stop_grace == 0s);
}
END_TEST

// The lists of members do not compile any more once there is another.
START_TEST(test_every_limit_has_a_key) {
  const auto [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = transport::Limits();
  const auto [q, r, s, t, u, v, w, x, y, ff] = http::Limits();
  const auto [z, aa, bb, cc, dd, ee] = channel::IngestLimits();
  const auto count = [](const auto&... members) { return sizeof...(members); };
  ck_assert_uint_eq(keys_of("limits").size(), count(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s,
                                                    t, u, v, w, x, y, z, aa, bb, cc, dd, ee, ff));
}
END_TEST

START_TEST(test_what_get_says_set_takes) {
  const Configuration changed = *parse_configuration(kAllChanged);
  for (const Setting& setting : settings()) {
    for (const Configuration& from : {Configuration(), changed}) {
      Configuration to = *parse_configuration(kAllChanged);
      ck_assert(setting.set(to, setting.get(from)).empty());
      ck_assert(setting.get(to) == setting.get(from));
      const bool is_free_text =
          setting.key == "jwks-file" || setting.key == "audience" || setting.key == "access-log";
      if (is_free_text) continue;
      ck_assert(setting.set(to, "?") != "");
      ck_assert(setting.get(to) == setting.get(from));
    }
  }
}
END_TEST

constexpr const char* kKeys =
    "[key "
    "studio]\nhash=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\nrole=publish\n"
    "paths=/live/;/events/\nexpires=2027-01-31T18:00:00+01:00\n"
    "[signing-key cdn]\nsecret=0123456789abcdef0123456789abcdef\nrole=read\npaths=/\n";

START_TEST(test_keys_are_read) {
  const Result<Configuration> configuration = parse_configuration(kKeys);
  ck_assert_msg(configuration.ok(), "%s", configuration.ok() ? "" : configuration.error().message.c_str());
  const auto& key = configuration->policy.keys.at("studio");
  ck_assert(key.digest == access::sha256("hello"));
  ck_assert(key.rights.has(access::Right::kPublish) && format_paths(key.paths) == "/live;/events");
  ck_assert(key.expires == UtcTime(std::chrono::seconds(1'801'414'800)));
  ck_assert(configuration->policy.signing_keys.at("cdn").secret.size() == 32);
  const std::string twice =
      std::string(kKeys) + "[key other]\nrole=read\npaths=/\nhash=sha256:" + to_hex(access::sha256("hello")) +
      "\n";
  ck_assert(!parse_configuration(twice));
}
END_TEST

START_TEST(test_key_set_of_a_file) {
  const GCharPtr folder(g_dir_make_tmp("origin-XXXXXX", nullptr));
  const std::string path = std::string(folder.get()) + "/origin.conf",
                    set = std::string(folder.get()) + "/keys.json";
  ck_assert(g_file_set_contents(path.c_str(), "[access]\njwks-file=keys.json\n", -1, nullptr));
  const auto error = [&path] {
    const Result<Configuration> loaded = load_configuration(path);
    return loaded.ok() ? std::string() : loaded.error().message;
  };
  ck_assert_msg(error().find("jwks-file: " + set) != std::string::npos, "%s", error().c_str());
  ck_assert(g_file_set_contents(set.c_str(), "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", -1, nullptr));
  ck_assert_msg(error().find("key 1: a secret of 3 bytes is too short") != std::string::npos, "%s",
                error().c_str());
  const std::string key = "{\"kty\":\"oct\",\"k\":\"" + std::string(43, 'A') + "\"}";
  ck_assert(g_file_set_contents(set.c_str(), ("{\"keys\":[" + key + "]}").c_str(), -1, nullptr));
  ck_assert_uint_eq(load_configuration(path)->policy.token_keys.size(), 1);
  for (const std::string& file : {path, set}) g_unlink(file.c_str());
  g_rmdir(folder.get());
}
END_TEST

START_TEST(test_errors_say_what_would_be_right) {
  const Result<Configuration> configuration = parse_configuration(kWrong[_i].text);
  ck_assert_msg(!configuration, "%s", kWrong[_i].text);
  const std::string& message = configuration.error().message;
  ck_assert_msg(message.find(kWrong[_i].why) != std::string::npos, "%s: %s", kWrong[_i].text,
                message.c_str());
}
END_TEST

START_TEST(test_the_example_has_every_key_with_its_default) {
  const std::string text = read_example();
  const Result<Configuration> untouched = parse_configuration(text);
  ck_assert(untouched.ok() && differences({}, *untouched).empty());
  const std::string bare = without_marks(text);
  const Result<Configuration> configuration = parse_configuration(bare);
  ck_assert_msg(configuration.ok(), "%s", configuration.ok() ? "" : configuration.error().message.c_str());
  for (const Setting& setting : settings()) {
    const std::string line = "\n#" + std::string(setting.key) + "=" + setting.get({}) + "\n";
    ck_assert_msg(text.find(line) != std::string::npos, "%s", line.c_str());
  }
  ck_assert(all_of(*configuration) == all_of({}));
  for (const std::string_view kind : named_kinds()) {
    ck_assert(text.find("\n# [" + std::string(kind) + " ") != std::string::npos);
    for (const std::string_view key : keys_of_kind(kind))
      ck_assert_msg(text.find("\n# " + std::string(key) + "=") != std::string::npos, "%s",
                    std::string(key).c_str());
  }
}
END_TEST

START_TEST(test_command_line) {
  const Result<CommandLine> all =
      command_line({"--host=::", "--port", "81", "--threads=2", "--memory-limit=2G", "--config", "x.conf",
                    "--check-config", "--help", "--version"});
  ck_assert(all.ok() && all->config == "x.conf" && all->check_config && all->help && all->version);
  ck_assert_uint_eq(all->settings.size(), 4);
  for (const Setting* setting : {find_setting("server", "host"), find_setting("server", "memory-limit")})
    ck_assert(usage().find("--" + std::string(setting->key) + "=") != std::string::npos);
  const auto refused = [](const std::vector<const char*>& arguments, const char* why) {
    const Result<CommandLine> result = command_line(arguments);
    ck_assert_msg(!result && result.error().message.find(why) != std::string::npos, "%s", why);
  };
  refused({"--prot=1"}, "--prot is no option (did you mean 'port'?); there are --host");
  refused({"--port=x"}, "--port=x is not a number from 0 to 65535");
  refused({"--port"}, "--port needs a value: --port=VALUE");
  refused({"--help=1"}, "takes no value, but has '1'");
  refused({"8080"}, "'8080' is no option");
  refused({"--"}, "'--' is no option");
  refused({"--config="}, "give the name of a file");
  refused({"--check-config"}, "give one with --config=FILE");
  refused({"--max-held=1"}, "--max-held is no option");
}
END_TEST

START_TEST(test_command_line_goes_before_the_file) {
  char* temporary = nullptr;
  const int fd = g_file_open_tmp(nullptr, &temporary, nullptr);
  ck_assert(fd >= 0);
  g_close(fd, nullptr);
  const GCharPtr owned(temporary);
  const std::string name = temporary;
  const std::string option = "--config=" + name;
  std::ofstream(name) << "[server]\nport=81\nthreads=2\n";
  const CommandLine both = *command_line({"--port=82", option.c_str()});
  ck_assert_int_eq(configuration_of(both)->port, 82);
  ck_assert_uint_eq(configuration_of(both)->origin.http.transport.threads, 2);
  std::ofstream(name) << "[server]\nport=x\n";
  ck_assert(configuration_of(both).error().message.starts_with(name + ": [server] port='x'"));
  g_unlink(name.c_str());
  const Result<Configuration> none = configuration_of(both);
  ck_assert(!none && none.error().message.starts_with(name + ": "));
  ck_assert_int_eq(configuration_of(*command_line({}))->port, 8080);
}
END_TEST

START_TEST(test_sizes) {
  ck_assert(parse_size("0") == 0u && parse_size("1023") == 1023u && parse_size("2K") == 2048u);
  ck_assert(parse_size("3 M") == 3u << 20 && parse_size("5G") == 5ull << 30);
  ck_assert(parse_size("99999999999999999999") == UINT64_MAX && parse_size("17179869184G") == UINT64_MAX);
  for (const char* text : {"", "K", "1k", "1KB", "1KK", "-1", "1.5G", " 1"})
    ck_assert_msg(!parse_size(text), "%s", text);
  ck_assert(format_size(0) == "0" && format_size(1000) == "1000" && format_size(1024) == "1K");
  ck_assert(format_size(1536ull << 20) == "1536M" && format_size(1ull << 50) == "1048576G");
}
END_TEST

START_TEST(test_durations) {
  ck_assert(parse_duration("0") == 0s && parse_duration("10") == 10s && parse_duration("10s") == 10s);
  ck_assert(parse_duration("0.5") == 500ms && parse_duration("2.25 s") == 2250ms);
  ck_assert(parse_duration("1500ms") == 1500ms && parse_duration("0.5ms") == 500us);
  ck_assert(parse_duration("0.000000001") == 1ns && parse_duration("99999999999999999999") == 1'000'000'000s);
  for (const char* text :
       {"", "s", "ms", ".5", "5.", "1.0000000000", "-1", "+1", "1e3", "inf", "1m", "1 h", "0x1", "1.-5"})
    ck_assert_msg(!parse_duration(text), "%s", text);
  ck_assert(format_duration(0s) == "0s" && format_duration(90s) == "90s");
  ck_assert(format_duration(1500ms) == "1.5s" && format_duration(1ns) == "0.000000001s");
}
END_TEST

START_TEST(test_guesses) {
  const std::vector<std::string_view> names = {"host", "port", "threads"};
  ck_assert(guess_at("post", names) == " (did you mean 'host'?)");
  ck_assert(guess_at("thread", names) == " (did you mean 'threads'?)");
  ck_assert(guess_at("listen", names).empty() && guess_at("", names).empty());
  ck_assert(guess_at(std::string(100'000, 'x'), names).empty());
}
END_TEST

int main() {
  const Test tests[] = {
      test_nothing_is_the_defaults,
      test_every_key_is_taken,
      test_every_limit_has_a_key,
      test_what_get_says_set_takes,
      test_keys_are_read,
      test_key_set_of_a_file,
      {test_errors_say_what_would_be_right, kWrongCount},
      test_the_example_has_every_key_with_its_default,
      test_command_line,
      test_command_line_goes_before_the_file,
      test_sizes,
      test_durations,
      test_guesses,
  };
  return run_tests("configuration", tests);
}
