// SPDX-License-Identifier: LGPL-2.1-or-later
// A request as the router understands it, whichever way it came in (libsoup or the fast lane). Views, valid
// as long as the request is being routed. Any thread.
#pragma once

#include <string_view>

#include "origin/access/grant.hpp"

namespace origin::http {

enum class Method { kGet, kHead };

// The header fields that an answer depends on: the value of all lines of a name, joined by commas; empty if
// there is none.
struct RequestFields {
  std::string_view accept_encoding;
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view if_modified_since;
  std::string_view if_unmodified_since;
  std::string_view if_range;
  std::string_view range;
  // Of who asks.
  std::string_view user_agent;
  std::string_view forwarded_for;
};

// A name as it stands in a request, and its place above.
struct NamedField {
  std::string_view name;  // lower case; NUL-terminated
  std::string_view RequestFields::*value;
};

inline constexpr NamedField kRequestFields[] = {
    {"accept-encoding", &RequestFields::accept_encoding},
    {"if-match", &RequestFields::if_match},
    {"if-none-match", &RequestFields::if_none_match},
    {"if-modified-since", &RequestFields::if_modified_since},
    {"if-unmodified-since", &RequestFields::if_unmodified_since},
    {"if-range", &RequestFields::if_range},
    {"range", &RequestFields::range},
    {"user-agent", &RequestFields::user_agent},
    {"x-forwarded-for", &RequestFields::forwarded_for},
};

struct Request {
  Method method = Method::kGet;
  std::string_view name;   // decoded path without its leading slash
  std::string_view query;  // after '?', undecoded; empty if none
  std::string_view remote_address;
  RequestFields fields;
  access::GrantRef grant;   // what it was admitted with; null: it needs none
  bool only_plays = false;  // it came in where nothing else is served
  bool again = false;       // it was held, and is looked at once more
  bool may_follow = false;  // the answer may come piece by piece, while its object is being uploaded
};

}  // namespace origin::http
