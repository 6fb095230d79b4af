// SPDX-License-Identifier: LGPL-2.1-or-later
// origin-server: see docs/operating.md.
#include <csignal>
#include <cstdio>

#include "origin/server/daemon.hpp"
#include "origin/server/log_output.hpp"

namespace {

using namespace origin;
using namespace origin::server;

constexpr int kDone = 0;
constexpr int kFailed = 1;   // the file is wrong, or the system said no
constexpr int kMisused = 2;  // the command line is wrong

int complain(const Error& error, int status) {
  std::fprintf(stderr, "origin-server: %s\n", error.message.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const Result<CommandLine> command_line = parse_command_line({argv + 1, argv + argc});
  if (!command_line) return complain(command_line.error(), kMisused);
  if (command_line->help || command_line->version) {
    std::fputs(command_line->help ? usage().c_str() : "origin-server " ORIGIN_VERSION "\n", stdout);
    return kDone;
  }
  const Result<Configuration> configuration = configuration_of(*command_line);
  if (!configuration) return complain(configuration.error(), kFailed);
  if (command_line->check_config) {
    std::printf("%s: ok\n", command_line->config.c_str());
    return kDone;
  }
  // Who reads standard output may be gone.
  std::signal(SIGPIPE, SIG_IGN);
  send_log_to_operator();
  Daemon daemon(*command_line, *configuration);
  if (const Status started = daemon.start(); !started) return complain(started.error(), kFailed);
  daemon.run();
  return kDone;
}
