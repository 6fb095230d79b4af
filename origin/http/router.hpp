// SPDX-License-Identifier: LGPL-2.1-or-later
// The routing table: what a request gets, or what it has to wait for. One per worker, on its thread; never
// blocks.
#pragma once

#include <variant>

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
  Duration limit;

  static bool over(const store::Topic& topic, store::Position position);
};

using Outcome = std::variant<Reply, Hold>;

class Router {
 public:
  explicit Router(Shared& shared);

  // What needs no look at the store: OPTIONS, and what is refused. None: it is a GET or HEAD with a good
  // path.
  static std::optional<Reply> route_by_head(const transport::RequestHead& head);

  // The answer to a request whose head is not even that.
  static Reply refuse(int status, std::string_view reason, std::string_view method);

  // A reply to HEAD has no body, but the length of one.
  Outcome route(const Request& request);

 private:
  Outcome find(const Request& request);
  Outcome serve_topic(const Request& request, const store::TopicRef& topic);
  // A page of the server's own or what it is made of; null if there is none of that name.
  store::MessageRef find_asset(std::string_view name) const;
  Reply serve_unstored(const Request& request);
  Outcome serve_growing(const Request& request, const store::TopicRef& topic);
  // Something that changes, in the form that the request prefers.
  Reply serve_message(const Request& request, const store::Message& message, uint8_t edition = 0,
                      bool awaited = false);
  struct Manner {
    const char* content_encoding = nullptr;
    bool varies = false;
    std::string_view cache_control{};  // instead of the object's own
  };
  Reply serve_object(const Request& request, const store::Object& object, const Manner& manner);
  Reply serve_object(const Request& request, const store::Object& object) {
    return serve_object(request, object, Manner());
  }
  Reply partial_reply(const store::Object& object, const std::vector<ByteRange>& ranges);
  void note_viewer(const Request& request);

  Shared& shared_;
  std::string boundary_;  // of multipart answers: random, so that no body has it
};

}  // namespace origin::http
