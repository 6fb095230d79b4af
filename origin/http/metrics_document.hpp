// SPDX-License-Identifier: LGPL-2.1-or-later
// All that is counted, in the text form that Prometheus reads. Any thread.
#pragma once

#include <map>
#include <string>

#include "origin/http/ledger.hpp"
#include "origin/http/shared.hpp"

namespace origin::http {

// The tallies of all workers in one.
struct Totals {
  uint64_t requests[kOperations][kResults] = {};
  uint64_t bytes[kOperations][kResults] = {};
  metrics::Distribution reads, waits, writes, ages;
  std::map<std::string, metrics::Distribution> wakes;
};
Totals totals_of(const Ledgers& ledgers);

std::string metrics_text(Shared& shared);

}  // namespace origin::http
