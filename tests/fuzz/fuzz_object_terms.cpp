// SPDX-License-Identifier: LGPL-2.1-or-later
// libFuzzer target for what an upload says of its object, and who sends it: nothing that a proxy would act on
// is given back, and no TTL is longer than it may be.
#include <array>
#include <cstdlib>

#include "origin/http/object_headers.hpp"
#include "origin/http/write_access.hpp"

using namespace origin;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::array<transport::HeaderField, 32> fields;
  transport::RequestHead head;
  transport::HeadError error;
  size_t scanned = 0;
  if (parse_request_head(bytes, {}, fields, scanned, head, error) != transport::HeadState::kComplete)
    return 0;
  const http::Limits limits;
  const Result<http::ObjectTerms> terms = http::object_terms(head, head.path, http::ttl_bounds(limits, {}));
  if (terms) {
    require(!terms->ttl || (*terms->ttl > Duration::zero() && *terms->ttl <= limits.max_ttl));
    for (const auto& [name, value] : terms->headers.custom) {
      require(transport::is_token(name) && value.find_first_of("\r\n") == std::string::npos);
      require(!transport::equals_ignoring_case(name, "x-accel-redirect"));
      require(!transport::equals_ignoring_case(name, "set-cookie"));
    }
  }
  const Status may = http::may_write_without_key(head, "127.0.0.1");
  require(!may || !head.field("via").data());
  require(!http::may_write_without_key(head, "192.0.2.1"));
  return 0;
}
