// SPDX-License-Identifier: LGPL-2.1-or-later
// What a track's publisher is warned of: once, or at most every 30 s what may happen to many frames. With the
// track's lock held by whoever writes it.
#pragma once

#include <optional>
#include <string>

#include "origin/base/clock.hpp"
#include "origin/channel/presentation.hpp"
#include "origin/media/format.hpp"

namespace origin::channel {

class TrackWarnings {
 public:
  // Both outlive this.
  TrackWarnings(Presentation& presentation, Presentation::TrackId id, const Clock& clock)
      : presentation_(presentation), id_(id), clock_(clock) {}

  // A new format that cannot be.
  void refused_format(const std::string& why);
  void loss(const std::string& why);
  void not_stored(const std::string& why);
  // Segments do not begin with IDR pictures.
  void open_groups();
  // Keyframes come every `gop`, further apart than segments are long, and not on request.
  void far_keyframes(Duration gop, const media::Format& format);
  void slow_frames();
  void no_presentation_times(media::Codec codec);

 private:
  using LastTime = std::optional<MonotonicTime>;
  bool is_time_for(LastTime& last) const;
  void warn(const std::string& message, const std::string& hint);

  Presentation& presentation_;
  const Presentation::TrackId id_;
  const Clock& clock_;
  LastTime loss_, format_;
  bool open_groups_ = false;
  bool far_keyframes_ = false;
  bool slow_frames_ = false;
  bool no_presentation_times_ = false;
};

}  // namespace origin::channel
