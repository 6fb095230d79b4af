// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/publish/location.hpp"

#include <algorithm>

#include "origin/base/ref.hpp"
#include "origin/base/text.hpp"

namespace origin::publish {

namespace {

Error wrong(std::string_view text, const std::string& why) {
  return {ErrorCode::kInvalid,
          "location '" + std::string(text) + "' " + why + "; it takes a URL such as http://origin:8080"};
}

std::string escaped(const std::string& segment) {
  return GCharPtr(g_uri_escape_string(segment.c_str(), nullptr, FALSE)).get();
}

bool is_plain(char c) {
  return c > ' ' && c < 0x7f;
}

}  // namespace

Result<Location> Location::parse(std::string_view text) {
  const std::string copy(text);
  // Errors are logged, and there may be a password before it.
  if (text.find('@') != text.npos)
    return wrong("…", "has a user or password, which belong into the key, or an '@'");
  if (!std::ranges::all_of(text, is_plain)) return wrong(text, "has characters that no URL has");
  GCharPtr scheme, user, host, path, query, fragment;
  char* parts[6] = {};
  gint port = -1;
  GError* error = nullptr;
  const bool parsed = g_uri_split(copy.c_str(), G_URI_FLAGS_ENCODED, &parts[0], &parts[1], &parts[2], &port,
                                  &parts[3], &parts[4], &parts[5], &error);
  const GErrorPtr fault(error);
  for (int i = 0; auto* part : {&scheme, &user, &host, &path, &query, &fragment}) part->reset(parts[i++]);
  if (!parsed) return wrong(text, std::string("is no URL (") + fault->message + ")");
  const std::string_view kind = scheme ? scheme.get() : "";
  if (kind != "http" && kind != "https") return wrong(text, "is neither of http nor of https");
  if (!host || !*host) return wrong(text, "has no host");
  if (query || fragment) return wrong(text, "has a query or fragment");
  if (port == 0) return wrong(text, "has port 0, where nothing listens");
  if (copy.find("/_token/") != copy.npos) return wrong("…", "has a token, which belongs into the key");
  if (has_dot_segment(path.get())) return wrong(text, "has a dot segment");
  const size_t last = copy.find_last_not_of('/');
  return Location(copy.substr(0, last + 1));
}

// The name is a folder: of a file's name, the origin leaves out words such as "init" and "media".
std::string Location::track_url(const std::string& presentation, const std::string& track,
                                const std::string& query) const {
  return base_ + "/_ingest/" + escaped(presentation) + "/" + escaped(track) + "/stream.mp4?" + query;
}

Status check_name(const char* what, const std::string& name) {
  const auto fits = [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f && c != '/' && c != '\\';
  };
  if (!name.empty() && name != "." && name != ".." && std::ranges::all_of(name, fits)) return {};
  return Error{ErrorCode::kInvalid, std::string(what) + " name '" + name +
                                        "' cannot be; it takes at least one character, and no slash"};
}

}  // namespace origin::publish
