// SPDX-License-Identifier: LGPL-2.1-or-later
// Where a remote origin is, and the URLs of what is pushed to it. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "origin/base/result.hpp"

namespace origin::publish {

class Location {
 public:
  // "http://origin:8080", "https://[2001:db8::1]/live-origin/". Errors: kInvalid, naming what is wrong.
  static Result<Location> parse(std::string_view text);

  // Of a track's media. `query` without '?', escaped.
  std::string track_url(const std::string& presentation, const std::string& track,
                        const std::string& query) const;
  // Without a slash at its end.
  const std::string& text() const { return base_; }

 private:
  explicit Location(std::string base) : base_(std::move(base)) {}
  std::string base_;
};

// Whether it can be one segment of a path. Errors: kInvalid; `what` is what the name is of.
Status check_name(const char* what, const std::string& name);

}  // namespace origin::publish
