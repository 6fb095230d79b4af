// SPDX-License-Identifier: LGPL-2.1-or-later
// The elements behind one pad: parser and appsink. Made and destroyed by the pad's streaming thread, or by
// others while that thread is out.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

#include "gst/caps.hpp"

namespace gst {

class Branch {
 public:
  struct Options {
    const Codec* codec;
    bool parse;
    bool paced;
    GstClockTime latency;
  };

  // Adds the elements to the bin, in its state. Null: `error` says why.
  static std::unique_ptr<Branch> plug(GstBin* bin, const Options& options,
                                      const GstAppSinkCallbacks& callbacks, gpointer user_data,
                                      std::string& error);
  // Stops the elements and takes them out of the bin.
  ~Branch();
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;

  bool holds(const GstObject* object) const;

  GstElement* sink() const { return elements_.back(); }
  // The caller owns the reference.
  GstPad* input() const { return gst_element_get_static_pad(elements_.front(), "sink"); }

 private:
  Branch(GstBin* bin, const Codec& codec) : bin_(bin), codec_(codec) {}
  GstElement* add(const char* factory, std::string& error);
  bool build(const Options& options, std::string& error);
  bool start(GstClockTime latency);

  GstBin* const bin_;
  const Codec& codec_;
  std::vector<GstElement*> elements_;  // in the order of data; the bin holds the references
};

}  // namespace gst
