// SPDX-License-Identifier: LGPL-2.1-or-later
// Attribute lists of playlist tags (RFC 8216bis 4.2), and lines. Any thread.
#pragma once

#include <optional>
#include <string_view>

namespace origin::bench {

// Of the attribute of this name, without the quotes of a quoted string; nullopt if the list has none.
std::optional<std::string_view> attribute(std::string_view list, std::string_view name);
// Whether the attribute is YES.
bool is_yes(std::string_view list, std::string_view name);

// Takes the next line that is not blank off `rest`, without white space around it; false at the end.
bool take_playlist_line(std::string_view& rest, std::string_view& line);
// Takes `tag` (up to its ':', if it has one) off `line` if that is what it begins with.
bool take_tag(std::string_view& line, std::string_view tag);

}  // namespace origin::bench
