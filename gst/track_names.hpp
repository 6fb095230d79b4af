// SPDX-License-Identifier: LGPL-2.1-or-later
// Which track each pad has, under which name. A pad's own name is announced before it is known what the pad
// carries; whoever turns out to carry that kind may get the track. Not locked: its owner does.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gst/gst_ref.hpp"

namespace gst {

class TrackNames {
 public:
  using Track = origin::Ref<OriginTrack>;
  using Pad = const void*;

  // The pad has no data yet. False: it is known already.
  bool expect(Pad pad) { return waiting_.insert(pad).second; }
  void announce(const std::string& name, Track track) { announced_.insert_or_assign(name, std::move(track)); }

  // A name for what the pad carries: `wanted` if that begins with `stem` and is free, else the first free
  // one.
  std::string take(Pad pad, const std::string& wanted, const std::string& stem) {
    std::string name = wanted.starts_with(stem) ? wanted : stem + "0";
    for (unsigned index = 0; !taken_.insert(name).second; ++index) name = stem + std::to_string(index);
    waiting_.erase(pad);
    return name;
  }
  void give_back(const std::string& name) { taken_.erase(name); }
  // The track that was announced under that name. Null: there is none.
  Track announced(const std::string& name) {
    const auto found = announced_.find(name);
    return found == announced_.end() ? Track() : std::move(announced_.extract(found).mapped());
  }

  // The pad will carry nothing.
  void forget(Pad pad) { waiting_.erase(pad); }
  // Tracks that no pad is left for; `own` is the first to go. For the caller to end.
  std::vector<Track> surplus(const std::string& own) {
    std::vector<Track> tracks;
    while (announced_.size() > waiting_.size()) {
      const auto found = announced_.find(own);
      const auto victim = found == announced_.end() ? announced_.begin() : found;
      tracks.push_back(std::move(announced_.extract(victim).mapped()));
    }
    return tracks;
  }

 private:
  std::set<Pad> waiting_;
  std::set<std::string> taken_;
  std::map<std::string, Track> announced_;
};

}  // namespace gst
