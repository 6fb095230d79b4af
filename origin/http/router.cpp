// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/router.hpp"

#include <algorithm>
#include <random>

#include "origin/base/text.hpp"
#include "origin/http/accept_encoding.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/directives.hpp"
#include "origin/http/documents.hpp"
#include "origin/http/name.hpp"
#include "origin/http/range.hpp"
#include "origin/transport/request_head.hpp"

namespace origin::http {

namespace {

constexpr const char* kAllowedMethods = "GET, HEAD, OPTIONS";
constexpr const char* kAllowedHeaders =
    "Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range, Accept, "
    "Cache-Control, "
    "Content-Type, Pragma, X-Requested-With, *";

// Names that are the server's own: what is missing there may come with a new version, not with the next
// segment.
bool is_reserved(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"", "api", "healthz", "metrics", "time", "topics"};
  const std::string_view component = first_component(name);
  if (component.starts_with('_') || component.starts_with('.')) return true;
  return std::find(std::begin(kReserved), std::end(kReserved), component) != std::end(kReserved);
}

Reply options_reply() {
  Reply reply;
  reply.add("Allow", kAllowedMethods);
  reply.add("Access-Control-Allow-Methods", kAllowedMethods);
  reply.add("Access-Control-Allow-Headers", kAllowedHeaders);
  reply.add("Access-Control-Max-Age", "86400");
  // 200 and not 204: this libsoup closes the connection after a 204.
  reply.set_body({});
  return reply;
}

Reply redirect_to_folder(const Request& request) {
  Reply reply;
  reply.status = 301;
  reply.add("Content-Type", "text/plain; charset=utf-8");
  reply.add("Cache-Control", "max-age=60");
  reply.set_body({Bytes::take("moved to /" + request.name + "/\n")});
  // Relative, so that it holds behind a proxy that adds a prefix; "./" keeps a colon from looking like a
  // scheme.
  std::string location = "./" + encode_segment(request.name) + "/";
  if (!request.query.empty()) location += "?" + std::string(request.query);
  reply.add("Location", std::move(location));
  return reply;
}

Conditions conditions_of(const Fields& fields) {
  return {.if_match = fields.get("if-match"),
          .if_none_match = fields.get("if-none-match"),
          .if_modified_since = fields.get("if-modified-since"),
          .if_unmodified_since = fields.get("if-unmodified-since"),
          .if_range = fields.get("if-range")};
}

// Whether a header that came with an object may be sent on: a token, and no control character (RFC 9110 5.5).
bool is_sendable(const std::pair<std::string, std::string>& header) {
  return transport::is_token(header.first) &&
         std::none_of(header.second.begin(), header.second.end(), [](char c) {
           return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
         });
}

// What 200, 206 and 304 have in common (RFC 9110 15.4.5).
void add_metadata(Reply& reply, const store::Headers& headers, bool varies, std::string_view cache_control) {
  if (!cache_control.empty()) reply.add("Cache-Control", std::string(cache_control));
  if (!headers.etag.empty()) reply.add("ETag", headers.etag);
  if (headers.last_modified != UtcTime{}) reply.add("Last-Modified", format_http_date(headers.last_modified));
  if (varies) reply.add("Vary", "Accept-Encoding");
}

std::string content_range(const ByteRange& range, uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" +
         std::to_string(size);
}

Reply unsatisfiable_reply(uint64_t size) {
  Reply reply =
      error_reply(416, "no byte of the range is within the " + std::to_string(size) + " bytes there are");
  reply.add("Content-Range", "bytes */" + std::to_string(size));
  return reply;
}

}  // namespace

bool Hold::over(const store::Topic& topic, store::Position position) {
  if (topic.sealed()) return true;
  const store::MessageRef newest = topic.newest();
  return newest && (newest->position() >= position || (topic.options().keep == 1 && !newest->ahead()));
}

Router::Router(Shared& shared) : shared_(shared) {
  std::random_device random;
  boundary_ = "part-" + std::to_string(random()) + std::to_string(random());
}

std::optional<Reply> Router::route_by_head(const transport::RequestHead& head) {
  std::optional<Reply> reply;
  if (head.method == "OPTIONS" && !head.has_body) {
    reply = options_reply();
  } else if (head.method != "GET" && head.method != "HEAD" && head.method != "OPTIONS") {
    reply = refuse(405, "method " + std::string(head.method) + " is not served here", head.method);
  } else if (head.has_body) {
    reply = error_reply(400, "a " + std::string(head.method) + " request has no body here");
  } else if (const auto name = parse_name(head.path); !name) {
    reply = error_reply(400, name.error().message);
  }
  if (reply && head.method == "HEAD") reply->body.clear();
  return reply;
}

Reply Router::refuse(int status, std::string_view reason, std::string_view method) {
  Reply reply = status == 503 ? unavailable_reply(reason) : error_reply(status, reason);
  if (status == 405) reply.add("Allow", kAllowedMethods);
  if (method == "HEAD") reply.body.clear();
  return reply;
}

Outcome Router::route(const Request& request) {
  Outcome outcome = find(request);
  auto* reply = std::get_if<Reply>(&outcome);
  if (reply && request.method == Method::kHead) reply->body.clear();
  return outcome;
}

Outcome Router::find(const Request& request) {
  const store::Store::Found found = shared_.store.find(request.name);
  if (const auto* object = std::get_if<store::ObjectRef>(&found)) {
    note_viewer(request);
    return serve_object(request, **object);
  }
  if (const auto* topic = std::get_if<store::TopicRef>(&found)) {
    note_viewer(request);
    return serve_topic(request, *topic);
  }
  return serve_unstored(request);
}

Outcome Router::serve_topic(const Request& request, const store::TopicRef& topic) {
  if (topic->options().keep == 0) return serve_growing(request, topic);
  const bool sealed = topic->sealed();  // asked first: no message comes after it
  const store::MessageRef message = topic->newest();
  if (!message)
    return sealed ? serve_growing(request, topic) : Outcome(Hold{topic, {}, topic->options().hold_limit});
  if (!message->ahead()) return serve_message(request, *message);

  const Result<Directives> directives = parse_directives(request.query);
  if (!directives) return error_reply(400, directives.error().message);
  const auto awaited = awaited_position(*directives, *message);
  if (!awaited) return error_reply(400, awaited.error().message);
  if (*awaited && message->position() < **awaited) {
    if (!sealed) return Hold{topic, **awaited, message->ahead()->hold_limit};
    return error_reply(404, "/" + request.name + " has come to its end", "max-age=1");
  }
  return serve_message(request, *message, directives->edition, directives->sequence.has_value());
}

// A segment or part that is still growing: its bytes may be asked for by range, so it is answered once it is
// whole.
Outcome Router::serve_growing(const Request& request, const store::TopicRef& topic) {
  if (!topic->sealed()) return Hold{topic, Hold::kSeal, topic->options().hold_limit};
  // It may have become an object since it was found.
  const store::Store::Found found = shared_.store.find(request.name);
  const auto* same = std::get_if<store::TopicRef>(&found);
  if (std::holds_alternative<std::monostate>(found) || (same && *same == topic)) {
    return error_reply(404, "/" + request.name + " never came to be", "max-age=1");
  }
  return find(request);
}

Reply Router::serve_message(const Request& request, const store::Message& message, uint8_t edition,
                            bool awaited) {
  const bool gzip = prefers_gzip(request.fields.get("accept-encoding"));
  Manner manner{.content_encoding = gzip ? "gzip" : nullptr, .varies = true};
  if (awaited) manner.cache_control = message.ahead()->awaited_cache_control;
  return serve_object(request, *message.form({.edition = edition, .gzip = gzip}), manner);
}

store::MessageRef Router::find_asset(std::string_view name) const {
  constexpr std::string_view kFolder = "_web/";
  if (name.empty()) return shared_.assets.find("index.html");
  return name.starts_with(kFolder) ? shared_.assets.find(name.substr(kFolder.size())) : nullptr;
}

Reply Router::serve_unstored(const Request& request) {
  store::ObjectRef document = shared_.store.resolve(request.name, request.query);
  if (!document) document = find_document(shared_, request.name);
  if (document) return serve_object(request, *document);
  if (const auto asset = find_asset(request.name)) return serve_message(request, *asset);

  if (is_reserved(request.name)) return error_reply(404, "there is no /" + request.name);
  const std::string_view presentation = first_component(request.name);
  const std::string_view rest = std::string_view(request.name).substr(presentation.size());
  if (rest.size() <= 1) {
    const auto playlist = shared_.store.find(std::string(presentation) + "/index.m3u8");
    if (!std::holds_alternative<std::monostate>(playlist)) {
      if (rest.empty()) return redirect_to_folder(request);
      if (const auto page = shared_.assets.find("player.html")) return serve_message(request, *page);
    }
  }
  // What is missing may be about to come: caches must not remember for long that it was not there.
  return error_reply(404, "nothing is at /" + request.name, "max-age=1");
}

Reply Router::serve_object(const Request& request, const store::Object& object, const Manner& manner) {
  const std::string_view cache_control =
      manner.cache_control.empty() ? std::string_view(object.headers.cache_control) : manner.cache_control;
  const Conditions conditions = conditions_of(request.fields);
  const Validators validators{object.headers.etag, object.headers.last_modified};
  switch (judge(conditions, validators)) {
    case Verdict::kFailed:
      return error_reply(412, "the representation is not the one that the condition names");
    case Verdict::kNotModified: {
      Reply reply;
      reply.status = 304;
      add_metadata(reply, object.headers, manner.varies, cache_control);
      return reply;
    }
    case Verdict::kProceed:
      break;
  }
  Reply reply;
  Ranges ranges;
  // RFC 9110 14.2: Range means nothing with another method. Of nothing, everything is a better answer than
  // 416.
  if (request.method == Method::kGet && object.size > 0 &&
      range_applies(conditions.if_range, validators, shared_.store.clock().utc())) {
    ranges = parse_ranges(request.fields.get("range"), object.size, shared_.limits.max_ranges);
  }
  if (ranges.kind == Ranges::Kind::kUnsatisfiable) return unsatisfiable_reply(object.size);
  if (ranges.kind == Ranges::Kind::kPartial) {
    reply = partial_reply(object, ranges.list);
  } else {
    reply.add("Content-Type", object.headers.content_type);
    reply.set_body(object.body);
  }
  add_metadata(reply, object.headers, manner.varies, cache_control);
  reply.add("Accept-Ranges", "bytes");
  if (manner.content_encoding) reply.add("Content-Encoding", manner.content_encoding);
  for (const auto& header : object.headers.custom) {
    if (is_sendable(header)) reply.headers.push_back(header);
  }
  return reply;
}

Reply Router::partial_reply(const store::Object& object, const std::vector<ByteRange>& ranges) {
  Reply reply;
  reply.status = 206;
  if (ranges.size() == 1) {
    reply.add("Content-Type", object.headers.content_type);
    reply.add("Content-Range", content_range(ranges[0], object.size));
    reply.set_body(slice_body(object.body, ranges[0]));
    return reply;
  }
  // RFC 9110 14.6
  reply.add("Content-Type", "multipart/byteranges; boundary=" + boundary_);
  Body body;
  for (const ByteRange& range : ranges) {
    body.push_back(Bytes::take((body.empty() ? "--" : "\r\n--") + boundary_ +
                               "\r\nContent-Type: " + object.headers.content_type +
                               "\r\nContent-Range: " + content_range(range, object.size) + "\r\n\r\n"));
    const Body slices = slice_body(object.body, range);
    body.insert(body.end(), slices.begin(), slices.end());
  }
  body.push_back(Bytes::take("\r\n--" + boundary_ + "--\r\n"));
  reply.set_body(std::move(body));
  return reply;
}

// X-Forwarded-For names the viewer behind proxies first. Who forges it is counted more than once, no more.
void Router::note_viewer(const Request& request) {
  if (request.method != Method::kGet || request.name.find('/') == std::string::npos) return;
  std::string client(request.remote_address);
  client += '\n';
  client += request.fields.get("user-agent");
  client += '\n';
  std::string_view forwarded = request.fields.get("x-forwarded-for");
  client += take_until(forwarded, ',');
  shared_.viewers.note(first_component(request.name), client, shared_.store.clock().monotonic());
}

}  // namespace origin::http
