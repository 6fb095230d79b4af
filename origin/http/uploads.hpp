// SPDX-License-Identifier: LGPL-2.1-or-later
// PUT, POST and DELETE, of objects and below publishing points. One per worker, on its thread; never blocks.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "origin/http/body_target.hpp"
#include "origin/http/reply.hpp"
#include "origin/http/shared.hpp"
#include "origin/http/wire.hpp"
#include "origin/transport/connection.hpp"

namespace origin::http {

class Uploads {
 public:
  Uploads(Shared& shared, Wire& wire);
  ~Uploads();

  // Takes a request that writes, and its visit with it: answers it, now or when its body is there. False: it
  // is none.
  bool take(transport::Connection& connection, const transport::RequestHead& head, access::GrantRef grant,
            Visit& visit);
  // Those on their way are broken off; their clients get 503.
  void give_up_all();
  // Likewise those that are not admitted any more; their clients get 403.
  void give_up_refused();

 private:
  class Receiving;

  // Null: there is no body to be read, and the reply says what was done, or why not.
  std::unique_ptr<BodyTarget> take_object(const transport::RequestHead& head, const std::string& name);
  std::unique_ptr<BodyTarget> take_push(const transport::RequestHead& head, const std::string& name);
  std::unique_ptr<BodyTarget> begin_object(const transport::RequestHead& head, const std::string& name,
                                           store::Precondition precondition);
  std::unique_ptr<BodyTarget> take_namespace(const transport::RequestHead& head, std::string_view name);
  // False: the reply says why not.
  bool may_write_now(const std::string& name);
  bool admit(const transport::RequestHead& head, const std::string& name, store::Precondition& precondition);
  bool is_pushed_type(std::string_view field);
  bool has_room();
  void receive(transport::Connection& connection, const transport::RequestHead& head, std::string name,
               std::unique_ptr<BodyTarget> target, access::GrantRef grant, Visit visit);
  void send(transport::Connection& connection, int minor_version, bool keep_alive, Visit visit);
  void end(Receiving& receiving);

  Shared& shared_;
  Wire& wire_;
  Reply reply_;  // its memory is used again and again
  std::unordered_map<const Receiving*, std::unique_ptr<Receiving>> receiving_;
};

}  // namespace origin::http
