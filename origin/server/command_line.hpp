// SPDX-License-Identifier: LGPL-2.1-or-later
// The options of origin-server. Any thread.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "origin/server/settings.hpp"

namespace origin::server {

struct CommandLine {
  std::string config;  // file name; empty: none
  bool check_config = false;
  bool help = false;
  bool version = false;
  // What goes before the file, in the order it was given. The values have been looked at.
  std::vector<std::pair<const Setting*, std::string>> settings;
};

// Without the program's name. An error names the option, its value and what would be right.
Result<CommandLine> parse_command_line(std::span<const char* const> arguments);

// What the file says, and the command line over it. Reads the file anew each time.
Result<Configuration> configuration_of(const CommandLine& command_line);

std::string usage();

}  // namespace origin::server
