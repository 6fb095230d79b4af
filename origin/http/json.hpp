// SPDX-License-Identifier: LGPL-2.1-or-later
// Small JSON documents through json-glib. Any thread.
#pragma once

#include <json-glib/json-glib.h>

#include <cstdint>
#include <string>

#include "origin/base/ref.hpp"

namespace origin::http {

// Builds one object: begin and end nest objects under a member.
class JsonDocument {
 public:
  JsonDocument();

  JsonDocument& add(const char* name, const std::string& value);
  JsonDocument& add(const char* name, uint64_t value);
  JsonDocument& add(const char* name, double value);
  JsonDocument& add(const char* name, bool value);
  JsonDocument& add(const char* name, const char* value) { return add(name, std::string(value)); }
  JsonDocument& begin(const char* name);
  JsonDocument& end();

  // On one line with a newline at its end. Once.
  std::string text();

 private:
  Ref<JsonBuilder> builder_;
};

}  // namespace origin::http
