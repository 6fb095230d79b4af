// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/configuration.hpp"

#include <memory>
#include <vector>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"
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

Status read_group(GKeyFile* file, const char* group, Configuration& configuration) {
  if (keys_of(group).empty()) return unknown("group " + quoted(group), group, groups());
  const StrvPtr keys(g_key_file_get_keys(file, group, nullptr, nullptr));
  for (char** key = keys.get(); key && *key; ++key) {
    if (const Status read = read_key(file, group, *key, configuration); !read) return read;
  }
  return {};
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
  return configuration;
}

Result<Configuration> load_configuration(const std::string& path) {
  char* content = nullptr;
  gsize size = 0;
  GError* error = nullptr;
  if (!g_file_get_contents(path.c_str(), &content, &size, &error)) {
    const GErrorPtr owned(error);
    return Error{ErrorCode::kIo, path + ": " + error->message};
  }
  const GCharPtr owned(content);
  Result<Configuration> parsed = parse_configuration(std::string(content, size));
  if (!parsed) return Error{parsed.error().code, path + ": " + parsed.error().message};
  return parsed;
}

}  // namespace origin::server
