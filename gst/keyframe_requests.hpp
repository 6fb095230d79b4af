// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks the encoder behind one pad for keyframes at the presentation's boundaries, ahead of time: one boundary
// ahead is too late for an encoder that looks ahead. Any thread; the lock only guards what is remembered.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gst/boundaries.hpp"
#include "gst/encoder_watch.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

enum class Answer { kAccepted, kRefused };

class KeyframeRequests {
 public:
  explicit KeyframeRequests(GstPad* pad) : pad_(pad) {}

  // Asks for every boundary after `position` (running time) that is near enough and was not asked for yet.
  Answer ask(const Boundaries& boundaries, int64_t position, uint64_t segment_duration);
  // Asks for one as soon as there can be one.
  void ask_now();
  // What was asked for is forgotten upstream: a new stream, a flush.
  void restart();
  // Looks for an encoder to watch, until stop().
  void follow(const std::shared_ptr<const Boundaries>& boundaries);
  void stop();

 private:
  // What was asked for.
  struct Asked {
    int64_t offset = 0;  // of the time line that the boundaries were on
    int64_t from = 0;
    int64_t next = 0;  // the first boundary that was not asked for
    int64_t horizon = 0;
    bool operator==(const Asked&) const = default;
  };

  int64_t upstream_latency() const;
  bool send(const std::vector<int64_t>& boundaries);

  GstPad* const pad_;
  origin::Mutex mutex_;
  std::unique_ptr<EncoderWatch> watch_ GUARDED_BY(mutex_);
  unsigned stops_ GUARDED_BY(mutex_) = 0;
  bool refused_ GUARDED_BY(mutex_) = false;
  std::optional<Asked> asked_ GUARDED_BY(mutex_);
};

}  // namespace gst
