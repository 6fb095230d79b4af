// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/assets.hpp"

#include <gio/gio.h>

namespace origin::http {

namespace {

constexpr const char* kFolder = "/org/gst-origin/web/";

const char* content_type_of(std::string_view file) {
  static constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
  };
  for (const auto& [extension, type] : kTypes) {
    if (file.ends_with(extension)) return type;
  }
  return "text/plain; charset=utf-8";
}

store::MessageRef load(const std::string& file) {
  Bytes content(Ref<GBytes>::adopt(
      g_resources_lookup_data((kFolder + file).c_str(), G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr)));
  const GCharPtr hash(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, content.get()));
  // Names do not change with the content, so caches have to ask each time; the answer is a 304.
  store::Headers headers{.content_type = content_type_of(file),
                         .cache_control = "no-cache",
                         .etag = "\"" + std::string(hash.get(), 16) + "\""};
  return std::make_shared<const store::Message>(store::Position{},
                                                store::make_object({std::move(content)}, std::move(headers)));
}

}  // namespace

Assets::Assets() {
  char** const names = g_resources_enumerate_children(kFolder, G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  for (char** name = names; name && *name; ++name) files_.emplace(*name, load(*name));
  g_strfreev(names);
}

store::MessageRef Assets::find(std::string_view file) const {
  const auto found = files_.find(file);
  return found == files_.end() ? nullptr : found->second;
}

}  // namespace origin::http
