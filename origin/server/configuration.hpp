// SPDX-License-Identifier: LGPL-2.1-or-later
// All that can be set of an origin-server, as values. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "origin/access/policy.hpp"
#include "origin/api/origin.hpp"
#include "origin/base/result.hpp"

namespace origin::server {

// As it is made, it is what a server without options runs with. What keys it has is in settings.cpp.
struct Configuration {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any that is free
  // A second listener at which nothing is written. No host: none.
  std::string play_host;
  uint16_t play_port = 8081;
  std::string access_log;  // a file, or "-" for standard output; empty: none
  // Workers, memory and limits, with the defaults of those who obey them.
  api::Origin::Options origin;
  // Keys, and what is open without one. What the JWK set file holds is only there in a file that was loaded.
  access::Policy::Options policy;
  http::Namespaces::Terms namespaces;
  std::string jwks_file;  // relative: to the folder of the configuration file
};

// The text of a configuration file: groups of keys as GKeyFile reads them. What it does not name keeps its
// default. An error names the group, the key, the value and what would be right.
Result<Configuration> parse_configuration(const std::string& text);

// Likewise the file itself, and the JWK set that it names; an error begins with the file's name.
Result<Configuration> load_configuration(const std::string& path);

}  // namespace origin::server
