// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/ingest.hpp"

#include <vector>

#include "origin/packager/reader_splitter.hpp"

namespace origin::channel {

namespace {

class TrackPush final : public store::Push {
 public:
  TrackPush(std::shared_ptr<PublishingPoint> point, PushedTrack& track, PushTerms terms,
            const IngestLimits& limits)
      : point_(std::move(point)),
        track_(track),
        terms_(std::move(terms)),
        splitter_({.header = limits.max_cmaf_header, .chunk = limits.max_cmaf_chunk}) {
    track_.begin();
  }
  ~TrackPush() override {
    end_track();
    track_.finish();
  }

  Status write(std::string_view bytes) override {
    std::vector<packager::Unit> units;
    const Status split =
        splitter_.push(ByteSpan(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()), units);
    // What came before what is wrong counts.
    for (const packager::Unit& unit : units) {
      if (Status taken = track_.take(unit, terms_); !taken) return taken;
    }
    return split;
  }

  Status complete() override {
    const Status finished = splitter_.finish();
    end_track();
    return finished;
  }

 private:
  // Not before the last byte: what says so stands at the head of the last segment.
  void end_track() {
    if (splitter_.track_ended()) track_.end();
  }

  const std::shared_ptr<PublishingPoint> point_;
  PushedTrack& track_;
  const PushTerms terms_;
  packager::Splitter splitter_;
};

// What begins a track, or ends one, is in the media itself.
class ManifestPush final : public store::Push {
 public:
  explicit ManifestPush(size_t most) : left_(most) {}

  Status write(std::string_view bytes) override {
    if (bytes.size() > left_) return Error{ErrorCode::kTooLarge, "no manifest has so many bytes"};
    left_ -= bytes.size();
    return {};
  }
  Status complete() override { return {}; }

 private:
  size_t left_;
};

// An encoder asks whether it may (DASH-IF Live Media Ingest 1.2, 6.2).
class Probe final : public store::Push {
 public:
  Status write(std::string_view) override {
    return Error{ErrorCode::kInvalid, "this path is of no track; media goes to <presentation>/<track>"};
  }
  Status complete() override { return {}; }
};

Error no_point(const std::string& name) {
  return {ErrorCode::kNotFound, "nothing is pushed to '" + name + "'"};
}

}  // namespace

Result<std::unique_ptr<store::Push>> Ingest::push(std::string_view name, std::string_view query) {
  Result<PushedName> parsed = parse_pushed_name(name);
  if (!parsed) return parsed.error();
  if (parsed->is_manifest)
    return std::unique_ptr<store::Push>(std::make_unique<ManifestPush>(limits_.max_cmaf_header));
  if (parsed->track.empty()) return std::unique_ptr<store::Push>(std::make_unique<Probe>());
  Result<PushTerms> terms = parse_push_terms(parsed->presentation, query);
  if (!terms) return terms.error();
  std::shared_ptr<PublishingPoint> point = obtain(parsed->presentation);
  if (!point)
    return Error{ErrorCode::kLimit, "there are " + std::to_string(limits_.max_publishing_points) +
                                        " publishing points already, which is all that there may be"};
  PushedTrack* track = point->obtain_track(parsed->track, limits_.max_pushed_tracks);
  if (!track)
    return Error{ErrorCode::kInvalid, "'" + std::string(name) +
                                          "' is one track too many: a presentation has at most " +
                                          std::to_string(limits_.max_pushed_tracks) + " here"};
  return std::unique_ptr<store::Push>(
      std::make_unique<TrackPush>(std::move(point), *track, *std::move(terms), limits_));
}

Status Ingest::end(std::string_view name) {
  const Result<PushedName> parsed = parse_pushed_name(name);
  if (!parsed) return parsed.error();
  // Encoders that write folders delete what they do not list any more: nothing of that is here.
  if (parsed->is_file) return {};
  const std::shared_ptr<PublishingPoint> point = find(parsed->presentation);
  if (!point) return no_point(parsed->presentation);
  if (parsed->track.empty()) {
    point->end();
    return {};
  }
  PushedTrack* track = point->find_track(parsed->track);
  if (!track) return no_point(std::string(name));
  track->end();
  return {};
}

void Ingest::tick() {
  std::vector<std::shared_ptr<PublishingPoint>> all;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, point] : points_) all.push_back(point);
  }
  for (auto& point : all) {
    point->leave_if_idle(limits_);
    if (!point->is_unused(limits_.header_timeout)) continue;
    const MutexLock lock(mutex_);
    // Those that are named here: nobody has come to push meanwhile.
    constexpr long kHere = 2;
    if (point.use_count() == kHere) points_.erase(point->name());
  }
}

std::shared_ptr<PublishingPoint> Ingest::find(const std::string& name) const {
  const MutexLock lock(mutex_);
  const auto found = points_.find(name);
  return found == points_.end() ? nullptr : found->second;
}

std::shared_ptr<PublishingPoint> Ingest::obtain(const std::string& name) {
  const MutexLock lock(mutex_);
  if (!points_.contains(name) && points_.size() >= limits_.max_publishing_points) return nullptr;
  std::shared_ptr<PublishingPoint>& point = points_[name];
  if (!point) point = std::make_shared<PublishingPoint>(name, *directory_, store_, clock_);
  return point;
}

}  // namespace origin::channel
