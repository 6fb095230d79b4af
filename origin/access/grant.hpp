// SPDX-License-Identifier: LGPL-2.1-or-later
// What the holder of a key or token may do, and where. Values, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "origin/base/result.hpp"
#include "origin/base/time.hpp"

namespace origin::access {

enum class Right : uint8_t { kRead, kWrite, kPublish, kSubscribe, kAdmin };

class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(std::initializer_list<Right> rights) {
    for (const Right right : rights) bits_ |= bit(right);
  }
  constexpr bool has(Right right) const { return bits_ & bit(right); }
  constexpr bool any() const { return bits_ != 0; }
  constexpr Rights& operator|=(Rights other) {
    bits_ |= other.bits_;
    return *this;
  }
  constexpr Rights operator&(Rights other) const {
    Rights both;
    both.bits_ = bits_ & other.bits_;
    return both;
  }
  constexpr bool operator==(const Rights&) const = default;

 private:
  static constexpr unsigned bit(Right right) { return 1u << static_cast<unsigned>(right); }
  unsigned bits_ = 0;
};

// The rights of a role: read, write, readwrite, publish (a presentation, by pushing media or finished files),
// subscribe, admin (everything). Error: kInvalid, naming the roles there are.
Result<Rights> rights_of(std::string_view role);

// "/live/", "/vod/show", "/": what lies at or below a path. Kept without slashes at its ends, decoded.
class PathPrefix {
 public:
  // Error: kInvalid for what does not begin with a slash, or has an empty, "." or ".." segment.
  static Result<PathPrefix> parse(std::string_view path);

  // `name`: a decoded path without its leading slash, "live/video_0/index.m3u8".
  bool covers(std::string_view name) const;
  std::string path() const { return "/" + text_; }
  bool operator==(const PathPrefix&) const = default;

 private:
  std::string text_;
};

using PathPrefixes = std::vector<PathPrefix>;
bool covers(const PathPrefixes& prefixes, std::string_view name);

struct Grant {
  std::string holder;  // the key's name, or the token's subject: for logs
  Rights rights;
  PathPrefixes paths;
  UtcTime not_before = UtcTime::min();
  UtcTime expires = UtcTime::max();  // no more from then on
  // What it rests on: "key NAME", "signing key NAME", "token key KID", and a digest of that key.
  std::string rests_on;
  // A token's paths are further limited to those of the key that it is signed with.
  PathPrefixes limits;

  bool allows(Right right, std::string_view name) const;
  // Why it does not count at that time; nullopt if it does.
  std::optional<std::string> out_of_time(UtcTime now) const;
};

using GrantRef = std::shared_ptr<const Grant>;

}  // namespace origin::access
