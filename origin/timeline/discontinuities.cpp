// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/timeline/discontinuities.hpp"

#include <algorithm>
#include <map>

namespace origin::timeline {

namespace {

// A segment of another track that starts this little before is meant to start at the same time: audio frames
// are that long.
constexpr Duration kAlike = 50ms;

using Segments = std::vector<SegmentRef>;

struct Place {
  Duration time;
  const Segments* track;
};

// Which epochs began where. A track that merely joined a new one, perhaps late, says nothing of its place if
// another one has a new format there.
std::vector<Place> places_of(const std::vector<Segments>& tracks) {
  struct Epoch {
    std::vector<Place> new_formats, others;
  };
  std::map<uint64_t, Epoch> epochs;
  for (const Segments& track : tracks) {
    for (size_t i = 1; i < track.size(); ++i) {
      const Segment &before = *track[i - 1], &segment = *track[i];
      if (segment.epoch == before.epoch) continue;
      Epoch& epoch = epochs[segment.epoch];
      const bool new_format = segment.init_uri() != before.init_uri();
      (new_format ? epoch.new_formats : epoch.others).push_back({segment.start, &track});
    }
  }
  const auto earlier = [](const Place& a, const Place& b) { return a.time < b.time; };
  std::vector<Place> places;
  for (auto& [number, epoch] : epochs) {
    if (epoch.new_formats.empty()) {
      places.push_back(*std::ranges::min_element(epoch.others, earlier));
    } else {
      places.insert(places.end(), epoch.new_formats.begin(), epoch.new_formats.end());
    }
  }
  std::ranges::sort(places, earlier);
  return places;
}

// Whether a track has a segment that starts in between, for the first of two places.
bool has_boundary(const Segments& track, Duration from, Duration before) {
  return std::ranges::any_of(track, [&](const SegmentRef& segment) {
    return segment->start + kAlike >= from && segment->start < before;
  });
}

// Of two places that are the same for a track, one is enough.
std::vector<Duration> times_of(const std::vector<Place>& places) {
  std::vector<Duration> times;
  for (const Place& place : places) {
    if (times.empty() || has_boundary(*place.track, times.back(), place.time)) times.push_back(place.time);
  }
  return times;
}

}  // namespace

void align_discontinuities(std::vector<std::vector<SegmentRef>>& tracks) {
  const std::vector<Duration> times = times_of(places_of(tracks));
  uint64_t first = UINT64_MAX;
  for (const Segments& track : tracks) {
    if (!track.empty()) first = std::min(first, track.front()->epoch);
  }
  for (Segments& track : tracks) {
    for (SegmentRef& segment : track) {
      const auto passed =
          std::ranges::count_if(times, [&](Duration time) { return time <= segment->start + kAlike; });
      const uint64_t epoch = first + static_cast<uint64_t>(passed);
      if (segment->epoch == epoch) continue;
      auto changed = std::make_shared<Segment>(*segment);
      changed->epoch = epoch;
      segment = std::move(changed);
    }
  }
}

}  // namespace origin::timeline
