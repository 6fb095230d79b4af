// SPDX-License-Identifier: LGPL-2.1-or-later
// One store behind two servers: one with the fast lane, one whose answers all come from libsoup. What both
// say to the same bytes, in a form that can be compared. Aborts where a socket does not do what it should.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "origin/http/server.hpp"

namespace origin::tests {

class BothWays {
 public:
  BothWays();

  struct Answers {
    std::string fast, soup;
    bool alike() const { return fast == soup; }
  };
  // What comes back for `bytes`, after which the client says that it sends no more.
  Answers send(std::string_view bytes) const;
  // How many requests the fast lane of either has taken.
  uint64_t taken_by_fast_lane() const;
  uint64_t taken_without_fast_lane() const;

 private:
  struct Way {
    Way(bool fast_lane, store::Store& store);
    std::string send(std::string_view bytes) const;
    uint64_t taken() const;

    http::Server server;
    uint16_t port = 0;
  };
  void fill();

  store::Store store_;
  Way fast_, soup_;
};

}  // namespace origin::tests
