// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the segments of one pad's track end, in running time: for who asks the encoder behind it for
// keyframes. Any thread.
#pragma once

#include <origin/api/origin.h>

#include <cstdint>
#include <utility>

#include "gst/gst_ref.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

class Boundaries {
 public:
  explicit Boundaries(origin::Ref<OriginPresentation> presentation)
      : presentation_(std::move(presentation)) {}

  const OriginPresentation* presentation() const { return presentation_.get(); }
  // Until then, they are those of a track that has just begun.
  void set_track(const origin::Ref<OriginTrack>& track) {
    origin::MutexLock lock(mutex_);
    track_ = track;
  }

  // How frames that come at `running_time` are mapped; another value is another time line.
  int64_t offset_at(int64_t running_time) const {
    return origin_presentation_get_offset(presentation_.get(), track().get(), running_time);
  }
  // The first one strictly after a running time that is mapped so.
  int64_t next(int64_t running_time, int64_t offset) const {
    return origin_presentation_get_next_boundary(presentation_.get(), track().get(), running_time + offset) -
           offset;
  }

 private:
  origin::Ref<OriginTrack> track() const {
    origin::MutexLock lock(mutex_);
    return track_;
  }

  const origin::Ref<OriginPresentation> presentation_;
  mutable origin::Mutex mutex_;
  origin::Ref<OriginTrack> track_ GUARDED_BY(mutex_);
};

}  // namespace gst
