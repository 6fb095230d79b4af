// SPDX-License-Identifier: LGPL-2.1-or-later
// Which caps the pads take, and what they mean to the origin. Pure functions, any thread.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include "gst/gst_ref.hpp"

namespace gst {

enum class Kind { kVideo, kAudio };

// How a codec gets from the pad to the origin.
struct Codec {
  OriginCodec id;
  Kind kind;
  const char* name;                 // for people
  const char* parser;               // element that frames and converts it
  const char* format;               // caps that the origin takes
  bool reads_headers_once = false;  // the parser: a new format needs a new one
};

// Null: not a codec the origin knows.
const Codec* codec_of(const GstCaps* caps);

// What every pad takes, the given kind first. What all players decode stands before the rest of its codec,
// since negotiation takes the first that fits: x264enc would otherwise end up at High 4:4:4.
origin::Ref<GstCaps> accepted_caps(Kind first, GstCaps* filter = nullptr);
// One kind alone, for the pad templates: a link without a queue in between then finds the pad named after it.
origin::Ref<GstCaps> template_caps(Kind kind);

// The chroma format of video that browsers and hardware decoders do not play, such as "4:4:4"; null: they do.
const char* unplayable_chroma(const GstCaps* caps);

// Whether its parser is of use: Opus is always framed, and opusparse (1.22) cuts packets of several streams
// short.
bool needs_parser(const Codec& codec, const GstCaps* caps);

// An OriginFormat that owns its configuration.
class Format {
 public:
  Format() = default;
  Format(const Codec& codec, const GstCaps* caps);

  const OriginFormat* get() const { return &format_; }
  bool operator==(const Format& other) const;

 private:
  void read_video(const GstStructure* structure);
  void read_audio(const GstStructure* structure);

  OriginFormat format_{};
  origin::Ref<GBytes> config_;
};

}  // namespace gst
