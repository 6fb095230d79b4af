// SPDX-License-Identifier: LGPL-2.1-or-later
// A run for people and for programs. Any thread.
#pragma once

#include <string>

#include "origin/bench/discovery.hpp"
#include "origin/bench/resources.hpp"
#include "origin/bench/swarm.hpp"

namespace origin::bench {

struct Run {
  const Options& options;
  const Discovery& discovery;
  const Tally& tally;
  RunTimes times;
  Resources before, after;  // the measuring
};

std::string table(const Run& run);
std::string json(const Run& run);

}  // namespace origin::bench
