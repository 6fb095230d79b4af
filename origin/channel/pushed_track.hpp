// SPDX-License-Identifier: LGPL-2.1-or-later
// One track of a publishing point: units of pushed CMAF in, frames for its writer out. Any thread; one at a
// time writes, the others wait their turn.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "origin/base/mutex.hpp"
#include "origin/channel/push_terms.hpp"
#include "origin/channel/track_writer.hpp"
#include "origin/packager/reader.hpp"
#include "origin/packager/reader_splitter.hpp"

namespace origin::channel {

class PublishingPoint;

class PushedTrack {
 public:
  // The point outlives it.
  PushedTrack(PublishingPoint& point, std::string name) : point_(point), name_(std::move(name)) {}

  // A request begins to push, or has ended.
  void begin() { ++pushes_; }
  void finish() { --pushes_; }

  // What has come already, from this publisher or from another one that pushes the same, is left out. Errors:
  // kPrecondition (a chunk without a header), kInvalid, kUnsupported, kEnded, kLimit.
  Status take(const packager::Unit& unit, const PushTerms& terms);
  // Nothing follows but what begins with a header again. Idempotent.
  void end();

 private:
  Status take_header(const packager::Unit& unit, const PushTerms& terms) REQUIRES_LOCK(turn_);
  Status take_chunk(const packager::Unit& unit, const PushTerms& terms) REQUIRES_LOCK(turn_);
  Status check_times(const packager::CmafChunk& chunk) const REQUIRES_LOCK(turn_);
  Status join(const packager::CmafChunk& chunk, const PushTerms& terms) REQUIRES_LOCK(turn_);
  void set_format(const packager::CmafChunk& chunk) REQUIRES_LOCK(turn_);
  Status push(const media::Sample& sample, const packager::CmafChunk& chunk) REQUIRES_LOCK(turn_);
  Duration time_of(int64_t ticks) const REQUIRES_LOCK(turn_);

  PublishingPoint& point_;
  const std::string name_;
  std::atomic<int> pushes_ = 0;
  Mutex turn_;
  Bytes header_bytes_ GUARDED_BY(turn_);
  std::optional<packager::CmafTrack> header_ GUARDED_BY(turn_);
  Bytes known_header_ GUARDED_BY(turn_);  // by the writer
  std::string publisher_ GUARDED_BY(turn_);
  bool ended_ GUARDED_BY(turn_) = false;  // by that publisher, or while it pushed
  std::shared_ptr<TrackWriter> writer_ GUARDED_BY(turn_);
  uint64_t run_ GUARDED_BY(turn_) = 0;                // that the writer is of
  std::optional<Duration> newest_ GUARDED_BY(turn_);  // decode time of the last sample
};

}  // namespace origin::channel
