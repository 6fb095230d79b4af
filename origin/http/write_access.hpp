// SPDX-License-Identifier: LGPL-2.1-or-later
// Who may write where no key is configured: who sits at this machine. Pure, any thread.
#pragma once

#include <string_view>

#include "origin/base/result.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

// Whether a request comes directly from this machine and from no web page: a proxy on the same host, which
// names itself in Forwarded, X-Forwarded-For or Via, speaks for others; and so does a page whose Origin is
// not this server at a loopback address (a name may be made to lead here). Error: kInvalid, with what is
// missing.
Status may_write_without_key(const transport::RequestHead& head, std::string_view remote_address);

// Likewise what tells of clients, or changes limits. A page whose name leads here asks without Origin: the
// name is looked at.
Status may_administer_without_key(const transport::RequestHead& head, std::string_view remote_address);

}  // namespace origin::http
