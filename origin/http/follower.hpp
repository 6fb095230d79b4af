// SPDX-License-Identifier: LGPL-2.1-or-later
// An answer that goes along with an upload: what there is of it at once, the rest as it comes. On the
// worker's thread.
#pragma once

#include "origin/http/hold_list.hpp"
#include "origin/transport/connection.hpp"

namespace origin::http {

class Follower final : public HoldList::Waiter {
 public:
  // The head of the answer has been given to the connection. `chunked`: its body is framed so (RFC 9112 7.1).
  Follower(HoldList& holds, Shared& shared, transport::Connection& connection, store::TopicRef topic,
           bool chunked, access::GrantRef grant, Visit visit, std::string_view request_id);
  ~Follower() override;

  // What it waits for: as long as the upload takes.
  Hold hold() const;
  std::optional<Hold> look_again() override;
  bool is_still_admitted() const override;
  // The answer breaks off.
  void give_up(std::string_view reason, bool close) override;

 private:
  void send_from(const store::Object& object);
  void end(bool complete);
  void end_visit();

  HoldList& holds_;
  Shared& shared_;
  transport::Connection& connection_;
  const store::TopicRef topic_;
  const bool chunked_;
  const access::GrantRef grant_;
  Visit visit_;
  const std::string request_id_;
  bool over_ = false;
  uint64_t sent_ = 0;  // bytes of the object
};

}  // namespace origin::http
