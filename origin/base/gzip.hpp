// SPDX-License-Identifier: LGPL-2.1-or-later
// Any thread.
#pragma once

#include "origin/base/bytes.hpp"

namespace origin {

// The body as one gzip member (RFC 1952), for Content-Encoding: gzip.
Bytes gzip(const Body& body);

}  // namespace origin
