// SPDX-License-Identifier: LGPL-2.1-or-later
// Watches the raw frames that go into the encoder behind one pad, and asks for a keyframe at the first one at
// or after each boundary: exact however far the encoder looks ahead, and whenever the anchor moves. Made and
// destroyed on any thread; the rest runs on the encoder's streaming thread.
#pragma once

#include <gst/gst.h>

#include <memory>

#include "gst/boundaries.hpp"
#include "gst/gst_ref.hpp"

namespace gst {

struct EncoderOf {
  origin::Ref<GstElement> encoder;
  int64_t offset = 0;  // that the pads from its output on add to running time, in nanoseconds
};

// The encoder in this pipeline that feeds `pad` and takes requests this way. Null: there is none.
EncoderOf find_encoder(GstPad* pad);

class EncoderWatch {
 public:
  // `output`: the pad that the encoder feeds.
  EncoderWatch(GstElement* encoder, GstPad* output, std::shared_ptr<const Boundaries> boundaries);
  ~EncoderWatch();
  EncoderWatch(const EncoderWatch&) = delete;
  EncoderWatch& operator=(const EncoderWatch&) = delete;

  bool is_of(GstElement* encoder, const Boundaries* boundaries) const;

 private:
  const origin::Ref<GstPad> input_;  // of the encoder, which is not kept alive
  const std::shared_ptr<const Boundaries> boundaries_;
  gulong probe_ = 0;
};

}  // namespace gst
