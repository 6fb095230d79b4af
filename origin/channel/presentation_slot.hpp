// SPDX-License-Identifier: LGPL-2.1-or-later
// What a presentation remembers of a track besides its window. Private to the presentation, guarded by its
// lock.
#pragma once

#include "origin/channel/presentation.hpp"

namespace origin::channel {

struct Presentation::Slot {
  Slot(const Options& options, const std::string& name, store::Store& store) : track(options, name, store) {}

  Track track;
  std::weak_ptr<TrackWriter> writer;
  publish::Publisher::TrackId relayed = 0;  // where there is a relay
  std::string codec;
  bool has_data = false;  // in this run
  bool ended = false;     // in this run: no data will come
  bool cadence_known = false;
  Cadence cadence;
  std::optional<Duration> offset;  // from running time to the time line, of the last segment that was opened
  std::optional<Duration> written_with;  // likewise, whatever anchor has been set since
  Duration frame{};                      // what the last segment began with, twice the tolerance
  Duration end{};                        // where the last segment that was opened is to end
  int64_t lead = 0;                      // by how much its last number was greater than that of its slot
  uint64_t dropped = 0;
  uint64_t parts = 0;        // of this run
  bool undecodable = false;  // in this run: has been warned of
  MonotonicTime last_data{};
  // When the playlist last got a whole segment, shifted so that gaps come at the pace of media.
  MonotonicTime last_listed{};

  void start_run(const std::string& run_id, Publication& publication) {
    track.start_run(run_id, publication);
    writer.reset();
    has_data = ended = cadence_known = undecodable = false;
    offset.reset();
    written_with.reset();
    cadence = {};
    end = {};
    lead = 0;
    parts = 0;
  }

  bool is_video() const { return track.info().kind == media::Kind::kVideo; }
  // Carries media and may still get more.
  bool running() const { return track.active() && has_data && !ended; }

  // Ended without ever having had data.
  bool given_up() const { return ended && !has_data; }

  // Belongs into the multivariant playlist.
  bool listed() const {
    return track.active() && has_data && track.playlist_published() && track.window().size() > 0;
  }

  TrackStatus status() const {
    const timeline::Window& window = track.window();
    TrackStatus status;
    status.info = track.info();
    status.codec = codec;
    status.active = track.active();
    status.has_data = has_data;
    status.ended = ended;
    status.segments = window.size();
    status.first_sequence = window.first() ? window.first()->sequence : 0;
    status.last_sequence = window.last_sequence().value_or(0);
    status.discontinuities = window.discontinuities();
    status.gaps = window.gaps();
    status.dropped = dropped;
    status.parts = parts;
    status.bytes = window.bytes();
    status.live_edge = window.end_time().value_or(Duration::zero());
    return status;
  }
};

}  // namespace origin::channel
