// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/access_control.hpp"

#include "origin/access/credential.hpp"
#include "origin/http/name.hpp"
#include "origin/http/namespace_documents.hpp"
#include "origin/http/write_access.hpp"

namespace origin::http {

namespace {

using access::Gate;
using access::Right;

std::optional<Right> right_for(std::string_view method) {
  if (method == "GET" || method == "HEAD") return Right::kRead;
  if (method == "PUT" || method == "POST" || method == "DELETE") return Right::kWrite;
  return std::nullopt;
}

// The page that asks for a key, clocks, and what tells a load balancer that the server lives.
bool is_always_open(std::string_view name) {
  return name.empty() || name == "time" || name == "healthz" || name.starts_with("_web/");
}

// What tells of clients, or of all there is.
bool is_for_admins(std::string_view name) {
  return name == "api/connections" || name == "api/objects" || namespace_of_document(name);
}

// Whether it may be one of those.
bool is_open_at_once(std::string_view path) {
  return !path.starts_with("/api/") && path.find('%') == std::string_view::npos;
}

std::string credential_of(const transport::RequestHead& head, std::string_view in_path) {
  if (const std::string_view value = head.field("authorization"); value.data())
    return access::credential_in_authorization(value);
  return in_path.empty() ? access::credential_in_query(head.query) : std::string(in_path);
}

void set_refusal(Reply& reply, const Gate::Decision& decision) {
  switch (decision.verdict) {
    case Gate::Verdict::kAdmitted:
      break;
    case Gate::Verdict::kNeedsCredential:
      set_error(reply, 401, decision.reason);
      // RFC 9110 11.6.1: browsers and encoders ask for a password, and take the key for it.
      reply.add("WWW-Authenticate", "Bearer realm=\"origin\"");
      reply.add("WWW-Authenticate", "Basic realm=\"origin\", charset=\"UTF-8\"");
      break;
    case Gate::Verdict::kRefused:
      set_error(reply, 403, decision.reason);
      break;
    case Gate::Verdict::kTooManyFailures:
      set_limited(reply, decision.reason, decision.retry_after);
  }
}

}  // namespace

bool AccessControl::needs_nothing(Right right, std::string_view name) const {
  return right == Right::kRead && (is_always_open(name) || shared_.gate.policy()->is_open(name));
}

bool AccessControl::admit(const transport::Connection& connection, transport::RequestHead& head, Reply& reply,
                          access::GrantRef& grant) const {
  std::string_view in_path;
  if (const auto token = access::take_token_path(head.path)) {
    in_path = token->token;
    head.path = token->path;
  }
  std::optional<Right> right = right_for(head.method);
  if (!right) return true;
  if (*right == Right::kRead && shared_.gate.all_is_open() && is_open_at_once(head.path)) return true;
  reply.reset();
  reply.has_body = head.method != "HEAD";
  if (*right == Right::kWrite && !shared_.managed_ports.has(connection.local_port())) {
    set_error(reply, 405, "nothing is written at this port, which is for playing");
    reply.add("Allow", "GET, HEAD, OPTIONS");
    return false;
  }
  // One that is bad is refused for that, whoever asks.
  const Result<std::string> parsed = parse_name(head.path);
  if (!parsed) return true;
  // Who pushes a presentation writes it.
  const std::string_view name = pushed_name(*parsed).value_or(*parsed);
  if (is_for_admins(name)) {
    if (*right == Right::kRead && !shared_.managed_ports.has(connection.local_port()))
      return true;  // it is not there
    right = Right::kAdmin;
  }
  if (needs_nothing(*right, name)) return true;
  if (*right != Right::kRead && !shared_.gate.policy()->has_keys()) {
    const Status may = *right == Right::kAdmin ? may_administer_without_key(head, connection.remote_address())
                                               : may_write_without_key(head, connection.remote_address());
    if (!may) set_error(reply, 403, may.error().message);
    return may.ok();
  }
  Gate::Decision decision =
      shared_.gate.judge(*right, name, credential_of(head, in_path), connection.remote_address());
  grant = std::move(decision.grant);
  set_refusal(reply, decision);
  reply.has_body = head.method != "HEAD";
  return decision.verdict == Gate::Verdict::kAdmitted;
}

}  // namespace origin::http
