// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/documents.hpp"

#include <gio/gio.h>

#include "origin/base/json.hpp"

namespace origin::http {

namespace {

constexpr std::string_view kWebFolder = "_web/";
constexpr const char* kWebResources = "/org/gst-origin/web/";

std::string content_type_of(std::string_view file) {
  static constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".txt", "text/plain; charset=utf-8"},
      {".json", "application/json"},
      {".map", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".woff2", "font/woff2"},
  };
  for (const auto& [extension, type] : kTypes) {
    if (file.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

store::ObjectRef make_document(Bytes content, store::Headers headers) {
  store::Object object;
  object.size = content.size();
  object.body = {std::move(content)};
  object.headers = std::move(headers);
  return std::make_shared<const store::Object>(std::move(object));
}

store::ObjectRef fresh_document(std::string text, const char* content_type) {
  return make_document(Bytes::take(std::move(text)),
                       {.content_type = content_type, .cache_control = "no-store"});
}

store::ObjectRef health() {
  return fresh_document(JsonDocument().add("live", true).add("ready", true).text(), "application/json");
}

store::ObjectRef server_status(Shared& shared) {
  const MonotonicTime now = shared.store.clock().monotonic();
  const transport::Stats transport = shared.transport_stats();
  const store::Stats memory = shared.store.stats();
  JsonDocument json;
  json.add("uptime", to_seconds(now - shared.started));
  json.begin("connections")
      .add("open", transport.connections)
      .add("accepted", transport.accepted)
      .add("refused", transport.refused)
      .add("timed_out", transport.timed_out)
      .add("bad_requests", transport.bad_requests)
      .end();
  json.add("requests", shared.requests.load(std::memory_order_relaxed))
      .add("bytes_sent", transport.bytes_sent)
      .add("bytes_received", transport.bytes_received)
      .add("held", shared.held.load(std::memory_order_relaxed));
  json.begin("memory")
      .add("used", memory.used_bytes)
      .add("limit", memory.limit_bytes)
      .add("objects", memory.objects)
      .add("topics", memory.topics)
      .add("evicted", memory.evicted)
      .add("expired", memory.expired)
      .end();
  json.begin("viewers");
  for (const auto& [component, count] : shared.viewers.count(now)) json.add(component.c_str(), count);
  json.end();
  return fresh_document(json.text(), "application/json");
}

}  // namespace

store::ObjectRef Documents::find(std::string_view name) {
  if (name.empty()) return asset("index.html");
  if (name.starts_with(kWebFolder)) return asset(std::string(name.substr(kWebFolder.size())));
  if (name == "time") return fresh_document(format_rfc3339(shared_.store.clock().utc()), "text/plain");
  if (name == "healthz") return health();
  if (name == "api/server") return server_status(shared_);
  return nullptr;
}

store::ObjectRef Documents::asset(const std::string& file) {
  if (const auto known = assets_.find(file); known != assets_.end()) return known->second;
  GBytes* found =
      g_resources_lookup_data((kWebResources + file).c_str(), G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  if (!found) return nullptr;
  Bytes content(Ref<GBytes>::adopt(found));
  // Names do not change with the content, so caches have to ask each time; the answer is a 304.
  const GCharPtr hash(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, found));
  auto document = make_document(std::move(content), {.content_type = content_type_of(file),
                                                     .cache_control = "no-cache",
                                                     .etag = "\"" + std::string(hash.get(), 16) + "\""});
  assets_.emplace(file, document);
  return document;
}

}  // namespace origin::http
