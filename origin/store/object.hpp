// SPDX-License-Identifier: LGPL-2.1-or-later
// Immutable bytes under a name, and what HTTP needs to answer for them. Any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "origin/base/bytes.hpp"
#include "origin/base/time.hpp"

namespace origin::store {

struct Headers {
  std::string content_type = "application/octet-stream";
  std::string cache_control;  // of a successful answer; empty: none is sent
  std::string etag;           // strong validator with its quotes; empty: none is sent
  UtcTime last_modified{};
  std::vector<std::pair<std::string, std::string>> custom;  // given back as they are
};

enum class Persistence : uint8_t { kEphemeral, kDurable };

struct Object {
  Body body;
  Headers headers;
  Persistence persistence = Persistence::kEphemeral;
  // Computed once by Store::put.
  uint64_t size = 0;
};

using ObjectRef = std::shared_ptr<const Object>;

}  // namespace origin::store
