// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/uploads.hpp"

#include <optional>

#include "origin/base/text.hpp"
#include "origin/http/conditions.hpp"
#include "origin/http/name.hpp"
#include "origin/http/object_headers.hpp"
#include "origin/store/upload.hpp"

namespace origin::http {

namespace {

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kExists:
      return 409;
    case ErrorCode::kPrecondition:
      return 412;
    case ErrorCode::kUnsupported:
      return 501;
    default:
      return 400;
  }
}

void set_failure(Reply& reply, const Error& error) {
  if (error.code == ErrorCode::kLimit || error.code == ErrorCode::kUnavailable)
    return set_unavailable(reply, error.message);
  set_error(reply, status_of(error), error.message);
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

std::string too_large(uint64_t limit) {
  return "an object has at most " + std::to_string(limit) + " bytes here";
}

}  // namespace

// An upload on its way.
class Uploads::Receiving final : public transport::BodyReader {
 public:
  Receiving(Uploads& uploads, transport::Connection& connection, const transport::RequestHead& head,
            store::Upload::Options options, access::GrantRef grant)
      : uploads_(uploads),
        connection_(connection),
        minor_version_(head.minor_version),
        keep_alive_(head.keep_alive),
        name_(options.name),
        grant_(std::move(grant)),
        upload_(uploads.shared_.store, std::move(options)) {
    ++uploads_.shared_.uploads;
    connection_.on_gone([this] { uploads_.end(*this); });
  }
  ~Receiving() override { --uploads_.shared_.uploads; }

  void body_bytes(std::string_view bytes) override {
    const uint64_t limit = uploads_.shared_.limits.max_object_bytes;
    if (upload_.size() + bytes.size() > limit) {
      set_error(uploads_.reply_, 413, too_large(limit));
      return answer();
    }
    if (const Status written = upload_.write(bytes); !written) return refuse(written.error());
    upload_.show();
  }

  void body_complete() override {
    const Result<store::Upload::Completed> completed = upload_.complete();
    if (!completed) return refuse(completed.error());
    Reply& reply = uploads_.reply_;
    reply.reset();
    reply.status = completed->created ? 201 : 200;
    reply.add("ETag", completed->etag);
    reply.set_text({});
    answer();
  }

  bool is_still_admitted() const {
    return uploads_.shared_.gate.still_admits(grant_, access::Right::kWrite, name_);
  }
  void refuse_access() {
    set_error(uploads_.reply_, 403, "the key or token does not count any more");
    answer();
  }

  void refuse(const Error& error) {
    set_failure(uploads_.reply_, error);
    answer();
  }

 private:
  // It is over: `this` is gone afterwards.
  void answer() {
    connection_.on_gone({});
    uploads_.send(connection_, minor_version_, keep_alive_);
    uploads_.end(*this);
  }

  Uploads& uploads_;
  transport::Connection& connection_;
  const int minor_version_;
  const bool keep_alive_;
  const std::string name_;
  const access::GrantRef grant_;
  store::Upload upload_;
};

Uploads::Uploads(Shared& shared, Wire& wire) : shared_(shared), wire_(wire) {}

Uploads::~Uploads() = default;

void Uploads::send(transport::Connection& connection, int minor_version, bool keep_alive) {
  wire_.send(connection, reply_, minor_version, keep_alive);
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
                   access::GrantRef grant) {
  const bool uploads = head.method == "PUT" || head.method == "POST";
  if (!uploads && head.method != "DELETE") return false;
  reply_.reset();
  std::string name;
  store::Precondition precondition;
  if (admit(head, name, precondition)) {
    if (uploads) {
      begin(connection, head, std::move(name), std::move(precondition), std::move(grant));
      return true;
    }
    remove(name, precondition);
  }
  send(connection, head.minor_version, head.keep_alive && !head.has_body);
  return true;
}

bool Uploads::admit(const transport::RequestHead& head, std::string& name,
                    store::Precondition& precondition) {
  const auto refuse = [&](int status, std::string_view why) {
    set_error(reply_, status, why);
    return false;
  };
  Result<std::string> parsed = parse_name(head.path);
  if (!parsed) return refuse(400, parsed.error().message);
  name = *std::move(parsed);
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
  if (const Status possible = shared_.store.may_upload(name, precondition); !possible) {
    set_failure(reply_, possible.error());
    return false;
  }
  return true;
}

void Uploads::begin(transport::Connection& connection, const transport::RequestHead& head, std::string name,
                    store::Precondition precondition, access::GrantRef grant) {
  const Limits& limits = shared_.limits;
  Result<ObjectTerms> terms = object_terms(head, name, limits);
  if (!terms) {
    set_failure(reply_, terms.error());
  } else if (head.content_length > limits.max_object_bytes) {
    set_error(reply_, 413, too_large(limits.max_object_bytes));
  } else if (shared_.stopping || shared_.uploads >= limits.max_uploads) {
    set_unavailable(reply_,
                    shared_.stopping ? "the server is shutting down" : "too many uploads are on their way");
  } else {
    store::Upload::Options options;
    options.name = std::move(name);
    options.headers = std::move(terms->headers);
    if (!head.chunked) options.expected_size = head.content_length;
    options.ttl = terms->ttl;
    options.precondition = std::move(precondition);
    auto receiving =
        std::make_unique<Receiving>(*this, connection, head, std::move(options), std::move(grant));
    Receiving& added = *receiving;
    receiving_.emplace(&added, std::move(receiving));
    if (!head.has_body) return added.body_complete();
    return connection.receive_body(added, head.expects_continue);
  }
  send(connection, head.minor_version, head.keep_alive && !head.has_body);
}

void Uploads::remove(const std::string& name, const store::Precondition& precondition) {
  const Status removed = shared_.store.remove_uploaded(name, precondition);
  if (!removed) return set_failure(reply_, removed.error());
  reply_.set_text({});
}

}  // namespace origin::http
