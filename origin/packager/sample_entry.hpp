// SPDX-License-Identifier: LGPL-2.1-or-later
// Sample entries: the part of an init segment that depends on the codec. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/media/format.hpp"
#include "origin/packager/box_writer.hpp"

namespace origin::packager {

// The four characters of the format's sample entry: "avc1", "mp4a", …
std::string_view sample_entry_type(const media::Format& format);

// The codec whose sample entry has these four characters; nothing for one that is not known here.
std::optional<media::Codec> codec_of_entry(std::string_view type);

// The box in a sample entry that holds media::Format::config.
struct ConfigBox {
  std::string_view type;
  std::optional<uint8_t> version;  // of a FullBox
};
const ConfigBox& config_box(media::Codec codec);

bool is_config_valid(const media::Format& format);

// kInvalid if the format has a configuration, picture or sound that its sample entry cannot carry.
Status check_sample_entry(const media::Format& format);

// REQUIRES: check_sample_entry(format).
void write_sample_entry(BoxWriter& writer, const media::Format& format);

}  // namespace origin::packager
