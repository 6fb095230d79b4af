// SPDX-License-Identifier: LGPL-2.1-or-later
// http URLs and how playlists refer to others (RFC 3986). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/base/result.hpp"

namespace origin::bench {

struct Url {
  std::string host;  // without the brackets of an IPv6 address
  std::string port = "80";
  std::string target = "/";  // path and query

  // As the Host field has it.
  std::string authority() const;
  std::string text() const { return "http://" + authority() + target; }
  bool same_server(const Url& other) const { return host == other.host && port == other.port; }
};

Result<Url> parse_url(std::string_view text);
// What `reference` means in a document at `base` (RFC 3986 5.2).
Result<Url> resolve(const Url& base, std::string_view reference);
// With another query parameter.
std::string with_parameter(std::string_view target, std::string_view parameter);

}  // namespace origin::bench
