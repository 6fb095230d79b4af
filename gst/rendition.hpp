// SPDX-License-Identifier: LGPL-2.1-or-later
// What viewers are told about one pad's track: tags of the stream, overridden by the pad's properties. Any
// thread.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include <optional>
#include <string>

#include "gst/gst_ref.hpp"
#include "origin/base/mutex.hpp"

namespace gst {

class Rendition {
 public:
  // Pad properties; empty or nothing: as the stream says.
  struct Overrides {
    std::string language;
    std::string label;
    bool is_default = false;
    guint bitrate = 0;  // bits per second; 0: measured
  };

  Overrides overrides() const;
  void override(const Overrides& overrides);
  // Takes language and title from the stream's tags.
  void read(const GstTagList* tags);
  // Describes a new track, and from now on changes of it. Null: none.
  void describe(origin::Ref<OriginTrack> track);

 private:
  void apply();

  mutable origin::Mutex mutex_;
  Overrides overrides_ GUARDED_BY(mutex_);
  std::string tagged_language_ GUARDED_BY(mutex_);
  std::string tagged_label_ GUARDED_BY(mutex_);
  origin::Ref<OriginTrack> track_ GUARDED_BY(mutex_);
  std::string told_language_ GUARDED_BY(mutex_);  // a wrong one is warned of once
};

}  // namespace gst
