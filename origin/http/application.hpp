// SPDX-License-Identifier: LGPL-2.1-or-later
// HTTP on one worker: takes requests from libsoup, has them routed, gives libsoup the replies, holds what has
// to wait. On the worker's thread.
#pragma once

#include <libsoup/soup.h>

#include <optional>
#include <string>

#include "origin/http/access_control.hpp"
#include "origin/http/fast_lane.hpp"
#include "origin/http/hold_list.hpp"
#include "origin/http/ledger.hpp"
#include "origin/http/router.hpp"
#include "origin/http/uploads.hpp"
#include "origin/http/wire.hpp"
#include "origin/transport/connection.hpp"
#include "origin/transport/worker.hpp"

namespace origin::http {

class Application final : public transport::Application {
 public:
  Application(transport::Worker& worker, SoupServer* soup, Shared& shared);
  ~Application() override;

  // Answers what the fast lane takes, and what can be answered by its head alone; the rest goes to libsoup.
  bool first_look(transport::Connection& connection, const transport::RequestHead& head) override;
  Body refusal(const transport::HeadError& error, std::string_view method) override;
  void note_refused_head(const transport::HeadError& error, std::string_view method) override;
  // Held requests and uploads are answered with 503, now and from now on.
  void give_up_waiting() {
    holds_.give_up_all();
    uploads_.give_up_all();
  }

  // The policy has changed: what waits or comes in, and is not admitted any more, is broken off.
  void refuse_who_is_not_admitted() {
    holds_.give_up_refused();
    uploads_.give_up_refused();
  }

 private:
  class HeldMessage;

  // A request that libsoup answers, as it was admitted: how libsoup reads its target is another matter.
  struct Left {
    const transport::Connection* connection;
    std::string name;
    std::string query;
    access::GrantRef grant;
    Visit visit;
  };

  void handle(SoupServerMessage* message);
  Router::Outcome route(const Left& left, SoupServerMessage* message, Hold& hold, bool again);
  // Gives libsoup the reply that was made last, which ends the visit.
  void send(SoupServerMessage* message, Visit visit);

  Shared& shared_;
  SoupServer* const soup_;
  const AccessControl access_control_;
  Ledger ledger_;
  Router router_;
  Wire wire_;
  HoldList holds_;
  Uploads uploads_;
  FastLane fast_lane_;
  Reply reply_;               // its memory is used again and again
  std::optional<Left> left_;  // the last one, until libsoup has read its head, which it does at once
};

}  // namespace origin::http
