// SPDX-License-Identifier: LGPL-2.1-or-later
// The table of what can be set, in the file and on the command line. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "origin/server/configuration.hpp"

namespace origin::server {

struct Setting {
  std::string_view group;
  std::string_view key;
  // What is wrong with the value, empty if nothing; ends the sentence "key=value …".
  std::string (*set)(Configuration& configuration, std::string_view value);
  // As `set` takes it, in its shortest form.
  std::string (*get)(const Configuration& configuration);
  // Brings it to an origin that runs. Null: what has changed needs a restart.
  void (*apply)(api::Origin& origin, const Configuration& configuration) = nullptr;
};

// Of this group, each key is an option of the command line too.
constexpr std::string_view kServerGroup = "server";

std::span<const Setting> settings();
// Null if there is none.
const Setting* find_setting(std::string_view group, std::string_view key);
std::vector<std::string_view> groups();
// Empty if there is no such group.
std::vector<std::string_view> keys_of(std::string_view group);

// The settings that two configurations differ in.
std::vector<const Setting*> differences(const Configuration& one, const Configuration& other);

}  // namespace origin::server
