// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks the encoder behind one pad for keyframes at the presentation's boundaries, ahead of time: one boundary
// ahead is too late for an encoder that looks ahead. Any thread; no lock is held while an event travels
// upstream.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include <cstdint>
#include <vector>

#include "gst/encoder_watch.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

enum class Answer { kAccepted, kRefused };

class KeyframeRequests {
 public:
  explicit KeyframeRequests(GstPad* pad) : pad_(pad) {}

  // Asks for every boundary after `position` (running time) that is near enough and was not asked for yet.
  Answer ask(OriginPresentation* presentation, int64_t position, uint64_t segment_duration);
  // What was asked for is forgotten upstream: a new stream, a flush.
  void restart();
  // Looks for an encoder to watch, until stop().
  void follow(const origin::Ref<OriginPresentation>& presentation);
  void stop();

 private:
  bool needs_restart(OriginPresentation* presentation, int64_t position) const REQUIRES_LOCK(mutex_);
  std::vector<int64_t> take_due(OriginPresentation* presentation, int64_t position, int64_t horizon);
  int64_t upstream_latency() const;

  GstPad* const pad_;
  origin::Mutex mutex_;
  EncoderWatch watch_ GUARDED_BY(mutex_);
  bool watching_ GUARDED_BY(mutex_) = false;
  bool started_ GUARDED_BY(mutex_) = false;
  bool refused_ GUARDED_BY(mutex_) = false;
  int64_t phase_ GUARDED_BY(mutex_) =
      0;  // first boundary after running time 0: tells one anchor from another
  int64_t asked_from_ GUARDED_BY(mutex_) = 0;
  int64_t next_ GUARDED_BY(mutex_) = 0;  // the first boundary that was not asked for
  int64_t horizon_ GUARDED_BY(mutex_) = 0;
};

}  // namespace gst
