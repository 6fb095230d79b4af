// SPDX-License-Identifier: LGPL-2.1-or-later
// What a server's answer to pushed media means (docs/http-api.md, "Pushed media"). Any thread.
#pragma once

#include <string>

#include "origin/base/result.hpp"

namespace origin::publish {

struct Answer {
  int status = 0;        // 0: there is none yet
  std::string redirect;  // its Location field
  std::string body;      // as much of it as was kept

  // Trying again would not change it.
  bool is_final() const;
  // "HTTP 409: the presentation has another publisher", on one line.
  std::string text() const;
  // REQUIRES: is_final().
  Error error() const;
};

}  // namespace origin::publish
