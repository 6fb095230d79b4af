// SPDX-License-Identifier: LGPL-2.1-or-later
// Small JSON documents through json-glib. Any thread.
#pragma once

#include <json-glib/json-glib.h>

#include <concepts>
#include <cstdint>
#include <string>

#include "origin/base/ref.hpp"

namespace origin {

// Builds one object, member by member. begin and begin_array open what end and end_array close.
class JsonDocument {
 public:
  JsonDocument();

  JsonDocument& add(const char* name, const std::string& value);
  JsonDocument& add(const char* name, const char* value);
  JsonDocument& add(const char* name, double value);
  JsonDocument& add(const char* name, bool value);
  JsonDocument& add(const char* name, std::integral auto value) {
    return add_integer(name, static_cast<int64_t>(value));
  }
  JsonDocument& begin(const char* name);
  JsonDocument& end();

  JsonDocument& begin_array(const char* name);
  JsonDocument& end_array();
  // Elements of an array.
  JsonDocument& add_element(const std::string& value);
  JsonDocument& begin_element();

  // On one line with a newline at its end. Once.
  std::string text();

 private:
  JsonDocument& add_integer(const char* name, int64_t value);

  Ref<JsonBuilder> builder_;
};

}  // namespace origin
