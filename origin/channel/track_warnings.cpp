// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/channel/track_warnings.hpp"

#include <algorithm>
#include <utility>

namespace origin::channel {

namespace {

constexpr Duration kInterval = 30s;

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f s", to_seconds(duration));
  return text;
}

}  // namespace

bool TrackWarnings::is_time_for(LastTime& last) const {
  const MonotonicTime now = clock_.monotonic();
  if (last && now - *last < kInterval) return false;
  last = now;
  return true;
}

void TrackWarnings::warn(const std::string& message, const std::string& hint) {
  presentation_.warn(id_, message, hint);
}

void TrackWarnings::refused_format(const std::string& why) {
  if (!is_time_for(format_)) return;
  warn("a new format that cannot be is left out with its frames: " + why,
       "if it stays, look at what comes before originsink: a parser that reads damaged data, or a "
       "transmission "
       "that loses some");
}

void TrackWarnings::loss(const std::string& why) {
  if (!is_time_for(loss_)) return;
  warn(why + ": media is lost", "raise memory-limit, or lower window or the bitrates");
}

void TrackWarnings::not_stored(const std::string& why) {
  warn(why, "raise memory-limit");
}

void TrackWarnings::open_groups() {
  if (std::exchange(open_groups_, true)) return;
  warn(
      "segments begin with recovery points instead of IDR pictures (open groups of pictures, intra refresh): "
      "browsers can neither begin nor seek there",
      "have the encoder close its groups of pictures and make whole keyframes (x264enc "
      "option-string=open-gop=0 intra-refresh=false)");
}

void TrackWarnings::far_keyframes(Duration gop, const media::Format& format) {
  if (std::exchange(far_keyframes_, true)) return;
  const Duration wanted = presentation_.options().segment_duration;
  const auto rate = format.video.frame_rate.num ? format.video.frame_rate : media::Rational{30, 1};
  const int64_t frames = scale_round(wanted.count(), rate.num, kNanosecondsPerSecond * rate.den);
  warn("keyframes come every " + seconds(gop) + " and are not made on request; segments of " +
           seconds(wanted) + " cannot be cut on the grid",
       "set the encoder's keyframe interval to at most segment-duration (x264enc key-int-max=" +
           std::to_string(std::max<int64_t>(1, frames)) +
           "), or segment-duration or target-duration to at least the keyframe interval");
}

void TrackWarnings::slow_frames() {
  if (std::exchange(slow_frames_, true)) return;
  warn("frames last longer than segments have room for: not every one begins with a keyframe",
       "repeat frames (videorate), or make keyframes of all of them");
}

// Parsers of raw streams count decode times, and leave open when a frame is shown.
void TrackWarnings::no_presentation_times(media::Codec codec) {
  if (std::exchange(no_presentation_times_, true)) return;
  warn(std::string(media::name_of(codec)) +
           " comes without presentation times: frames are shown in the order in which they come, which is "
           "wrong if there are B-frames among them",
       "put the stream into a container such as MP4 or MPEG-TS, and its demuxer before originsink");
}

}  // namespace origin::channel
