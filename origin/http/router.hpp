// SPDX-License-Identifier: LGPL-2.1-or-later
// The routing table: what a request gets, or what it has to wait for. One per worker, on its thread; never
// blocks.
#pragma once

#include "origin/http/conditions.hpp"
#include "origin/http/range.hpp"
#include "origin/http/reply.hpp"
#include "origin/http/request.hpp"
#include "origin/http/shared.hpp"

namespace origin::http {

// What a request waits for: the topic's newest message to be at or past `position`, or that nothing more is
// to be waited for. Then it is routed again.
struct Hold {
  // Past every message: only the seal is waited for.
  static constexpr store::Position kSeal{UINT64_MAX, UINT64_MAX};

  store::TopicRef topic;
  store::Position position;
  Duration limit{};

  static bool over(const store::Topic& topic, store::Position position);
};

class Router {
 public:
  enum class Outcome : uint8_t {
    kReply,      // the reply is made
    kHold,       // the hold says what for
    kFollow,     // the reply is a beginning: what the hold's topic shows is its body, piece by piece
    kNotStored,  // the store has nothing of that name
  };

  explicit Router(Shared& shared);

  // What needs no look at the store: OPTIONS, and what is refused. False: it is a GET or HEAD with a good
  // path.
  static bool route_by_head(const transport::RequestHead& head, Reply& reply);

  // The answer to a request whose head is not even that.
  static void refuse(Reply& reply, int status, std::string_view reason, std::string_view method);

  // Of what is in the store. A reply to HEAD has no body, but the length of one.
  Outcome route_stored(const Request& request, Reply& reply, Hold& hold);
  // Of that and all else there is; never kNotStored.
  Outcome route(const Request& request, Reply& reply, Hold& hold);

 private:
  Outcome serve_topic(const Request& request, const store::TopicRef& topic, Reply& reply, Hold& hold);
  // A page of the server's own or what it is made of; null if there is none of that name.
  store::MessageRef find_asset(std::string_view name) const;
  void serve_unstored(const Request& request, Reply& reply);
  void set_missing(const Request& request, Reply& reply, std::string_view reason) const;
  Outcome follow(const Request& request, const store::TopicRef& topic, Reply& reply, Hold& hold);
  Outcome serve_growing(const Request& request, const store::TopicRef& topic, Reply& reply, Hold& hold);
  // Something that changes, in the form that the request prefers. `cache_control`: instead of the object's
  // own, unless it is empty.
  void serve_message(const Request& request, const store::Message& message, uint8_t edition,
                     std::string_view cache_control, Reply& reply);
  void serve_object(const Request& request, store::ObjectRef object, const Conditions& conditions,
                    std::string_view cache_control, Reply& reply);
  void serve_range(store::ObjectRef object, const ByteRange& range, Reply& reply);
  void serve_ranges(store::ObjectRef object, const std::vector<ByteRange>& ranges, Reply& reply);

  Outcome serve_found(const Request& request, store::Store::Found found, Reply& reply, Hold& hold);
  bool admit(const Request& request, Reply& reply);
  void charge(const Request& request, uint64_t bytes);
  void note_viewer(const Request& request);

  Shared& shared_;
  std::string boundary_;  // of multipart answers: random, so that no body has it
};

}  // namespace origin::http
