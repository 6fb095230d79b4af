// SPDX-License-Identifier: LGPL-2.1-or-later
// RFC 4648 5 without padding, as RFC 7515 uses it. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace origin::access {

std::string encode_base64url(std::string_view bytes);
// Nothing if it has another character, padding, or bits that no byte has.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace origin::access
