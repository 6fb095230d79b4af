// SPDX-License-Identifier: LGPL-2.1-or-later
// What the transport itself answers: requests that it refuses. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/transport/request_head.hpp"

namespace origin::transport {

// A complete response that closes the connection, with {"error":"<reason>"} as its body. `method` leaves the
// body out for HEAD.
std::string refusal(const HeadError& error, std::string_view method = {});

}  // namespace origin::transport
