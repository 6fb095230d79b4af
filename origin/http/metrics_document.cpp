// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/metrics_document.hpp"

namespace origin::http {

namespace {

using metrics::add;
using metrics::add_counter;
using metrics::add_gauge;
using metrics::add_histogram;
using metrics::Families;
using metrics::Family;

void add_by_result(Family& family, const uint64_t (&values)[kOperations][kResults]) {
  for (size_t operation = 0; operation < kOperations; ++operation) {
    for (size_t result = 0; result < kResults; ++result) {
      const uint64_t value = values[operation][result];
      // What this server never does would be lines without end.
      if (value == 0) continue;
      add(family, {{"operation", kOperationNames[operation]}, {"result", kResultNames[result]}},
          static_cast<double>(value));
    }
  }
}

void add_one(Family& family, uint64_t value) {
  add(family, {}, static_cast<double>(value));
}

void add_requests(Families& families, const Totals& totals) {
  add_by_result(add_counter(families, "origin_http_requests_total", "Requests by what became of them."),
                totals.requests);
  add_by_result(
      add_counter(families, "origin_http_response_bytes_total", "Bytes sent in answers, with heads."),
      totals.bytes);
  Family& durations =
      add_histogram(families, "origin_http_request_duration_seconds",
                    "From the head of a request to the last byte of its answer that the kernel took.");
  add(durations, {{"kind", "read"}}, totals.reads);
  add(durations, {{"kind", "held"}}, totals.waits);
  add(durations, {{"kind", "write"}}, totals.writes);
  add(add_histogram(families, "origin_object_age_seconds", "Age of objects as they were read."), {},
      totals.ages);
  Family& wakes = add_histogram(families, "origin_publish_to_wake_seconds",
                                "From a publication to the answer of each request that waited for it.");
  for (const auto& [presentation, wake] : totals.wakes) add(wakes, {{"presentation", presentation}}, wake);
}

void add_connections(Families& families, const Shared& shared) {
  const transport::Stats stats = shared.transport->stats();
  add_one(add_gauge(families, "origin_connections", "Connections that are open."), stats.connections);
  add_one(add_counter(families, "origin_connections_accepted_total", "Connections that were let in."),
          stats.accepted);
  add_one(add_counter(families, "origin_connections_refused_total", "Connections beyond a limit."),
          stats.refused);
  add_one(add_counter(families, "origin_connections_timed_out_total",
                      "Connections that a deadline ended, or that made room for others."),
          stats.timed_out);
  add_one(add_counter(families, "origin_bad_requests_total", "Requests whose head was none."),
          stats.bad_requests);
  add_one(add_counter(families, "origin_received_bytes_total", "Bytes received."), stats.bytes_received);
  add_one(add_counter(families, "origin_sent_bytes_total", "Bytes sent."), stats.bytes_sent);
  add_one(add_gauge(families, "origin_held_requests", "Requests that wait for something to come."),
          shared.held.load(std::memory_order_relaxed));
  add_one(add_gauge(families, "origin_uploads", "Request bodies that are on their way."),
          shared.uploads.load(std::memory_order_relaxed));
  if (shared.access_log)
    add_one(add_counter(families, "origin_access_log_lost_lines_total", "Lines that could not be written."),
            shared.access_log->dropped());
}

void add_memory(Families& families, const store::Stats& stats) {
  add_one(add_gauge(families, "origin_memory_limit_bytes", "Memory that contents may take."),
          stats.limit_bytes);
  add_one(add_gauge(families, "origin_memory_used_bytes", "Memory that contents take."), stats.used_bytes);
  Family& entries = add_gauge(families, "origin_store_entries", "Names that have something.");
  add(entries, {{"kind", "object"}}, static_cast<double>(stats.objects));
  add(entries, {{"kind", "topic"}}, static_cast<double>(stats.topics));
  Family& gone = add_counter(families, "origin_objects_gone_total", "Objects that went by themselves.");
  add(gone, {{"reason", "expired"}}, static_cast<double>(stats.expired));
  add(gone, {{"reason", "evicted"}}, static_cast<double>(stats.evicted));
  add_one(add_counter(families, "origin_memory_shortages_total",
                      "Times that memory was short although nothing was left to evict."),
          stats.shortages);
  add_one(add_counter(families, "origin_playlists_rendered_total", "Playlists that were rendered."),
          stats.rendered);
  add_one(add_counter(families, "origin_playlists_compressed_total", "Playlists that were compressed."),
          stats.compressed);
}

void add_viewers(Families& families, Shared& shared) {
  Family& viewers = add_gauge(families, "origin_viewers", "Distinct clients that fetched something lately.");
  for (const auto& [component, count] : shared.viewers.count(shared.store.clock().monotonic()))
    add(viewers, {{"presentation", component}}, static_cast<double>(count));
}

}  // namespace

Totals totals_of(const Ledgers& ledgers) {
  Totals totals{.reads = {.bounds = metrics::kTimeBounds},
                .waits = {.bounds = metrics::kTimeBounds},
                .writes = {.bounds = metrics::kTimeBounds},
                .ages = {.bounds = kAgeBounds},
                .wakes = {}};
  ledgers.for_each([&](const Ledger& ledger) {
    const Tally& tally = ledger.tally();
    for (size_t operation = 0; operation < kOperations; ++operation) {
      for (size_t result = 0; result < kResults; ++result) {
        totals.requests[operation][result] += tally.requests[operation][result].value();
        totals.bytes[operation][result] += tally.bytes[operation][result].value();
      }
    }
    totals.reads += tally.reads.values();
    totals.waits += tally.waits.values();
    totals.writes += tally.writes.values();
    totals.ages += tally.ages.values();
    MutexLock lock(tally.mutex);
    for (const auto& [component, wakes] : tally.wakes) totals.wakes[component] += wakes.values();
  });
  return totals;
}

std::string metrics_text(Shared& shared) {
  Families families;
  add(add_gauge(families, "origin_uptime_seconds", "Time since start."), {},
      to_seconds(shared.store.clock().monotonic() - shared.started));
  add_requests(families, totals_of(shared.ledgers));
  add_connections(families, shared);
  add_memory(families, shared.store.stats());
  add_viewers(families, shared);
  for (const auto& source : shared.metrics) source->collect(families);
  return metrics::text_of(families);
}

}  // namespace origin::http
