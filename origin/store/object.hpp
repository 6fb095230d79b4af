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
  // That of the body: computed by Store::put and make_object().
  uint64_t size = 0;
};

using ObjectRef = std::shared_ptr<const Object>;

inline ObjectRef make_object(Body body, Headers headers) {
  const uint64_t size = body_size(body);
  return std::make_shared<const Object>(
      Object{.body = std::move(body), .headers = std::move(headers), .size = size});
}

}  // namespace origin::store
