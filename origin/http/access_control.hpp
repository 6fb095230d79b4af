// SPDX-License-Identifier: LGPL-2.1-or-later
// Asks a request for its key or token, before anything else looks at it. On the worker's thread.
#pragma once

#include "origin/http/reply.hpp"
#include "origin/http/shared.hpp"
#include "origin/transport/connection.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

class AccessControl {
 public:
  explicit AccessControl(Shared& shared) : shared_(shared) {}

  // Whether the request goes on; else the reply says why it does not. A token in the path is taken off it.
  // `grant`: what it was admitted with; null where nothing was needed.
  bool admit(const transport::Connection& connection, transport::RequestHead& head, Reply& reply,
             access::GrantRef& grant) const;

 private:
  bool needs_nothing(access::Right right, std::string_view name) const;

  Shared& shared_;
};

}  // namespace origin::http
