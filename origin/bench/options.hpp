// SPDX-License-Identifier: LGPL-2.1-or-later
// The command line of origin-bench. Any thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "origin/base/result.hpp"
#include "origin/base/time.hpp"
#include "origin/bench/url.hpp"

namespace origin::bench {

enum class PartRequests { kHinted, kListed, kNone };

struct Options {
  Url url;
  unsigned clients = 1;
  Duration seconds = 10s;
  PartRequests parts = PartRequests::kHinted;
  std::string rendition = "highest";
  bool delta = false;
  bool gzip = false;
  unsigned connect_rate = 1000;  // per second
  Duration timeout = 10s;
  std::string published_header = "Origin-Published";
  std::string headers;  // lines of each request, each with "\r\n"
  unsigned clients_per_address = 4000;
  std::string json;  // file name; empty: none, "-": standard output
  bool help = false;
  bool version = false;
};

// Without the program's name.
Result<Options> parse_options(std::span<const char* const> arguments);
const char* usage();

}  // namespace origin::bench
