// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/answer.hpp"

#include <json-glib/json-glib.h>

#include <algorithm>
#include <array>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::publish {

namespace {

constexpr size_t kLongestText = 300;

// Conditions that pass: a request took too long, another publisher may still time out, a header is sent again
// anyway, too many failures within a minute.
constexpr std::array kPassing = {408, 409, 412, 425, 429};
// A server that will not understand it next time either.
constexpr std::array kLasting = {501, 505};

// {"error":"…"}; empty if it is something else.
std::string json_error(const std::string& body) {
  const auto parser = Ref<JsonParser>::adopt(json_parser_new());
  if (!json_parser_load_from_data(parser.get(), body.data(), static_cast<gssize>(body.size()), nullptr))
    return {};
  JsonNode* root = json_parser_get_root(parser.get());
  if (!root || !JSON_NODE_HOLDS_OBJECT(root)) return {};
  JsonNode* text = json_object_get_member(json_node_get_object(root), "error");
  const bool is_text = text && JSON_NODE_HOLDS_VALUE(text) && json_node_get_value_type(text) == G_TYPE_STRING;
  return is_text ? json_node_get_string(text) : "";
}

// Other servers answer with pages.
std::string first_line(std::string_view text) {
  std::string_view rest = text;
  std::string line;
  while (line.empty() && !rest.empty()) line = take_until(rest, '\n');
  return line;
}

}  // namespace

bool Answer::is_final() const {
  const auto is_in = [this](const auto& list) { return std::ranges::find(list, status) != list.end(); };
  if (status >= 500) return is_in(kLasting);
  return status >= 300 && !is_in(kPassing);
}

std::string Answer::text() const {
  std::string said = json_error(body);
  if (said.empty()) said = first_line(body);
  if (!redirect.empty()) said = "it is at " + redirect;
  std::ranges::replace_if(
      said, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  if (said.size() > kLongestText) said = said.substr(0, kLongestText) + "…";
  said = trimmed(said);
  const GCharPtr valid(g_utf8_make_valid(said.data(), static_cast<gssize>(said.size())));
  return "HTTP " + std::to_string(status) + (said.empty() ? "" : ": ") + valid.get();
}

Error Answer::error() const {
  const auto code = [this] {
    switch (status) {
      case 404:
      case 410:
        return ErrorCode::kNotFound;
      case 413:
        return ErrorCode::kTooLarge;
      case 415:
      case 501:
      case 505:
        return ErrorCode::kUnsupported;
      default:
        return ErrorCode::kInvalid;
    }
  }();
  return {code, "the server refuses what is published: " + text()};
}

}  // namespace origin::publish
