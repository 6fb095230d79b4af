// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/router.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <random>

#include "origin/base/text.hpp"
#include "origin/http/accept_encoding.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/directives.hpp"
#include "origin/http/documents.hpp"
#include "origin/http/listing.hpp"
#include "origin/http/name.hpp"
#include "origin/http/range.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

constexpr std::string_view kPublic = "public, ";
constexpr const char* kAllowedMethods = "GET, HEAD, PUT, POST, DELETE, OPTIONS";
constexpr const char* kReadingMethods = "GET, HEAD, OPTIONS";
constexpr const char* kAllowedHeaders =
    "Authorization, Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, "
    "Accept, "
    "Cache-Control, "
    "Content-Type, Pragma, X-Requested-With, *";

void set_options(std::string_view path, Reply& reply) {
  const Result<std::string> name = parse_name(path);
  reply.add("Allow", name && is_reserved(*name) ? kReadingMethods : kAllowedMethods);
  // Pages from elsewhere do not write.
  reply.add("Access-Control-Allow-Methods", kReadingMethods);
  reply.add("Access-Control-Allow-Headers", kAllowedHeaders);
  reply.add("Access-Control-Max-Age", "86400");
  // 200 and not 204: this libsoup closes the connection after a 204.
  reply.set_text({});
}

void redirect_to_folder(const Request& request, Reply& reply) {
  reply.status = 301;
  reply.add("Content-Type", "text/plain; charset=utf-8");
  reply.add("Cache-Control", "max-age=60");
  reply.set_text({Bytes::take("moved to /" + std::string(request.name) + "/\n")});
  // Relative, so that it holds behind a proxy that adds a prefix; "./" keeps a colon from looking like a
  // scheme.
  std::string location = "./" + encode_segment(std::string(request.name)) + "/";
  if (!request.query.empty()) location += "?" + std::string(request.query);
  reply.add("Location", location);
}

Conditions conditions_of(const RequestFields& fields) {
  return {.if_match = fields.if_match,
          .if_none_match = fields.if_none_match,
          .if_modified_since = fields.if_modified_since,
          .if_unmodified_since = fields.if_unmodified_since,
          .if_range = fields.if_range};
}

class ContentRange {
 public:
  ContentRange(const ByteRange& range, uint64_t size)
      : length_(static_cast<size_t>(std::snprintf(
            text_, sizeof text_, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.last, size))) {}
  std::string_view view() const { return {text_, length_}; }

 private:
  char text_[80];
  size_t length_;
};

void set_unsatisfiable(Reply& reply, uint64_t size) {
  set_error(reply, 416, "no byte of the range is within the " + std::to_string(size) + " bytes there are");
  reply.add("Content-Range", "bytes */" + std::to_string(size));
}

// What who operates the server looks at.
bool is_for_operators(std::string_view name) {
  const bool is_of_player = name == "time" || name == "healthz" || name.starts_with("_web/") ||
                            name.starts_with("api/presentations/");
  return is_reserved(name) && !is_of_player;
}

}  // namespace

bool Hold::over(const store::Topic& topic, store::Position position) {
  if (topic.sealed()) return true;
  const store::MessageRef newest = topic.newest();
  return newest && (newest->position() >= position || (topic.options().keep == 1 && !newest->ahead()));
}

Router::Router(Shared& shared) : shared_(shared) {
  std::random_device random;
  char text[32];
  std::snprintf(text, sizeof text, "part-%08x%08x", random(), random());
  boundary_ = text;
}

bool Router::route_by_head(const transport::RequestHead& head, Reply& reply) {
  reply.reset();
  if (head.method == "OPTIONS" && !head.has_body) {
    set_options(head.path, reply);
  } else if (head.method != "GET" && head.method != "HEAD" && head.method != "OPTIONS") {
    refuse(reply, 405, "method " + std::string(head.method) + " is not served here", head.method);
  } else if (head.has_body) {
    set_error(reply, 400, "a " + std::string(head.method) + " request has no body here");
  } else if (const auto name = parse_name(head.path); !name) {
    set_error(reply, 400, name.error().message);
  } else {
    return false;
  }
  reply.has_body = head.method != "HEAD";
  return true;
}

void Router::refuse(Reply& reply, int status, std::string_view reason, std::string_view method) {
  if (status == 503) {
    set_unavailable(reply, reason);
  } else {
    set_error(reply, status, reason);
  }
  if (status == 405) reply.add("Allow", kAllowedMethods);
  reply.has_body = method != "HEAD";
}

Router::Outcome Router::route(const Request& request, Reply& reply, Hold& hold) {
  const Outcome outcome = route_stored(request, reply, hold);
  if (outcome != Outcome::kNotStored) return outcome;
  if (admit(request, reply)) {
    serve_unstored(request, reply);
    reply.has_body = request.method == Method::kGet;
    charge(request, reply.length());
  }
  return Outcome::kReply;
}

Router::Outcome Router::route_stored(const Request& request, Reply& reply, Hold& hold) {
  reply.reset();
  store::Store::Found found = shared_.store.find(request.name);
  if (std::holds_alternative<std::monostate>(found)) return Outcome::kNotStored;
  if (!request.again && !admit(request, reply)) return Outcome::kReply;
  const Outcome outcome = serve_found(request, std::move(found), reply, hold);
  if (outcome == Outcome::kReply) charge(request, reply.length());
  return outcome;
}

Router::Outcome Router::serve_found(const Request& request, store::Store::Found found, Reply& reply,
                                    Hold& hold) {
  note_viewer(request);
  Outcome outcome = Outcome::kReply;
  if (auto* object = std::get_if<store::ObjectRef>(&found)) {
    serve_object(request, std::move(*object), conditions_of(request.fields), {}, reply);
  } else {
    outcome = serve_topic(request, std::get<store::TopicRef>(found), reply, hold);
  }
  reply.has_body = request.method == Method::kGet;
  reply.stored = true;
  return outcome;
}

// Whether its namespace may be read from once more.
bool Router::admit(const Request& request, Reply& reply) {
  if (shared_.namespaces.all_is_free() || is_reserved(request.name)) return true;
  const std::string_view component = first_component(request.name);
  const Duration wait =
      shared_.namespaces.admit(component, Namespaces::Traffic::kRead, shared_.store.clock().monotonic());
  if (wait == Duration::zero()) return true;
  set_limited(reply, "namespace '" + std::string(component) + "' is read more than its limits allow", wait);
  reply.has_body = request.method == Method::kGet;
  return false;
}

void Router::charge(const Request& request, uint64_t bytes) {
  if (!is_reserved(request.name)) shared_.charge(request.name, Namespaces::Traffic::kRead, bytes);
}

Router::Outcome Router::serve_topic(const Request& request, const store::TopicRef& topic, Reply& reply,
                                    Hold& hold) {
  if (topic->options().growing && request.may_follow) return follow(request, topic, reply, hold);
  if (topic->options().keep == 0 || topic->options().growing)
    return serve_growing(request, topic, reply, hold);
  const bool sealed = topic->sealed();  // asked first: no message comes after it
  const store::MessageRef message = topic->newest();
  if (!message && sealed) return serve_growing(request, topic, reply, hold);
  if (message && !message->ahead()) {
    serve_message(request, *message, 0, {}, reply);
    return Outcome::kReply;
  }
  const Result<Directives> directives = parse_directives(request.query);
  if (!directives && (message || topic->options().may_be_awaited)) {
    set_error(reply, 400, directives.error().message);
    return Outcome::kReply;
  }
  if (!message) {
    hold = {topic, {}, topic->options().hold_limit};
    return Outcome::kHold;
  }
  const auto awaited = awaited_position(*directives, *message);
  if (!awaited) {
    set_error(reply, 400, awaited.error().message);
  } else if (*awaited && message->position() < **awaited) {
    if (!sealed) {
      hold = {topic, **awaited, message->ahead()->hold_limit};
      return Outcome::kHold;
    }
    set_error(reply, 404, "/" + std::string(request.name) + " has come to its end", "max-age=1");
  } else {
    serve_message(request, *message, directives->edition,
                  directives->sequence ? message->ahead()->awaited_cache_control : std::string_view(), reply);
  }
  return Outcome::kReply;
}

// An upload that is on its way, and to be read from its beginning.
Router::Outcome Router::follow(const Request& request, const store::TopicRef& topic, Reply& reply,
                               Hold& hold) {
  if (topic->sealed()) return serve_growing(request, topic, reply, hold);
  const store::TopicOptions& options = topic->options();
  reply.add("Content-Type", options.headers.content_type);
  if (!options.headers.cache_control.empty()) reply.add("Cache-Control", options.headers.cache_control);
  if (options.expected_size) {
    reply.content_length = *options.expected_size;
  } else {
    reply.add("Transfer-Encoding", "chunked");
  }
  hold = {topic, {1, 0}, options.hold_limit};
  return Outcome::kFollow;
}

// A segment or part that is still growing: its bytes may be asked for by range, so it is answered once it is
// whole.
Router::Outcome Router::serve_growing(const Request& request, const store::TopicRef& topic, Reply& reply,
                                      Hold& hold) {
  if (!topic->sealed()) {
    hold = {topic, Hold::kSeal, topic->options().hold_limit};
    return Outcome::kHold;
  }
  // It may have become an object since it was found.
  const store::Store::Found found = shared_.store.find(request.name);
  const auto* same = std::get_if<store::TopicRef>(&found);
  if (std::holds_alternative<std::monostate>(found) || (same && *same == topic)) {
    set_missing(request, reply, "/" + std::string(request.name) + " never came to be");
    return Outcome::kReply;
  }
  return serve_found(request, found, reply, hold);
}

void Router::serve_message(const Request& request, const store::Message& message, uint8_t edition,
                           std::string_view cache_control, Reply& reply) {
  const bool gzip = prefers_gzip(request.fields.accept_encoding);
  Conditions conditions = conditions_of(request.fields);
  // A date names a second, in which it may have been another one.
  if (message.ahead()) conditions.if_modified_since = {};
  serve_object(request, message.form({.edition = edition, .gzip = gzip}), conditions, cache_control, reply);
}

store::MessageRef Router::find_asset(std::string_view name) const {
  constexpr std::string_view kFolder = "_web/";
  if (name.empty()) return shared_.assets.find("index.html");
  return name.starts_with(kFolder) ? shared_.assets.find(name.substr(kFolder.size())) : nullptr;
}

void Router::serve_unstored(const Request& request, Reply& reply) {
  if (request.only_plays && is_for_operators(request.name))
    return set_error(reply, 404,
                     "/" + std::string(request.name) + " is not at this port, which is for playing");
  store::ObjectRef document = shared_.store.resolve(request.name, request.query);
  if (!document) document = find_document(shared_, request.name, request.query);
  if (document) return serve_object(request, std::move(document), conditions_of(request.fields), {}, reply);
  if (const auto asset = find_asset(request.name)) return serve_message(request, *asset, 0, {}, reply);

  const std::string path = "/" + std::string(request.name);
  if (is_reserved(request.name)) return set_error(reply, 404, "there is no " + path);
  const std::string_view presentation = first_component(request.name);
  const std::string_view rest = request.name.substr(presentation.size());
  if (rest.size() <= 1) {
    if (store::ObjectRef listing = find_listing(shared_, request.name, request.query))
      return serve_object(request, std::move(listing), conditions_of(request.fields), {}, reply);
    const auto playlist = shared_.store.find(std::string(presentation) + "/index.m3u8");
    if (!std::holds_alternative<std::monostate>(playlist)) {
      if (rest.empty()) return redirect_to_folder(request, reply);
      if (const auto page = shared_.assets.find("player.html"))
        return serve_message(request, *page, 0, {}, reply);
    }
  }
  set_missing(request, reply, "nothing is at " + path);
}

// What is missing may be about to come: caches must not remember for long that it was not there. An upload
// that ends with the server may come again.
void Router::set_missing(const Request& request, Reply& reply, std::string_view reason) const {
  if (shared_.stopping) return set_unavailable(reply, shared_.no_room_reason());
  set_error(reply, 404, reason, "max-age=1");
  reply.expired = shared_.store.had(request.name);
}

void Router::serve_object(const Request& request, store::ObjectRef object, const Conditions& conditions,
                          std::string_view cache_control, Reply& reply) {
  const store::Headers& headers = object->headers;
  const Validators validators{headers.etag, headers.last_modified};
  const Verdict verdict = judge(conditions, validators);
  if (verdict == Verdict::kFailed)
    return set_error(reply, 412, "the representation is not the one that the condition names");
  if (cache_control.empty()) cache_control = headers.cache_control;
  // RFC 9111 3.5: "public" would let shared caches give to all what was given to who has a key.
  if (cache_control.starts_with(kPublic) && !shared_.gate.all_is_open() &&
      !shared_.gate.policy()->is_open(request.name))
    cache_control.remove_prefix(kPublic.size());
  if (!cache_control.empty()) reply.add("Cache-Control", cache_control);
  if (verdict == Verdict::kNotModified) {
    reply.status = 304;
    reply.prepared = Reply::Prepared::kValidators;
    reply.object = std::move(object);
    return;
  }
  // RFC 9110 14.2: Range means nothing with another method. Of nothing, everything is a better answer than
  // 416.
  Ranges ranges;
  if (!request.fields.range.empty() && request.method == Method::kGet && object->size > 0 &&
      range_applies(conditions.if_range, validators, shared_.store.clock().utc())) {
    ranges = parse_ranges(request.fields.range, object->size, shared_.limits.max_ranges);
  }
  if (ranges.kind == Ranges::Kind::kUnsatisfiable) return set_unsatisfiable(reply, object->size);
  if (ranges.kind == Ranges::Kind::kOne) return serve_range(std::move(object), ranges.one, reply);
  if (ranges.kind == Ranges::Kind::kSeveral) return serve_ranges(std::move(object), ranges.list, reply);
  reply.prepared = Reply::Prepared::kAll;
  reply.content_length = object->size;
  reply.object = std::move(object);
}

void Router::serve_range(store::ObjectRef object, const ByteRange& range, Reply& reply) {
  reply.status = 206;
  reply.prepared = Reply::Prepared::kAll;
  reply.add("Content-Range", ContentRange(range, object->size).view());
  reply.content_length = range.length();
  reply.range = range;
  reply.object = std::move(object);
}

// RFC 9110 14.6
void Router::serve_ranges(store::ObjectRef object, const std::vector<ByteRange>& ranges, Reply& reply) {
  const store::Headers& headers = object->headers;
  reply.status = 206;
  reply.add_representation(headers);
  reply.add("Content-Type", "multipart/byteranges; boundary=" + boundary_);
  Body body;
  for (const ByteRange& range : ranges) {
    body.push_back(Bytes::take(
        (body.empty() ? "--" : "\r\n--") + boundary_ + "\r\nContent-Type: " + headers.content_type +
        "\r\nContent-Range: " + std::string(ContentRange(range, object->size).view()) + "\r\n\r\n"));
    const Body slices = slice_body(object->body, range);
    body.insert(body.end(), slices.begin(), slices.end());
  }
  body.push_back(Bytes::take("\r\n--" + boundary_ + "--\r\n"));
  reply.set_text(std::move(body));
}

// X-Forwarded-For names the viewer behind proxies first. Who forges it is counted more than once, no more.
void Router::note_viewer(const Request& request) {
  if (request.again || request.method != Method::kGet || request.name.find('/') == std::string_view::npos)
    return;
  std::string_view forwarded = request.fields.forwarded_for;
  shared_.viewers.note(first_component(request.name),
                       {request.remote_address, request.fields.user_agent, take_until(forwarded, ',')},
                       shared_.store.clock().monotonic());
}

}  // namespace origin::http
