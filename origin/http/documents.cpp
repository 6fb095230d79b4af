// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/documents.hpp"

#include "origin/base/json.hpp"
#include "origin/http/listing.hpp"
#include "origin/http/metrics_document.hpp"
#include "origin/http/namespace_documents.hpp"

namespace origin::http {

namespace {

store::ObjectRef fresh_document(std::string text, const char* content_type) {
  return store::make_object({Bytes::take(std::move(text))},
                            {.content_type = content_type, .cache_control = "no-store"});
}

store::ObjectRef health() {
  return fresh_document(JsonDocument().add("live", true).add("ready", true).text(), "application/json");
}

store::ObjectRef server_status(Shared& shared) {
  const MonotonicTime now = shared.store.clock().monotonic();
  const transport::Stats transport = shared.transport->stats();
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
      .add("requests_in_fast_lane", shared.requests_in_fast_lane.load(std::memory_order_relaxed))
      .add("bytes_sent", transport.bytes_sent)
      .add("bytes_received", transport.bytes_received)
      .add("held", shared.held.load(std::memory_order_relaxed))
      .add("uploads", shared.uploads.load(std::memory_order_relaxed));
  json.begin("memory")
      .add("used", memory.used_bytes)
      .add("limit", memory.limit_bytes)
      .add("objects", memory.objects)
      .add("topics", memory.topics)
      .add("evicted", memory.evicted)
      .add("shortages", memory.shortages)
      .add("expired", memory.expired)
      .end();
  json.begin("playlists").add("rendered", memory.rendered).add("compressed", memory.compressed).end();
  const Totals totals = totals_of(shared.ledgers);
  json.begin("results");
  for (size_t result = 0; result < kResults; ++result) {
    uint64_t count = 0;
    for (const auto& results : totals.requests) count += results[result];
    json.add(kResultNames[result], count);
  }
  json.end().begin_array("read_times");
  for (size_t i = 0; i <= std::size(metrics::kTimeBounds); ++i) {
    const bool is_last = i == std::size(metrics::kTimeBounds);
    json.begin_element();
    if (!is_last) json.add("within", to_seconds(metrics::kTimeBounds[i]));
    json.add("count", totals.reads.counts[i]).end();
  }
  json.end_array().begin("viewers");
  for (const auto& [component, count] : shared.viewers.count(now)) json.add(component.c_str(), count);
  json.end();
  return fresh_document(json.text(), "application/json");
}

store::ObjectRef connections(const Shared& shared) {
  JsonDocument json;
  json.add("open", shared.transport->stats().connections).begin_array("connections");
  for (const transport::ConnectionInfo& connection :
       shared.transport->connections(shared.limits.max_listed)) {
    json.begin_element()
        .add("address", connection.address)
        .add("state", connection.state)
        .add("age", to_seconds(connection.age))
        .add("requests", connection.requests)
        .add("bytes_received", connection.bytes_received)
        .add("bytes_sent", connection.bytes_sent)
        .end();
  }
  return fresh_document(json.end_array().text(), "application/json");
}

}  // namespace

store::ObjectRef find_document(Shared& shared, std::string_view name, std::string_view query) {
  if (name == "time") return fresh_document(format_rfc3339(shared.store.clock().utc()), "text/plain");
  if (name == "healthz") return health();
  if (name == "metrics") return fresh_document(metrics_text(shared), metrics::kContentType);
  if (name == "api/server") return server_status(shared);
  if (name == "api/connections") return connections(shared);
  if (const auto of_namespace = namespace_of_document(name))
    return find_namespace_document(shared, *of_namespace);
  if (name == "api/objects") return list_objects(shared, {}, query);
  return nullptr;
}

}  // namespace origin::http
