// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/base/json.hpp"

namespace origin {

JsonDocument::JsonDocument() : builder_(Ref<JsonBuilder>::adopt(json_builder_new())) {
  begin_element();
}

JsonDocument& JsonDocument::add(const char* name, const std::string& value) {
  return add(name, value.c_str());
}

JsonDocument& JsonDocument::add(const char* name, const char* value) {
  json_builder_set_member_name(builder_.get(), name);
  json_builder_add_string_value(builder_.get(), value);
  return *this;
}

JsonDocument& JsonDocument::add(const char* name, double value) {
  json_builder_set_member_name(builder_.get(), name);
  json_builder_add_double_value(builder_.get(), value);
  return *this;
}

JsonDocument& JsonDocument::add(const char* name, bool value) {
  json_builder_set_member_name(builder_.get(), name);
  json_builder_add_boolean_value(builder_.get(), value);
  return *this;
}

JsonDocument& JsonDocument::add_integer(const char* name, int64_t value) {
  json_builder_set_member_name(builder_.get(), name);
  json_builder_add_int_value(builder_.get(), value);
  return *this;
}

JsonDocument& JsonDocument::begin(const char* name) {
  json_builder_set_member_name(builder_.get(), name);
  return begin_element();
}

JsonDocument& JsonDocument::end() {
  json_builder_end_object(builder_.get());
  return *this;
}

JsonDocument& JsonDocument::begin_array(const char* name) {
  json_builder_set_member_name(builder_.get(), name);
  json_builder_begin_array(builder_.get());
  return *this;
}

JsonDocument& JsonDocument::end_array() {
  json_builder_end_array(builder_.get());
  return *this;
}

JsonDocument& JsonDocument::add_element(const std::string& value) {
  json_builder_add_string_value(builder_.get(), value.c_str());
  return *this;
}

JsonDocument& JsonDocument::begin_element() {
  json_builder_begin_object(builder_.get());
  return *this;
}

std::string JsonDocument::text() {
  end();
  JsonNode* root = json_builder_get_root(builder_.get());
  const GCharPtr line(json_to_string(root, FALSE));
  json_node_unref(root);
  return std::string(line.get()) + "\n";
}

}  // namespace origin
