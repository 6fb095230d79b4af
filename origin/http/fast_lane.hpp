// SPDX-License-Identifier: LGPL-2.1-or-later
// Plain requests for what is in the store, answered on the connection itself: no libsoup, no allocation, one
// system call. What it does not recognise exactly it leaves alone. One per worker, on its thread.
#pragma once

#include "origin/http/hold_list.hpp"
#include "origin/http/router.hpp"
#include "origin/http/wire.hpp"
#include "origin/transport/connection.hpp"

namespace origin::http {

class FastLane {
 public:
  FastLane(Shared& shared, Router& router, HoldList& holds, Wire& wire)
      : shared_(shared), router_(router), holds_(holds), wire_(wire) {}

  // Returns whether it took the request, and its visit with it: it has answered it, or will when what was
  // asked for is there.
  bool take(transport::Connection& connection, const transport::RequestHead& head,
            const access::GrantRef& grant, Visit& visit);

 private:
  class Parked;

  // Begins the reply that was made last; what the hold's topic shows is its body.
  void follow(transport::Connection& connection, Hold hold, bool keep_alive, access::GrantRef grant,
              Visit visit);
  // Sends the reply that was made last.
  void send(transport::Connection& connection, bool keep_alive, Visit visit);

  Shared& shared_;
  Router& router_;
  HoldList& holds_;
  Wire& wire_;
  Reply reply_;       // its memory is used again and again
  std::string name_;  // that had to be decoded
};

}  // namespace origin::http
