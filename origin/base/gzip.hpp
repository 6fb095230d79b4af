// SPDX-License-Identifier: LGPL-2.1-or-later
// Any thread.
#pragma once

#include <string>

#include "origin/base/bytes.hpp"
#include "origin/base/result.hpp"

namespace origin {

// The body as one gzip member (RFC 1952), for Content-Encoding: gzip.
Bytes gzip(const Body& body);

// What one gzip member holds; an error if it is damaged, incomplete, or holds more than `max_bytes`.
Result<std::string> gunzip(ByteSpan member, size_t max_bytes);

}  // namespace origin
