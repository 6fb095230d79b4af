// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/accept_encoding.hpp"

#include <algorithm>
#include <optional>

#include "origin/base/text.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

using transport::equals_ignoring_case;

// "0.5" -> 500; nullopt if it is not a qvalue (RFC 9110 12.4.2).
std::optional<int> parse_qvalue(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int thousandths = (text[0] - '0') * 1000;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int unit = 100;
  for (const char digit : text.substr(std::min<size_t>(2, text.size()))) {
    if (digit < '0' || digit > '9') return std::nullopt;
    thousandths += (digit - '0') * unit;
    unit /= 10;
  }
  return thousandths <= 1000 ? std::optional(thousandths) : std::nullopt;
}

// The weight among the parameters after a coding; one that cannot be read refuses the coding.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = take_until(parameters, ';');
    const std::string_view name = take_until(value, '=');
    if (equals_ignoring_case(name, "q")) return parse_qvalue(trimmed(value)).value_or(0);
  }
  return 1000;
}

}  // namespace

bool prefers_gzip(std::string_view accept_encoding) {
  std::optional<int> gzip, identity, any;
  while (!accept_encoding.empty()) {
    std::string_view parameters = take_until(accept_encoding, ',');
    const std::string_view coding = take_until(parameters, ';');
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
      gzip = weight_of(parameters);
    } else if (equals_ignoring_case(coding, "identity")) {
      identity = weight_of(parameters);
    } else if (coding == "*") {
      any = weight_of(parameters);
    }
  }
  const int gzip_weight = gzip.value_or(any.value_or(0));
  // An identity that is not named is acceptable, but nothing says that it is wanted.
  return gzip_weight > 0 && gzip_weight >= identity.value_or(0);
}

}  // namespace origin::http
