// SPDX-License-Identifier: LGPL-2.1-or-later
// A configuration file with anything in it. What is taken can be written and read again; what is not is told
// in one line that a terminal can show.
#include <cstdlib>
#include <string>

#include "origin/base/ref.hpp"
#include "origin/server/settings.hpp"

using namespace origin;
using namespace origin::server;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_error(const std::string& message) {
  require(!message.empty());
  require(g_utf8_validate(message.data(), static_cast<gssize>(message.size()), nullptr));
  for (const char c : message) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

std::string written(const Configuration& configuration) {
  std::string text;
  for (const Setting& setting : settings()) {
    text.append("[").append(setting.group).append("]\n").append(setting.key);
    text.append("=").append(setting.get(configuration)).append("\n");
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = parse_configuration(std::string(reinterpret_cast<const char*>(data), size));
  if (!parsed) {
    check_error(parsed.error().message);
    return 0;
  }
  const auto again = parse_configuration(written(*parsed));
  require(again.ok() && differences(*parsed, *again).empty());
  return 0;
}
