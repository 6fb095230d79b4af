// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/uploads.hpp"

#include <algorithm>
#include <optional>

#include "origin/base/text.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/name.hpp"
#include "origin/http/namespace_documents.hpp"
#include "origin/http/object_headers.hpp"

namespace origin::http {

namespace {

// What DASH-IF Live Media Ingest 1.2 lets encoders push, and what those push that know no better.
constexpr std::string_view kPushedTypes[] = {"",
                                             "video/mp4",
                                             "audio/mp4",
                                             "application/mp4",
                                             "application/octet-stream",
                                             "application/dash+xml",
                                             "application/vnd.apple.mpegurl"};

int status_of(const Error& error, int unsupported) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kExists:
    case ErrorCode::kEnded:
      return 409;
    case ErrorCode::kPrecondition:
      return 412;
    case ErrorCode::kTooLarge:
      return 413;
    case ErrorCode::kUnsupported:
      return unsupported;
    default:
      return 400;
  }
}

void set_failure(Reply& reply, const Error& error, int unsupported = 501) {
  if (error.code == ErrorCode::kQuota) return set_error(reply, 507, error.message);
  if (error.code == ErrorCode::kLimit || error.code == ErrorCode::kUnavailable)
    return set_unavailable(reply, error.message);
  set_error(reply, status_of(error, unsupported), error.message);
}

// What the conditions of a write leave to be so when it takes effect; none if they do not hold now (RFC 9110
// 13.1). `object` is what has the name, null if nothing has.
std::optional<store::Precondition> precondition_of(const transport::RequestHead& head,
                                                   const store::Object* object) {
  const Conditions conditions{.if_match = head.field("if-match"),
                              .if_none_match = head.field("if-none-match"),
                              .if_modified_since = {},
                              .if_unmodified_since = head.field("if-unmodified-since"),
                              .if_range = {}};
  store::Precondition precondition;
  precondition.absent = trimmed(conditions.if_none_match) == "*";
  if (!object) return conditions.if_match.empty() ? std::optional(precondition) : std::nullopt;
  const Verdict verdict = judge(conditions, {object->headers.etag, object->headers.last_modified});
  if (verdict != Verdict::kProceed) return std::nullopt;
  if (!conditions.if_match.empty()) precondition.etag = object->headers.etag;
  return precondition;
}

}  // namespace

// A body on its way.
class Uploads::Receiving final : public transport::BodyReader {
 public:
  Receiving(Uploads& uploads, transport::Connection& connection, const transport::RequestHead& head,
            std::string name, std::unique_ptr<BodyTarget> target, access::GrantRef grant, Visit visit)
      : uploads_(uploads),
        connection_(connection),
        minor_version_(head.minor_version),
        keep_alive_(head.keep_alive),
        name_(std::move(name)),
        grant_(std::move(grant)),
        target_(std::move(target)),
        visit_(std::move(visit)) {
    ++uploads_.shared_.uploads;
    connection_.on_gone([this] { uploads_.end(*this); });
  }
  ~Receiving() override { --uploads_.shared_.uploads; }

  void body_bytes(std::string_view bytes) override {
    visit_.note_received(bytes.size());
    uploads_.shared_.charge(name_, Namespaces::Traffic::kWrite, bytes.size());
    if (const Status written = target_->write(bytes); !written) refuse(written.error());
  }

  void body_complete() override {
    uploads_.reply_.reset();
    if (const Status completed = target_->complete(uploads_.reply_); !completed)
      return refuse(completed.error());
    answer();
  }

  void body_refused(int status) override { visit_.refuse(status); }

  bool is_still_admitted() const {
    return uploads_.shared_.gate.still_admits(grant_, access::Right::kWrite, name_);
  }
  void refuse_access() {
    set_error(uploads_.reply_, 403, "the key or token does not count any more");
    answer();
  }

  void refuse(const Error& error) {
    set_failure(uploads_.reply_, error, target_->unsupported());
    answer();
  }

 private:
  // It is over: `this` is gone afterwards.
  void answer() {
    connection_.on_gone({});
    uploads_.send(connection_, minor_version_, keep_alive_, std::move(visit_));
    uploads_.end(*this);
  }

  Uploads& uploads_;
  transport::Connection& connection_;
  const int minor_version_;
  const bool keep_alive_;
  const std::string name_;
  const access::GrantRef grant_;
  const std::unique_ptr<BodyTarget> target_;
  Visit visit_;
};

Uploads::Uploads(Shared& shared, Wire& wire) : shared_(shared), wire_(wire) {}

Uploads::~Uploads() = default;

void Uploads::send(transport::Connection& connection, int minor_version, bool keep_alive, Visit visit) {
  wire_.send(connection, reply_, minor_version, keep_alive, std::move(visit));
  reply_.reset();
}

void Uploads::end(Receiving& receiving) {
  receiving_.erase(&receiving);
}

void Uploads::give_up_all() {
  while (!receiving_.empty())
    receiving_.begin()->second->refuse({ErrorCode::kUnavailable, shared_.no_room_reason()});
}

void Uploads::give_up_refused() {
  std::vector<Receiving*> refused;
  for (const auto& [key, receiving] : receiving_) {
    if (!receiving->is_still_admitted()) refused.push_back(receiving.get());
  }
  for (Receiving* receiving : refused) receiving->refuse_access();
}

bool Uploads::take(transport::Connection& connection, const transport::RequestHead& head,
                   access::GrantRef grant, Visit& visit) {
  const bool uploads = head.method == "PUT" || head.method == "POST";
  if (!uploads && head.method != "DELETE") return false;
  reply_.reset();
  std::string name;
  std::unique_ptr<BodyTarget> target;
  if (Result<std::string> parsed = parse_name(head.path); !parsed) {
    set_error(reply_, 400, parsed.error().message);
  } else if (const auto of_namespace = namespace_of_document(*parsed)) {
    name = std::move(*parsed);
    target = take_namespace(head, *namespace_of_document(name));
  } else if (const auto pushed = pushed_name(*parsed)) {
    name = *pushed;
    if (may_write_now(name)) target = take_push(head, name);
  } else {
    name = std::move(*parsed);
    if (may_write_now(name)) target = take_object(head, name);
  }
  if (target) {
    receive(connection, head, std::move(name), std::move(target), std::move(grant), std::move(visit));
  } else {
    send(connection, head.minor_version, head.keep_alive && !head.has_body, std::move(visit));
  }
  return true;
}

std::unique_ptr<BodyTarget> Uploads::take_object(const transport::RequestHead& head,
                                                 const std::string& name) {
  store::Precondition precondition;
  if (!admit(head, name, precondition)) return nullptr;
  if (head.method != "DELETE") return begin_object(head, name, std::move(precondition));
  if (const Status removed = shared_.store.remove_uploaded(name, precondition); !removed) {
    set_failure(reply_, removed.error());
  } else {
    reply_.set_text({});
  }
  return nullptr;
}

bool Uploads::admit(const transport::RequestHead& head, const std::string& name,
                    store::Precondition& precondition) {
  const auto refuse = [&](int status, std::string_view why) {
    set_error(reply_, status, why);
    return false;
  };
  if (is_reserved(name)) {
    refuse(405, "/" + name + " is the server's own");
    reply_.add("Allow", "GET, HEAD, OPTIONS");
    return false;
  }
  const size_t slash = name.find('/');
  if (slash == std::string::npos || slash + 1 == name.size())
    return refuse(400, "an object has a path of the form /<namespace>/<key>, and /" + name + " is none");
  // RFC 9110 14.5: whoever cannot store a part says so.
  if (head.field("content-range").data()) return refuse(400, "an object is stored whole: no Content-Range");

  const store::Store::Found found = shared_.store.find(name);
  const auto* object = std::get_if<store::ObjectRef>(&found);
  const std::optional<store::Precondition> holds = precondition_of(head, object ? object->get() : nullptr);
  if (!holds) return refuse(412, "the condition does not hold of what is at /" + name);
  precondition = *holds;
  if (head.method == "DELETE") return true;
  if (const Status possible = shared_.store.may_upload(name, precondition, head.content_length); !possible) {
    set_failure(reply_, possible.error());
    return false;
  }
  return true;
}

std::unique_ptr<BodyTarget> Uploads::begin_object(const transport::RequestHead& head, const std::string& name,
                                                  store::Precondition precondition) {
  const Limits& limits = shared_.limits;
  const NamespaceTerms of_namespace = shared_.namespaces.terms(first_component(name));
  Result<ObjectTerms> terms = object_terms(head, name, ttl_bounds(limits, of_namespace));
  if (!terms) {
    set_failure(reply_, terms.error());
    return nullptr;
  }
  if (head.content_length > limits.max_object_bytes) {
    set_failure(reply_, too_large(limits.max_object_bytes));
    return nullptr;
  }
  if (!has_room()) return nullptr;
  store::Upload::Options options;
  options.name = name;
  options.headers = std::move(terms->headers);
  if (!head.chunked) options.expected_size = head.content_length;
  options.ttl = terms->ttl;
  options.precondition = std::move(precondition);
  return object_target(shared_.store, std::move(options), limits.max_object_bytes);
}

// Whether its namespace may be written to once more.
bool Uploads::may_write_now(const std::string& name) {
  if (shared_.namespaces.all_is_free() || is_reserved(name)) return true;
  const std::string_view component = first_component(name);
  const Duration wait =
      shared_.namespaces.admit(component, Namespaces::Traffic::kWrite, shared_.store.clock().monotonic());
  if (wait == Duration::zero()) return true;
  set_limited(reply_, "namespace '" + std::string(component) + "' is written to more than its limits allow",
              wait);
  return false;
}

std::unique_ptr<BodyTarget> Uploads::take_namespace(const transport::RequestHead& head,
                                                    std::string_view name) {
  const std::string owned(name);
  if (name.empty() || is_reserved(owned + "/") || owned.find('/') != std::string::npos) {
    set_error(reply_, 405, "limits are set for one namespace, at /api/namespaces/<namespace>");
    reply_.add("Allow", "GET, HEAD, OPTIONS");
  } else if (head.method != "DELETE") {
    return namespace_target(shared_, owned);
  } else if (shared_.namespaces.reset(name)) {
    reply_.set_text({});
  } else {
    set_error(reply_, 404, "nothing was set for namespace '" + owned + "' over HTTP");
  }
  return nullptr;
}

std::unique_ptr<BodyTarget> Uploads::take_push(const transport::RequestHead& head, const std::string& name) {
  const std::shared_ptr<store::Sink> sink = shared_.store.sink();
  if (!sink) {
    set_error(reply_, 404, "no media is pushed to this server");
  } else if (head.method == "DELETE") {
    if (const Status ended = sink->end(name); !ended) {
      set_failure(reply_, ended.error());
    } else {
      reply_.set_text({});
    }
  } else if (is_pushed_type(head.field("content-type")) && has_room()) {
    Result<std::unique_ptr<store::Push>> push = sink->push(name, head.query);
    if (push) return push_target(std::move(*push));
    set_failure(reply_, push.error());
  }
  return nullptr;
}

bool Uploads::is_pushed_type(std::string_view field) {
  const std::string_view type = take_until(field, ';');
  if (std::ranges::find(kPushedTypes, type) != std::end(kPushedTypes)) return true;
  set_error(reply_, 415,
            "CMAF is pushed here, as video/mp4, audio/mp4 or application/mp4, not " + std::string(type));
  return false;
}

bool Uploads::has_room() {
  if (!shared_.stopping && shared_.uploads < shared_.limits.max_uploads) return true;
  set_unavailable(reply_,
                  shared_.stopping ? "the server is shutting down" : "too many uploads are on their way");
  return false;
}

void Uploads::receive(transport::Connection& connection, const transport::RequestHead& head, std::string name,
                      std::unique_ptr<BodyTarget> target, access::GrantRef grant, Visit visit) {
  auto receiving = std::make_unique<Receiving>(*this, connection, head, std::move(name), std::move(target),
                                               std::move(grant), std::move(visit));
  Receiving& added = *receiving;
  receiving_.emplace(&added, std::move(receiving));
  if (!head.has_body) return added.body_complete();
  connection.receive_body(added, head.expects_continue);
}

}  // namespace origin::http
