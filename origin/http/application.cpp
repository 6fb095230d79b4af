// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/application.hpp"

#include "origin/http/name.hpp"

namespace origin::http {

namespace {

class SoupFields final : public Fields {
 public:
  explicit SoupFields(SoupServerMessage* message)
      : headers_(soup_server_message_get_request_headers(message)) {}

  std::string_view get(const char* name) const override {
    const char* value = soup_message_headers_get_list(headers_, name);
    return value ? value : "";
  }

 private:
  SoupMessageHeaders* const headers_;
};

}  // namespace

// A paused message. Its destruction lets the message go on, unless it has ended already.
class Application::HeldMessage final : public HoldList::Waiter {
 public:
  HeldMessage(Application& application, HoldList::Id id, SoupServerMessage* message)
      : application_(application), id_(id), message_(Ref<SoupServerMessage>::share(message)) {
    soup_server_message_pause(message);
    for (const char* end : {"finished", "disconnected"}) {
      g_signal_connect_swapped(message, end, G_CALLBACK(&HeldMessage::message_ended), this);
    }
    // The transport ends the message of a client that is gone.
    connection_ = transport::Connection::of(message);
    if (connection_) connection_->on_gone([this] { message_ended(this); });
  }

  ~HeldMessage() override {
    g_signal_handlers_disconnect_by_data(message_.get(), this);
    if (ended_) return;
    if (connection_) connection_->on_gone({});
    soup_server_message_unpause(message_.get());
  }

  std::optional<Hold> look_again() override {
    Outcome outcome = application_.route(message_.get());
    if (auto* hold = std::get_if<Hold>(&outcome)) return std::move(*hold);
    application_.send(message_.get(), std::get<Reply>(std::move(outcome)));
    return std::nullopt;
  }

  void give_up(const Reply& reply) override { application_.send(message_.get(), reply); }

 private:
  // Nobody waits for the answer any more. `self` is gone afterwards.
  static void message_ended(HeldMessage* self) {
    self->ended_ = true;
    self->application_.holds_.drop(self->id_);
  }

  Application& application_;
  const HoldList::Id id_;
  const Ref<SoupServerMessage> message_;
  transport::Connection* connection_ = nullptr;
  bool ended_ = false;
};

Application::Application(transport::Worker& worker, SoupServer* soup, Shared& shared)
    : shared_(shared), soup_(soup), router_(shared), holds_(worker.context(), shared) {
  soup_server_add_handler(
      soup, nullptr,
      [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer self) {
        static_cast<Application*>(self)->handle(message);
      },
      this, nullptr);
}

Application::~Application() {
  soup_server_remove_handler(soup_, "/");
}

bool Application::first_look(transport::Connection& connection, const transport::RequestHead& head) {
  shared_.requests.fetch_add(1, std::memory_order_relaxed);
  std::optional<Reply> reply = Router::route_by_head(head);
  if (!reply) return false;
  const UtcTime now = shared_.store.clock().utc();
  complete_reply(*reply, now, request_ids_.next(now));
  // A body that nobody reads is in the way of the next request.
  const bool keep_alive = head.keep_alive && !head.has_body;
  connection.respond(wire_form(*reply, head.minor_version, keep_alive), keep_alive);
  return true;
}

Body Application::refusal(const transport::HeadError& error, std::string_view method) {
  Reply reply = Router::refuse(error.status, error.reason, method);
  const UtcTime now = shared_.store.clock().utc();
  complete_reply(reply, now, request_ids_.next(now));
  return wire_form(reply, 1, false);
}

void Application::handle(SoupServerMessage* message) {
  Outcome outcome = route(message);
  if (auto* reply = std::get_if<Reply>(&outcome)) {
    send(message, std::move(*reply));
  } else if (!holds_.has_room()) {
    send(message, unavailable_reply(shared_.stopping ? "the server is shutting down"
                                                     : "too many requests wait already"));
  } else {
    const HoldList::Id id = holds_.reserve_id();
    holds_.add(id, std::get<Hold>(std::move(outcome)), std::make_unique<HeldMessage>(*this, id, message));
  }
}

Outcome Application::route(SoupServerMessage* message) {
  GUri* uri = soup_server_message_get_uri(message);
  // An HTTP/1.0 request without Host leaves its query in the path.
  const std::string_view path = g_uri_get_path(uri);
  auto name = parse_name(path.substr(0, path.find('?')));
  if (!name) return error_reply(400, name.error().message);
  const char* query = g_uri_get_query(uri);
  const transport::Connection* connection = transport::Connection::of(message);
  const SoupFields fields(message);
  const bool head = std::string_view(soup_server_message_get_method(message)) == "HEAD";
  return router_.route({.method = head ? Method::kHead : Method::kGet,
                        .name = std::move(*name),
                        .query = query ? query : "",
                        .remote_address = connection ? connection->remote_address() : "",
                        .fields = fields});
}

void Application::send(SoupServerMessage* message, Reply reply) {
  const UtcTime now = shared_.store.clock().utc();
  complete_reply(reply, now, request_ids_.next(now));
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_remove(headers, "Date");  // libsoup's
  for (const auto& [name, value] : reply.headers)
    soup_message_headers_append(headers, name.c_str(), value.c_str());
  if (reply.content_length) {
    soup_message_headers_set_content_length(headers, static_cast<goffset>(*reply.content_length));
  } else {
    soup_message_headers_set_encoding(headers, SOUP_ENCODING_NONE);
  }
  if (reply.close) soup_message_headers_replace(headers, "Connection", "close");

  SoupMessageBody* body = soup_server_message_get_response_body(message);
  // Lets go of each piece as it is sent, and keeps libsoup from answering Range itself with a copy.
  soup_message_body_set_accumulate(body, FALSE);
  for (const Bytes& bytes : reply.body) {
    if (!bytes.empty()) soup_message_body_append_bytes(body, bytes.get());
  }
  soup_server_message_set_status(message, static_cast<guint>(reply.status), nullptr);
}

}  // namespace origin::http
