// SPDX-License-Identifier: LGPL-2.1-or-later
// Groups of a configuration that there may be any number of, each with a name: [key NAME], [signing-key
// NAME], [namespace NAME]. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "origin/base/result.hpp"
#include "origin/server/configuration.hpp"

namespace origin::server {

// "key", "signing-key", "namespace"
std::vector<std::string_view> named_kinds();
// Empty if there is no such kind.
std::vector<std::string_view> keys_of_kind(std::string_view kind);
// What is wrong with a name, empty if nothing; ends the sentence "name …".
std::string problem_of_name(std::string_view name);
// What is wrong with the value, empty if nothing; ends the sentence "key=value …". A message about a secret
// does not quote it. REQUIRES: a kind and a key of it.
std::string set_named(Configuration& configuration, std::string_view kind, const std::string& name,
                      std::string_view key, std::string_view value);
// Whether the value of that key may be shown to who reads logs.
bool is_secret(std::string_view kind, std::string_view key);
// Whether every named group says all that it has to, and nothing that contradicts itself. Error: kInvalid,
// naming the group and what is wrong.
Status check_complete(const Configuration& configuration);

// "/live/;/vod/": paths between semicolons. Error: kInvalid, naming the one that is none.
Result<access::PathPrefixes> parse_paths(std::string_view value);
std::string format_paths(const access::PathPrefixes& paths);

}  // namespace origin::server
