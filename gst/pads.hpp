// SPDX-License-Identifier: LGPL-2.1-or-later
// The sink pads that an element has at the moment. Any thread.
#pragma once

#include <gst/gst.h>

#include <vector>

#include "gst/gst_ref.hpp"

namespace gst {

inline std::vector<origin::Ref<GstPad>> sink_pads(GstElement* element) {
  std::vector<origin::Ref<GstPad>> pads;
  GST_OBJECT_LOCK(element);
  for (GList* item = element->sinkpads; item; item = item->next) {
    pads.push_back(origin::Ref<GstPad>::share(GST_PAD(item->data)));
  }
  GST_OBJECT_UNLOCK(element);
  return pads;
}

}  // namespace gst
