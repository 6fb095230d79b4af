// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/status_metrics.hpp"

#include "origin/channel/status_json.hpp"

namespace origin::channel {

namespace {

using metrics::add_counter;
using metrics::add_gauge;
using metrics::Families;
using metrics::Family;

struct Row {
  const Options* options;
  PresentationStatus status;
};

// A family with a value for each track; nullopt: none for that one.
template <typename Value>
void add_tracks(Family& family, const std::vector<Row>& rows, Value value) {
  for (const Row& row : rows) {
    for (const TrackStatus& track : row.status.tracks) {
      if (const std::optional<double> number = value(row, track))
        metrics::add(family, {{"presentation", row.options->name}, {"track", track.info.name}}, *number);
    }
  }
}

std::optional<double> whole(uint64_t number) {
  return static_cast<double>(number);
}

void add_states(Families& families, const std::vector<Row>& rows) {
  Family& presentations =
      add_gauge(families, "origin_presentation_info", "1 for each presentation, with its state.");
  for (const Row& row : rows) {
    metrics::add(presentations, {{"presentation", row.options->name}, {"state", name_of(row.status.state)}},
                 1);
  }
  Family& warnings = add_gauge(families, "origin_presentation_warnings", "Different warnings so far.");
  for (const Row& row : rows) {
    metrics::add(warnings, {{"presentation", row.options->name}},
                 static_cast<double>(row.status.warnings.size()));
  }
}

void add_sources(Families& families, const std::vector<Row>& rows, UtcTime now) {
  add_tracks(add_gauge(families, "origin_track_up", "1: media comes; 0: its source is missing."), rows,
             [](const Row&, const TrackStatus& track) -> std::optional<double> {
               if (track.ended) return std::nullopt;
               return track.active && track.has_data && !track.late ? 1 : 0;
             });
  add_tracks(add_gauge(families, "origin_track_late",
                       "1: its source has sent nothing for one and a half target durations."),
             rows, [](const Row&, const TrackStatus& track) { return whole(track.late); });
  add_tracks(add_gauge(families, "origin_live_edge_age_seconds",
                       "Time of day less the date of the end of the last segment or part that is listed."),
             rows, [now](const Row& row, const TrackStatus& track) -> std::optional<double> {
               const bool live = row.status.state == State::kLive && track.active && track.has_data;
               if (!live || !row.options->wall_clock || track.ended) return std::nullopt;
               return to_seconds(now.time_since_epoch() - track.live_edge);
             });
}

void add_counts(Families& families, const std::vector<Row>& rows) {
  add_tracks(add_counter(families, "origin_parts_published_total",
                         "Parts, or chunks where there are no parts, of this run."),
             rows, [](const Row&, const TrackStatus& track) { return whole(track.parts); });
  add_tracks(add_counter(families, "origin_gaps_total", "Segments that are gaps."), rows,
             [](const Row&, const TrackStatus& track) { return whole(track.gaps); });
  add_tracks(add_counter(families, "origin_discontinuities_total", "Discontinuities."), rows,
             [](const Row&, const TrackStatus& track) { return whole(track.discontinuities); });
  add_tracks(add_counter(families, "origin_dropped_frames_total", "Frames that could not be used."), rows,
             [](const Row&, const TrackStatus& track) { return whole(track.dropped); });
  add_tracks(add_gauge(families, "origin_window_bytes", "Media in the window."), rows,
             [](const Row&, const TrackStatus& track) { return whole(track.bytes); });
}

}  // namespace

void add_metrics(const std::vector<std::shared_ptr<Presentation>>& presentations, UtcTime now,
                 metrics::Families& families) {
  std::vector<Row> rows;
  for (const auto& presentation : presentations)
    rows.push_back({&presentation->options(), presentation->status()});
  add_states(families, rows);
  add_sources(families, rows, now);
  add_counts(families, rows);
}

}  // namespace origin::channel
