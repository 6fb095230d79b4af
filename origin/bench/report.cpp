// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/report.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

#include "origin/base/json.hpp"

namespace origin::bench {

namespace {

constexpr Kind kAllKinds[] = {Kind::kHintedPart, Kind::kPart, Kind::kSegment, Kind::kHeldPlaylist,
                              Kind::kPlaylist};

double milliseconds(Duration duration) {
  return to_seconds(duration) * 1e3;
}

double per_second(uint64_t count, Duration duration) {
  return duration > Duration(0) ? static_cast<double>(count) / to_seconds(duration) : 0;
}

double cpu_seconds(const Run& run) {
  return to_seconds(run.after.user + run.after.system - run.before.user - run.before.system);
}

[[gnu::format(printf, 2, 3)]] void append(std::string& text, const char* format, ...) {
  std::array<char, 512> line;
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  text += line.data();
}

void append_row(std::string& text, const std::string& name, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  append(text, "  %-34s%10llu%10.3f%10.3f%10.3f%10.3f\n", name.c_str(),
         static_cast<unsigned long long>(histogram.count()), milliseconds(histogram.quantile(0.5)),
         milliseconds(histogram.quantile(0.9)), milliseconds(histogram.quantile(0.99)),
         milliseconds(histogram.max()));
  if (histogram.negative() > 0) {
    append(text, "    %llu of them negative: clocks disagree, or media is dated ahead of its time\n",
           static_cast<unsigned long long>(histogram.negative()));
  }
}

void append_heading(std::string& text, const char* name) {
  append(text, "%-36s%10s%10s%10s%10s%10s\n", name, "count", "p50 ms", "p90 ms", "p99 ms", "max ms");
}

void append_incident(std::string& text, const std::string& name, const Incident& incident) {
  if (incident.count == 0) return;
  text += "  " + std::to_string(incident.count) + " × " + name + "; the first: " + incident.first + "\n";
}

std::string mode(const Run& run) {
  const MediaPlaylist& playlist = run.discovery.first;
  std::string text;
  if (playlist.has_parts()) {
    append(text, "parts of %.3g s", to_seconds(playlist.part_target));
  } else {
    append(text, "no parts, segments up to %.3g s", to_seconds(playlist.target_duration));
  }
  return text + (playlist.can_block ? ", blocking reload" : ", polled");
}

void append_latencies(std::string& text, const Tally& tally) {
  append_heading(text, "publication to last byte");
  for (const Kind kind : kAllKinds) {
    for (size_t by = 0; by < kPublishedBy; ++by) {
      const auto source = static_cast<PublishedBy>(by);
      append_row(text, std::string(name_of(kind)) + ", by " + name_of(source), tally.latency(kind, source));
    }
    if (tally.undated(kind) > 0) {
      append(text, "  %-34s%10llu  nothing says when they were published\n", name_of(kind),
             static_cast<unsigned long long>(tally.undated(kind)));
    }
  }
  append_heading(text, "request to first byte");
  for (const Kind kind : kAllKinds) append_row(text, name_of(kind), tally.first_byte(kind));
}

void append_deliveries(std::string& text, const Tally& tally) {
  const std::vector<Delivery> all = tally.deliveries();
  if (all.empty()) return;
  const auto to_all = std::ranges::count_if(all, [](const Delivery& d) { return d.served == d.audience; });
  const auto slowest = std::ranges::max_element(all, {}, &Delivery::spread);
  append(text,
         "parts or segments: %zu, %td of them to every client (the first and last are cut off by the "
         "measurement)\n",
         all.size(), to_all);
  append(text, "  longest from the first client's last byte to the last one's: %.3f ms, %s\n",
         milliseconds(slowest->spread), slowest->name.c_str());
}

void append_incidents(std::string& text, const Tally& tally) {
  append(text, "errors: %llu\n", static_cast<unsigned long long>(tally.error_count()));
  for (size_t i = 0; i < kFaults; ++i)
    append_incident(text, name_of(static_cast<Fault>(i)), tally.faults(static_cast<Fault>(i)));
  for (const auto& [status, incident] : tally.statuses()) {
    append_incident(text, "status " + std::to_string(status), incident);
  }
  append(text, "violations: %llu\n", static_cast<unsigned long long>(tally.violation_count()));
  for (size_t i = 0; i < kViolations; ++i) {
    append_incident(text, name_of(static_cast<Violation>(i)), tally.violations(static_cast<Violation>(i)));
  }
}

void add_histogram(JsonDocument& document, const Histogram& histogram) {
  document.add("count", histogram.count())
      .add("negative", histogram.negative())
      .add("p50_ms", milliseconds(histogram.quantile(0.5)))
      .add("p90_ms", milliseconds(histogram.quantile(0.9)))
      .add("p99_ms", milliseconds(histogram.quantile(0.99)))
      .add("max_ms", milliseconds(histogram.max()));
}

void add_incident(JsonDocument& document, const std::string& name, const Incident& incident) {
  if (incident.count == 0) return;
  document.begin(name.c_str()).add("count", incident.count).add("first", incident.first).end();
}

void add_latencies(JsonDocument& document, const Tally& tally) {
  document.begin_array("publication_to_last_byte");
  for (const Kind kind : kAllKinds) {
    for (size_t by = 0; by < kPublishedBy; ++by) {
      const Histogram& histogram = tally.latency(kind, static_cast<PublishedBy>(by));
      if (histogram.count() == 0) continue;
      document.begin_element().add("of", name_of(kind)).add("by", name_of(static_cast<PublishedBy>(by)));
      add_histogram(document, histogram);
      document.end();
    }
  }
  document.end_array().begin_array("request_to_first_byte");
  for (const Kind kind : kAllKinds) {
    if (tally.first_byte(kind).count() == 0) continue;
    document.begin_element().add("of", name_of(kind));
    add_histogram(document, tally.first_byte(kind));
    document.end();
  }
  document.end_array().begin("own_delay");
  add_histogram(document, tally.own_delay());
  document.end();
}

void add_incidents(JsonDocument& document, const Tally& tally) {
  document.begin("errors");
  for (size_t i = 0; i < kFaults; ++i) {
    add_incident(document, name_of(static_cast<Fault>(i)), tally.faults(static_cast<Fault>(i)));
  }
  for (const auto& [status, incident] : tally.statuses()) {
    add_incident(document, "status " + std::to_string(status), incident);
  }
  document.end().begin("violations");
  for (size_t i = 0; i < kViolations; ++i) {
    add_incident(document, name_of(static_cast<Violation>(i)), tally.violations(static_cast<Violation>(i)));
  }
  document.end();
}

void add_deliveries(JsonDocument& document, const Tally& tally) {
  document.begin_array("parts");
  for (const Delivery& delivery : tally.deliveries()) {
    document.begin_element()
        .add("uri", delivery.name)
        .add("clients", delivery.audience)
        .add("served", delivery.served)
        .add("published_by", name_of(delivery.by))
        .add("p50_ms", milliseconds(delivery.p50))
        .add("p90_ms", milliseconds(delivery.p90))
        .add("p99_ms", milliseconds(delivery.p99))
        .add("max_ms", milliseconds(delivery.max))
        .add("spread_ms", milliseconds(delivery.spread))
        .end();
  }
  document.end_array();
}

}  // namespace

std::string table(const Run& run) {
  const Tally& tally = run.tally;
  std::string text = run.options.url.text() + ": " + mode(run) + "\n";
  append(text,
         "%u clients on %zu media playlists, %u followed when measuring began (after %.1f s), measured for "
         "%.1f s\n\n",
         run.options.clients, run.discovery.subjects.size(), run.times.joined, to_seconds(run.times.starting),
         to_seconds(run.times.measured));
  append_latencies(text, tally);
  append_row(text, "(this program was late by)", tally.own_delay());
  text += "\n";
  append_deliveries(text, tally);
  append(text, "requests: %llu, %.1f/s; received: %.1f MB, %.2f MB/s\n",
         static_cast<unsigned long long>(tally.request_count()),
         per_second(tally.request_count(), run.times.measured), static_cast<double>(tally.bytes()) / 1e6,
         per_second(tally.bytes(), run.times.measured) / 1e6);
  append(text, "connections: %llu, made again: %llu\n", static_cast<unsigned long long>(tally.connections()),
         static_cast<unsigned long long>(tally.reconnections()));
  if (tally.idle_hints() > 0) {
    append(text, "hints that came to nothing: %llu\n", static_cast<unsigned long long>(tally.idle_hints()));
  }
  if (tally.redirects() > 0) {
    append(text, "redirects followed: %llu\n", static_cast<unsigned long long>(tally.redirects()));
  }
  if (run.times.ended > 0) append(text, "the presentation ended for %u clients\n", run.times.ended);
  append_incidents(text, tally);
  append(text, "this program: %.1f %% of a core, %.1f MB of memory\n",
         100 * cpu_seconds(run) / std::max(to_seconds(run.times.measured), 1e-9),
         static_cast<double>(run.after.peak_resident) / 1e6);
  return text;
}

std::string json(const Run& run) {
  const Tally& tally = run.tally;
  const MediaPlaylist& playlist = run.discovery.first;
  JsonDocument document;
  document.add("url", run.options.url.text())
      .add("part_target", to_seconds(playlist.part_target))
      .add("target_duration", to_seconds(playlist.target_duration))
      .add("blocking_reload", playlist.can_block)
      .add("clients", run.options.clients)
      .add("clients_joined", run.times.joined)
      .add("clients_ended", run.times.ended)
      .begin_array("playlists");
  for (const Subject& subject : run.discovery.subjects) document.add_element(subject.url.text());
  document.end_array()
      .add("starting_s", to_seconds(run.times.starting))
      .add("measured_s", to_seconds(run.times.measured));
  add_latencies(document, tally);
  document.begin("requests");
  for (const Kind kind : kAllKinds) document.add(name_of(kind), tally.requests(kind));
  document.end().begin("undated");
  for (const Kind kind : kAllKinds) document.add(name_of(kind), tally.undated(kind));
  document.end()
      .add("requests_per_second", per_second(tally.request_count(), run.times.measured))
      .add("bytes", tally.bytes())
      .add("connections", tally.connections())
      .add("reconnections", tally.reconnections())
      .add("idle_hints", tally.idle_hints())
      .add("redirects", tally.redirects())
      .add("error_count", tally.error_count())
      .add("violation_count", tally.violation_count());
  add_incidents(document, tally);
  document.begin("tool")
      .add("cpu_s", cpu_seconds(run))
      .add("resident_bytes", run.after.resident)
      .add("peak_resident_bytes", run.after.peak_resident)
      .end();
  add_deliveries(document, tally);
  return document.text();
}

}  // namespace origin::bench
