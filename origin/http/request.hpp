// SPDX-License-Identifier: LGPL-2.1-or-later
// A request as the router understands it, whichever way it came in (libsoup or the fast lane). On the
// worker's thread; views into the message, valid while it is.
#pragma once

#include <string>
#include <string_view>

namespace origin::http {

// Where a request's fields are looked up.
class Fields {
 public:
  // The value (of all lines of that name, joined by commas), or an empty view. `lower_case_name` is
  // NUL-terminated.
  virtual std::string_view get(const char* lower_case_name) const = 0;

 protected:
  ~Fields() = default;
};

enum class Method { kGet, kHead };

struct Request {
  Method method = Method::kGet;
  std::string name;        // decoded path without its leading slash
  std::string_view query;  // after '?', undecoded; empty if none
  std::string_view remote_address;
  const Fields& fields;
};

}  // namespace origin::http
