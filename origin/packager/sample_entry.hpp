// SPDX-License-Identifier: LGPL-2.1-or-later
// Sample entries: the part of an init segment that depends on the codec. Pure functions, any thread.
#pragma once

#include <string_view>

#include "origin/base/result.hpp"
#include "origin/media/format.hpp"
#include "origin/packager/box_writer.hpp"

namespace origin::packager {

// The four characters of the format's sample entry: "avc1", "mp4a", …
std::string_view sample_entry_type(const media::Format& format);

// kInvalid if the format has a configuration, picture or sound that its sample entry cannot carry.
Status check_sample_entry(const media::Format& format);

// REQUIRES: check_sample_entry(format).
void write_sample_entry(BoxWriter& writer, const media::Format& format);

}  // namespace origin::packager
