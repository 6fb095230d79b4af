// SPDX-License-Identifier: LGPL-2.1-or-later
// origin-bench: see docs/origin-bench.md.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "origin/bench/report.hpp"

namespace {

using namespace origin;
using namespace origin::bench;

constexpr int kDone = 0;
constexpr int kFoundFault = 1;  // violations, or nothing was received
constexpr int kNotRun = 2;

std::atomic<bool> interrupted{false};

void interrupt(int) {
  interrupted = true;
}

int complain(const Error& error) {
  std::fprintf(stderr, "origin-bench: %s\n", error.message.c_str());
  return kNotRun;
}

Status write(const Options& options, const Run& run) {
  const bool to_output = options.json == "-";
  std::fputs(table(run).c_str(), to_output ? stderr : stdout);
  if (options.json.empty()) return {};
  const std::string text = json(run);
  if (to_output) {
    std::fputs(text.c_str(), stdout);
    return {};
  }
  std::ofstream file(options.json);
  file << text;
  file.close();
  if (!file) return Error{ErrorCode::kIo, "--json=" + options.json + " cannot be written"};
  return {};
}

int measure(const Options& options) {
  Result<Discovery> discovery = discover(options);
  if (!discovery) return complain(discovery.error());
  Tally tally;
  Swarm swarm(options, discovery->subjects, discovery->servers, tally);
  if (const Status status = swarm.prepare(); !status) return complain(status.error());
  Resources before, after;
  const auto note = [&] { before = std::exchange(after, Resources::now()); };
  const Result<RunTimes> times = swarm.run([] { return interrupted.load(); }, note);
  if (!times) return complain(times.error());
  const Status status = write(options, {options, *discovery, tally, *times, before, after});
  if (!status) return complain(status.error());
  const bool got_nothing =
      options.parts == PartRequests::kNone ? tally.request_count() == 0 : tally.delivery_count() == 0;
  return tally.violation_count() > 0 || got_nothing ? kFoundFault : kDone;
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Options> options = parse_options({argv + 1, static_cast<size_t>(argc - 1)});
  if (!options) return complain(options.error());
  if (options->help || options->version) {
    std::fputs(options->help ? usage() : "origin-bench " ORIGIN_VERSION "\n", stdout);
    return kDone;
  }
  std::signal(SIGINT, interrupt);
  std::signal(SIGTERM, interrupt);
  return measure(*options);
}
