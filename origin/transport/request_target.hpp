// SPDX-License-Identifier: LGPL-2.1-or-later
// The grammar of request targets and authorities (RFC 3986, RFC 9112 3.2). Pure functions; any thread.
#pragma once

#include <string_view>

#include "origin/transport/request_head.hpp"

namespace origin::transport {

// Sets target, path and query of `head`, whose method is set; or `error`. Takes origin-form, absolute-form
// with http:// (of which the part after the authority becomes the target), and "*" for OPTIONS.
bool parse_target(std::string_view target, RequestHead& head, HeadError& error);

// "example.com", "example.com:8080", "127.0.0.1", "[2001:db8::1]:80".
bool is_authority(std::string_view text);

}  // namespace origin::transport
