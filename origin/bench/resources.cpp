// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/resources.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace origin::bench {

namespace {

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

}  // namespace

Resources Resources::now() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  Resources resources{duration_of(usage.ru_utime), duration_of(usage.ru_stime), 0,
                      static_cast<uint64_t>(usage.ru_maxrss) * 1024};
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  if (statm >> total >> resident)
    resources.resident = resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return resources;
}

}  // namespace origin::bench
