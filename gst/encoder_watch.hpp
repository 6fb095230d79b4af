// SPDX-License-Identifier: LGPL-2.1-or-later
// Watches the raw frames that go into the encoder behind one pad, and asks for a keyframe at the first one at
// or after each boundary: exact however far the encoder looks ahead, and whenever the anchor moves. Made and
// destroyed on any thread; the rest runs on the encoder's streaming thread.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include "gst/gst_ref.hpp"

namespace gst {

struct EncoderOf {
  origin::Ref<GstElement> encoder;
  int64_t offset = 0;  // that the pads from its output on add to running time, in nanoseconds
};

// The encoder in this pipeline that feeds `pad` and takes requests this way. Null: there is none.
EncoderOf find_encoder(GstPad* pad);

// Tells one anchor of the presentation from another.
int64_t grid_phase(OriginPresentation* presentation);

class EncoderWatch {
 public:
  // `output`: the pad that the encoder feeds.
  EncoderWatch(GstElement* encoder, GstPad* output, const origin::Ref<OriginPresentation>& presentation);
  ~EncoderWatch();
  EncoderWatch(const EncoderWatch&) = delete;
  EncoderWatch& operator=(const EncoderWatch&) = delete;

  bool is_of(GstElement* encoder, const OriginPresentation* presentation) const;

 private:
  const origin::Ref<GstPad> input_;  // of the encoder, which is not kept alive
  const origin::Ref<OriginPresentation> presentation_;
  gulong probe_ = 0;
};

}  // namespace gst
