// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/command_line.hpp"

#include <algorithm>
#include <string_view>

#include "origin/base/text.hpp"
#include "origin/server/nearest_name.hpp"

namespace origin::server {

namespace {

constexpr std::string_view kConfig = "config";

struct Flag {
  std::string_view name;
  bool CommandLine::*member;
};

constexpr Flag kFlags[] = {{"check-config", &CommandLine::check_config},
                           {"help", &CommandLine::help},
                           {"version", &CommandLine::version}};

// An argument "--name=value", or "--name" with the value behind it.
struct Argument {
  std::string_view name;
  std::string_view value;
  bool has_value = false;
};

Error wrong(const std::string& message) {
  return {ErrorCode::kInvalid, message};
}

Argument split(std::string_view text) {
  text.remove_prefix(2);
  const size_t sign = text.find('=');
  if (sign == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, sign), text.substr(sign + 1), true};
}

Error unknown(std::string_view name) {
  std::vector<std::string_view> names = keys_of(kServerGroup);
  names.push_back(kConfig);
  for (const Flag& flag : kFlags) names.push_back(flag.name);
  std::string known;
  for (const std::string_view option : names) known += " --" + std::string(option);
  return wrong("--" + std::string(name) + " is no option" + guess_at(name, names) + "; there are" + known);
}

Status set(CommandLine& command_line, const Setting* setting, std::string_view value) {
  if (!setting) {
    if (value.empty()) return wrong("--config is empty; give the name of a file");
    command_line.config = value;
    return {};
  }
  Configuration scratch;
  const std::string problem = setting->set(scratch, trimmed(value));
  if (!problem.empty())
    return wrong("--" + std::string(setting->key) + "=" + std::string(value) + " " + problem);
  command_line.settings.emplace_back(setting, trimmed(value));
  return {};
}

// Takes an option, with its value if that stands behind it, off `arguments`.
Status take_option(std::span<const char* const>& arguments, CommandLine& command_line) {
  Argument argument = split(arguments.front());
  arguments = arguments.subspan(1);
  const std::string option = "--" + std::string(argument.name);
  if (const Flag* flag = std::ranges::find(kFlags, argument.name, &Flag::name); flag != std::end(kFlags)) {
    if (argument.has_value)
      return wrong(option + " takes no value, but has '" + std::string(argument.value) + "'");
    command_line.*flag->member = true;
    return {};
  }
  const Setting* setting = find_setting(kServerGroup, argument.name);
  if (!setting && argument.name != kConfig) return unknown(argument.name);
  if (!argument.has_value) {
    if (arguments.empty()) return wrong(option + " needs a value: " + option + "=VALUE");
    argument.value = arguments.front();
    arguments = arguments.subspan(1);
  }
  return set(command_line, setting, argument.value);
}

}  // namespace

Result<CommandLine> parse_command_line(std::span<const char* const> arguments) {
  CommandLine command_line;
  while (!arguments.empty()) {
    const std::string_view argument = arguments.front();
    if (!argument.starts_with("--") || argument.size() == 2)
      return wrong("'" + std::string(argument) + "' is no option; they begin with --, see --help");
    if (const Status taken = take_option(arguments, command_line); !taken) return taken.error();
  }
  if (command_line.check_config && command_line.config.empty())
    return wrong("--check-config has no file to check; give one with --config=FILE");
  return command_line;
}

Result<Configuration> configuration_of(const CommandLine& command_line) {
  Result<Configuration> configuration =
      command_line.config.empty() ? Configuration() : load_configuration(command_line.config);
  if (!configuration) return configuration;
  for (const auto& [setting, value] : command_line.settings) setting->set(*configuration, value);
  return configuration;
}

std::string usage() {
  const Configuration defaults;
  const auto value = [&defaults](std::string_view key) {
    return find_setting(kServerGroup, key)->get(defaults);
  };
  return "Usage: origin-server [OPTION…]\n"
         "An in-memory media origin over HTTP.\n\n"
         "  --host=ADDRESS        IPv4 or IPv6 address to listen on, or localhost (" +
         value("host") +
         ")\n"
         "  --port=N              TCP port; 0: any that is free (" +
         value("port") +
         ")\n"
         "  --play-host=ADDRESS   a second address, at which nothing is written (none)\n"
         "  --play-port=N         its port; 0: any that is free (" +
         value("play-port") +
         ")\n"
         "  --threads=N           workers; 0: one per core (" +
         value("threads") +
         ")\n"
         "  --memory-limit=BYTES  for all that is stored; K, M, G are 1024, 1024², 1024³ (" +
         value("memory-limit") +
         ")\n"
         "  --access-log=FILE     a line of JSON for each request; -: on standard output (none)\n"
         "  --config=FILE         what the options above leave open, and all limits; read again at SIGHUP\n"
         "  --check-config        only say whether FILE is right\n"
         "  --help, --version\n";
}

}  // namespace origin::server
