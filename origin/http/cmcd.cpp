// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/cmcd.hpp"

#include <glib.h>

#include <algorithm>
#include <optional>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::http {

namespace {

constexpr std::string_view kFields[] = {"cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status"};
constexpr std::string_view kParameter = "CMCD";
constexpr int kMostKeys = 40;
constexpr size_t kLongestKey = 64;
constexpr size_t kLongestNumber = 18;

bool is_word(char c) {
  return g_ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
}

std::optional<std::string> unescaped(std::string_view text) {
  // It is a form's value as well: a plus stands for a space.
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  const GCharPtr plain(g_uri_unescape_string(spaced.c_str(), nullptr));
  return plain ? std::optional<std::string>(plain.get()) : std::nullopt;
}

// Takes "…" off the beginning, with its quotes; \" and \\ stand for themselves.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  text = {};
  return std::nullopt;
}

// Where the query of an escaped URL begins.
size_t query_of(std::string_view url) {
  return std::min({url.find('?'), url.find("%3F"), url.find("%3f"), url.size()});
}

void add_plain(JsonDocument& json, const char* key, std::string_view value) {
  const bool negative = value.starts_with('-');
  const std::string_view digits = value.substr(negative ? 1 : 0);
  const auto number = digits.size() <= kLongestNumber ? parse_number(digits) : std::nullopt;
  if (number) {
    json.add(key, negative ? -static_cast<int64_t>(*number) : static_cast<int64_t>(*number));
  } else if (value == "true" || value == "false") {
    json.add(key, value == "true");
  } else if (!value.empty() && std::ranges::all_of(value, is_word)) {
    json.add(key, std::string(value));
  }
}

}  // namespace

std::string cmcd_of(const transport::RequestHead& head) {
  std::string all;
  const auto append = [&all](std::string_view text) {
    if (text.empty()) return;
    if (!all.empty()) all += ',';
    all += text;
  };
  for (const std::string_view field : kFields) append(head.field(field));
  for (std::string_view rest = head.query; !rest.empty();) {
    std::string_view parameter = take_until(rest, '&');
    if (take_until(parameter, '=') != kParameter) continue;
    if (const auto plain = unescaped(parameter)) append(*plain);
  }
  return all;
}

void add_cmcd(JsonDocument& json, std::string_view text) {
  for (int keys = 0; keys < kMostKeys && !text.empty(); ++keys) {
    const size_t length = static_cast<size_t>(std::ranges::find_if_not(text, is_word) - text.begin());
    const std::string key(text.substr(0, length));
    text.remove_prefix(length);
    const bool is_key = !key.empty() && key.size() <= kLongestKey;
    if (text.starts_with("=\"")) {
      text.remove_prefix(1);
      auto value = take_quoted(text);
      // A URL that is asked for next, whose query may have a token.
      if (value && key == "nor") value->resize(query_of(*value));
      if (is_key && value && g_utf8_validate(value->data(), static_cast<gssize>(value->size()), nullptr))
        json.add(key.c_str(), *value);
    } else if (text.starts_with('=')) {
      text.remove_prefix(1);
      const std::string_view value = text.substr(0, text.find(','));
      text.remove_prefix(value.size());
      if (is_key) add_plain(json, key.c_str(), trimmed(value));
    } else if (is_key && (text.empty() || text[0] == ',')) {
      // A key alone is true.
      json.add(key.c_str(), true);
    }
    take_until(text, ',');
    text = text.substr(std::min(text.find_first_not_of(' '), text.size()));
  }
}

}  // namespace origin::http
