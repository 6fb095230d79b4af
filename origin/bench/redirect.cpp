// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/bench/redirect.hpp"

namespace origin::bench {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 307 || status == 308;
}

Result<Url> follow_redirect(const Url& from, std::string_view location, int count) {
  if (location.empty()) return Error{ErrorCode::kInvalid, "is a redirect without a Location"};
  if (count > kMaxRedirects) {
    return Error{ErrorCode::kLimit, "is redirected more than " + std::to_string(kMaxRedirects) +
                                        " times in a row, last to " + std::string(location)};
  }
  Result<Url> url = resolve(from, location);
  if (!url) return Error{url.error().code, "is redirected to where it cannot be had: " + url.error().message};
  return url;
}

}  // namespace origin::bench
