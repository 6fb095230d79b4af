// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody may have meant who mistyped a name. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace origin::server {

// " (did you mean 'x'?)" with the name that takes the fewest letters to be inserted, left out or replaced;
// empty if none is close.
std::string guess_at(std::string_view given, std::span<const std::string_view> names);

}  // namespace origin::server
