// SPDX-License-Identifier: LGPL-2.1-or-later
// Watches the raw frames that go into the encoder behind one pad, and asks for a keyframe at the first one at
// or after each boundary: exact however far the encoder looks ahead, and whenever the anchor moves. Attaching
// and detaching from any thread, one at a time; the rest runs on the encoder's streaming thread.
#pragma once

#include <gst/gst.h>
#include <origin/api/origin.h>

#include "gst/gst_ref.hpp"

namespace gst {

class EncoderWatch {
 public:
  EncoderWatch() = default;
  ~EncoderWatch() { detach(); }
  EncoderWatch(const EncoderWatch&) = delete;
  EncoderWatch& operator=(const EncoderWatch&) = delete;

  // Follows the links upstream from `pad`. False: there is no encoder in this pipeline that takes requests
  // this way.
  bool attach(GstPad* pad, const origin::Ref<OriginPresentation>& presentation);
  void detach();

 private:
  origin::Ref<GstPad> input_;  // of the encoder
  origin::Ref<OriginPresentation> presentation_;
  gulong probe_ = 0;
};

}  // namespace gst
