// SPDX-License-Identifier: LGPL-2.1-or-later
// What an upload says of its object: content type, how long it is kept and cached, metadata. Pure, any
// thread.
#pragma once

#include <optional>
#include <string_view>

#include "origin/base/result.hpp"
#include "origin/http/limits.hpp"
#include "origin/http/namespaces.hpp"
#include "origin/store/object.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

// How long an upload is kept, in seconds.
struct TtlBounds {
  uint64_t least = 1;
  uint64_t most = 0;
  uint64_t usual = 0;  // of one that does not say; 0: until it is removed or evicted
};
// The limits, and what is said of the object's namespace.
TtlBounds ttl_bounds(const Limits& limits, const NamespaceTerms& terms);

struct ObjectTerms {
  store::Headers headers;
  std::optional<Duration> ttl;
};

// By its name's extension; empty if that says nothing.
std::string_view content_type_of(std::string_view name);

// Content-Type, else what the name's extension says; Cache-Control, else short for playlists and long for
// media; `ttl_seconds` of the query, else max-age of Cache-Control; Content-Encoding, -Language and
// -Disposition, and fields that begin with X- or Origin-Meta- but for those that proxies or servers act on.
// Errors: kInvalid (a ttl that is no number, or out of bounds), kUnsupported
// (Origin-Persistence: durable).
Result<ObjectTerms> object_terms(const transport::RequestHead& head, std::string_view name,
                                 const TtlBounds& bounds);

}  // namespace origin::http
