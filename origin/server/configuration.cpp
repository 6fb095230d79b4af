// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/configuration.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
#include "origin/server/named_settings.hpp"
#include "origin/server/nearest_name.hpp"
#include "origin/server/settings.hpp"

namespace origin::server {

namespace {

struct KeyFileFree {
  void operator()(GKeyFile* file) const { g_key_file_unref(file); }
};
struct StrvFree {
  void operator()(char** strings) const { g_strfreev(strings); }
};
using KeyFilePtr = std::unique_ptr<GKeyFile, KeyFileFree>;
using StrvPtr = std::unique_ptr<char*, StrvFree>;

constexpr size_t kLongestQuote = 100;

// One line of UTF-8, whatever is in the file: it goes to terminals and into the journal.
Error invalid(const std::string& message) {
  const GCharPtr text(g_utf8_make_valid(message.data(), static_cast<gssize>(message.size())));
  std::string line(text.get());
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return {ErrorCode::kInvalid, line};
}

std::string quoted(std::string_view text) {
  const bool is_long = text.size() > kLongestQuote;
  return "'" + std::string(text.substr(0, kLongestQuote)) + (is_long ? "…'" : "'");
}

Error unknown(const std::string& what, std::string_view given, const std::vector<std::string_view>& names) {
  std::string known;
  for (const std::string_view name : names) known += (known.empty() ? "" : ", ") + std::string(name);
  return invalid(what + " is unknown" + guess_at(given, names) + "; there are " + known);
}

Status read_key(GKeyFile* file, const char* group, const char* key, Configuration& configuration) {
  const std::string place = "[" + std::string(group) + "] ";
  const Setting* setting = find_setting(group, key);
  if (!setting) return unknown(place + "key " + quoted(key), key, keys_of(group));
  const GCharPtr value(g_key_file_get_value(file, group, key, nullptr));
  const std::string_view text = trimmed(value ? value.get() : "");
  const std::string problem = setting->set(configuration, text);
  if (problem.empty()) return {};
  return invalid(place + key + "=" + quoted(text) + " " + problem);
}

// "[key studio]" is of the kind "key".
Status read_named_key(GKeyFile* file, const char* group, const char* key, Configuration& configuration) {
  const std::string place = "[" + std::string(group) + "] ";
  std::string_view name = group;
  const std::string_view kind = take_until(name, ' ');
  const std::vector<std::string_view> keys = keys_of_kind(kind);
  if (std::ranges::find(keys, key) == keys.end()) return unknown(place + "key " + quoted(key), key, keys);
  const GCharPtr value(g_key_file_get_value(file, group, key, nullptr));
  const std::string_view text = trimmed(value ? value.get() : "");
  const std::string problem = set_named(configuration, kind, std::string(name), key, text);
  if (problem.empty()) return {};
  return invalid(place + key + "=" + (is_secret(kind, key) ? "…" : quoted(text)) + " " + problem);
}

Status check_named_group(std::string_view group) {
  std::string_view name = group;
  const std::string_view kind = take_until(name, ' ');
  const std::vector<std::string_view> kinds = named_kinds();
  if (std::ranges::find(kinds, kind) == kinds.end()) return unknown("group " + quoted(group), kind, kinds);
  const std::string problem = problem_of_name(name);
  return problem.empty() ? Status()
                         : invalid("[" + std::string(group) + "] name " + quoted(name) + " " + problem);
}

Status read_group(GKeyFile* file, const char* group, Configuration& configuration) {
  const bool is_named = std::string_view(group).find(' ') != std::string_view::npos;
  if (is_named) {
    if (const Status known = check_named_group(group); !known) return known;
  } else if (keys_of(group).empty()) {
    return unknown("group " + quoted(group), group, groups());
  }
  const StrvPtr keys(g_key_file_get_keys(file, group, nullptr, nullptr));
  for (char** key = keys.get(); key && *key; ++key) {
    const Status read = is_named ? read_named_key(file, group, *key, configuration)
                                 : read_key(file, group, *key, configuration);
    if (!read) return read;
  }
  return {};
}

Result<std::string> read_file(const std::string& path) {
  char* content = nullptr;
  gsize size = 0;
  GError* error = nullptr;
  if (!g_file_get_contents(path.c_str(), &content, &size, &error)) {
    const GErrorPtr owned(error);
    return Error{ErrorCode::kIo, path + ": " + error->message};
  }
  const GCharPtr owned(content);
  return std::string(content, size);
}

}  // namespace

Result<Configuration> parse_configuration(const std::string& text) {
  const KeyFilePtr file(g_key_file_new());
  GError* error = nullptr;
  // Without translations kept, a key such as port[de] would be ignored instead of refused.
  if (!g_key_file_load_from_data(file.get(), text.data(), text.size(), G_KEY_FILE_KEEP_TRANSLATIONS,
                                 &error)) {
    const GErrorPtr owned(error);
    return invalid(std::string(error->message) + "; it takes lines like '[limits]' and 'max-held=1000'");
  }
  Configuration configuration;
  const StrvPtr found(g_key_file_get_groups(file.get(), nullptr));
  for (char** group = found.get(); *group; ++group) {
    if (const Status read = read_group(file.get(), *group, configuration); !read) return read.error();
  }
  if (const Status complete = check_complete(configuration); !complete) return complete.error();
  return configuration;
}

Result<Configuration> load_configuration(const std::string& path) {
  const Result<std::string> text = read_file(path);
  if (!text) return text.error();
  Result<Configuration> parsed = parse_configuration(*text);
  if (!parsed) return Error{parsed.error().code, path + ": " + parsed.error().message};
  if (parsed->jwks_file.empty()) return parsed;
  const GCharPtr folder(g_path_get_dirname(path.c_str()));
  const GCharPtr file(g_canonicalize_filename(parsed->jwks_file.c_str(), folder.get()));
  const Result<std::string> set = read_file(file.get());
  if (!set) return Error{set.error().code, path + ": [access] jwks-file: " + set.error().message};
  Result<access::JsonWebKeys> keys = access::parse_json_web_keys(*set);
  if (!keys) return invalid(path + ": [access] jwks-file: " + file.get() + ": " + keys.error().message);
  parsed->policy.token_keys = *std::move(keys);
  return parsed;
}

}  // namespace origin::server
